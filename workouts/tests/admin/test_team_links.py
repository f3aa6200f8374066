"""A team's link, and the athletes who wait for a coach's yes."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from workouts.models import Athlete, Invitation, JoinedDevice, WaitingAthlete
from workouts.services.invitations import invite_team
from workouts.services.personal_data.forgetting import forget_athlete
from workouts.tests.support.admin import ADMIN
from workouts.tests.support.coach_cast import TEAMS, CoachCase
from workouts.tests.support.joins import join


class TeamLinkTests(CoachCase):
    def setUp(self) -> None:
        super().setUp()
        self.path = f"{self.team_page}invite/"
        self.today = timezone.localdate()

    def invite(self, **form: Any) -> Any:
        given = {"max_uses": 30, "last_day": (self.today + timedelta(days=3)).isoformat()}
        return self.client.post(self.path, {**given, **form})

    def test_it_suggests_fifty_athletes_and_fourteen_days(self) -> None:
        form = self.client.get(self.path).context["form"]
        assert form["max_uses"].value() == 50
        assert form["last_day"].value() == self.today + timedelta(days=14)

    def test_a_link_is_valid_through_the_coachs_last_day(self) -> None:
        self.client.cookies["time_zone"] = "Asia/Almaty"
        zone = ZoneInfo("Asia/Almaty")
        day = datetime.now(zone).date() + timedelta(days=3)
        page = self.invite(last_day=day.isoformat()).content.decode()
        assert f"Lets 30 athletes in, until {day:%m/%d/%Y},\xa023:59" in page
        made = Invitation.objects.get()
        expected = datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=zone)
        assert (made.team, made.max_uses, made.expires_at) == (self.team, 30, expected)
        assert self.history(self.team) == ["Added invitation “Juniors”."]

    def test_it_refuses_senseless_limits(self) -> None:
        for form in (
            {"max_uses": 0},
            {"max_uses": 1001},
            {"last_day": (self.today - timedelta(days=1)).isoformat()},
            {"last_day": (self.today + timedelta(days=400)).isoformat()},
            {"last_day": "soon"},
        ):
            assert list(self.invite(**form).context["form"].errors) == [*form]
        assert not Invitation.objects.exists()

    def test_the_teams_page_lists_open_links_with_their_uses(self) -> None:
        made = invite_team(team=self.team, by=self.coach, max_uses=5)
        join(made.code, name="Bolat")
        page = self.page(f"{self.team_page}change/")
        assert "1 of 5 joined" in page
        assert f"invitations/{made.invitation.pk}/withdraw/" in page
        Invitation.objects.update(withdrawn_at=timezone.now())
        assert "No link is open." in self.page(f"{self.team_page}change/")

    def test_another_teams_coach_cannot_invite_to_it(self) -> None:
        form = {"max_uses": 5, "last_day": self.today.isoformat()}
        assert self.status(self.other, self.path, **form) == 404
        assert not Invitation.objects.exists()


class WaitingTests(CoachCase):
    def setUp(self) -> None:
        super().setUp()
        self.link = invite_team(team=self.team, by=self.coach).code
        self.joined = join(self.link, name="Bolat")
        self.user_id = self.joined.athlete.user_id
        self.waiting = WaitingAthlete.objects.get()
        self.path = f"{TEAMS}waiting/{self.waiting.pk}/"

    def answer(self, answer: str, **form: Any) -> Any:
        given = {"answer": answer, "team": self.team.pk, **form}
        return self.client.post(self.path, given, follow=True)

    def is_cut_off(self) -> bool:
        return JoinedDevice.objects.get(pk=self.joined.device.pk).revoked_at is not None

    def test_the_team_page_and_the_home_page_say_who_waits(self) -> None:
        page = self.page(f"{self.team_page}change/")
        assert "Bolat" in page
        assert self.path in page
        assert "1 athlete waits to join Juniors" in self.page(ADMIN)
        join(invite_team(team=self.team, by=None).code, name="Chingiz")
        assert "2 athletes wait to join Juniors" in self.page(ADMIN)

    def test_coaches_of_other_teams_are_not_told(self) -> None:
        self.client.force_login(self.other)
        assert "to join" not in self.page(ADMIN)

    def test_yes_lets_them_in(self) -> None:
        assert "Bolat is in the team." in self.answer("yes").content.decode()
        assert self.joined.athlete in self.team.athletes.all()
        assert not self.is_cut_off()
        assert self.history(self.team) == [f"Added athlete “{self.user_id}”."]
        assert "to join" not in self.page(ADMIN)

    def test_no_turns_them_away_and_cuts_off_their_device(self) -> None:
        self.answer("no")
        assert self.joined.athlete not in self.team.athletes.all()
        assert self.is_cut_off()
        said = f"Changed answer (no) for waiting athlete “{self.user_id}”."
        assert self.history(self.team) == [said]

    def test_forgetting_erases_from_the_teams_history_who_was_renamed_meanwhile(self) -> None:
        for answer in ("yes", "no"):
            name, joined = f"Bolat {answer}", join(self.link, name=f"Bolat {answer}")
            self.waiting = WaitingAthlete.objects.get(athlete=joined.athlete)
            self.path = f"{TEAMS}waiting/{self.waiting.pk}/"
            self.answer(answer)
            Athlete.objects.filter(pk=joined.athlete.pk).update(display_name="Berik")
            forget_athlete(joined.athlete.user_id, keep_totals=False)
            said = self.history(self.team)[-1]
            assert "forgotten athlete" in said
            assert name not in said

    def test_a_second_answer_changes_nothing_and_is_not_recorded(self) -> None:
        self.answer("yes")
        assert "Somebody has answered already." in self.answer("no").content.decode()
        assert not self.is_cut_off()
        assert len(self.history(self.team)) == 1

    def test_only_coaches_of_the_team_and_head_coaches_answer(self) -> None:
        for team in (self.team, self.other_team):
            self.status(self.other, self.path, answer="yes", team=team.pk)
        assert WaitingAthlete.objects.exists()
        assert self.status(self.other, self.path, answer="no", team=self.team.pk) == 404
        assert self.status(self.head, self.path, answer="yes", team=self.team.pk) == 302
        assert not WaitingAthlete.objects.exists()

    def test_a_malformed_answer_is_refused(self) -> None:
        for form in ({"answer": "perhaps"}, {"team": "x"}, {"team": ""}):
            assert self.answer(**{"answer": "yes", **form}).status_code == 404
        assert self.client.get(self.path).status_code == 405
        assert Athlete.objects.filter(teams=self.team).count() == 1
