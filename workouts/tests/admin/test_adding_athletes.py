"""Adding an athlete, and the page with the link for their phone."""

import re
from typing import Any

from django.test import override_settings
from django.utils import timezone

from workouts.identity.secret_hashes import hash_secret
from workouts.models import Athlete, Invitation
from workouts.services.invitations import draw_invitation_qr, invite_athlete
from workouts.tests.support.admin import ATHLETES
from workouts.tests.support.coach_cast import TEAMS, CoachCase
from workouts.tests.support.joins import join

LINK = re.compile(r'id="invitation-link">([^<]+)<')
ADD = f"{ATHLETES}add/"


class InviteCase(CoachCase):
    def find_link(self, response: Any) -> str:
        assert response.status_code == 200, response.get("Location")
        found = LINK.search(response.content.decode())
        assert found
        return found[1]


class AddTests(InviteCase):
    def add(self, **form: Any) -> Any:
        return self.client.post(ADD, {"display_name": "Айгүл", "team": self.team.pk, **form})

    def test_a_name_is_enough_and_the_link_comes_next(self) -> None:
        link = self.find_link(self.add())
        athlete = Athlete.objects.get(display_name="Айгүл")
        assert [*athlete.teams.all()] == [self.team]
        assert link.startswith("http://testserver/join/#")
        assert join(link.partition("#")[2]).athlete == athlete

    def test_the_page_has_the_links_qr_code_and_names_the_athlete(self) -> None:
        response = self.add()
        page = response.content.decode()
        assert draw_invitation_qr(self.find_link(response)) in page
        assert "Invitation for Айгүл" in page
        assert "Works once, until" in page
        assert page.count("<li>") >= 3
        assert " style=" not in page.partition('<div class="invitation">')[2]

    def test_only_a_hash_of_the_code_is_kept(self) -> None:
        code = self.find_link(self.add()).partition("#")[2]
        invitation = Invitation.objects.get()
        assert invitation.code_hash == hash_secret(code)
        assert code not in self.page(f"{ATHLETES}{invitation.athlete.pk}/change/")

    def test_the_history_says_who_added_and_who_invited(self) -> None:
        self.add()
        athlete = Athlete.objects.get(display_name="Айгүл")
        assert self.history(athlete) == ["Added.", "Added invitation “Айгүл”."]

    def test_the_history_is_in_the_readers_language(self) -> None:
        self.add()
        athlete = Athlete.objects.get(display_name="Айгүл")
        self.client.cookies["django_language"] = "ru"
        assert "Добавлено." in self.page(f"{ATHLETES}{athlete.pk}/history/")

    def test_a_coach_has_to_choose_one_of_their_own_teams(self) -> None:
        for team in ("", self.other_team.pk):
            response = self.add(team=team)
            assert list(response.context["adminform"].errors) == ["team"]
        assert not Athlete.objects.filter(display_name="Айгүл").exists()

    def test_what_is_required_is_marked(self) -> None:
        for user, required in ((self.coach, ["display_name", "team"]), (self.head, [])):
            self.client.force_login(user)
            page = self.page(ADD)
            marked = re.findall(r'<label class="required" for="id_(\w+)">', page)
            assert marked == required
        self.client.force_login(self.coach)
        errors = self.add(display_name=" ").context["adminform"].errors
        assert errors == {"display_name": ["Enter a name."]}

    def test_the_only_team_is_chosen_already(self) -> None:
        assert f'<option value="{self.team.pk}" selected>' in self.page(ADD)

    def test_a_head_coach_needs_no_team(self) -> None:
        self.client.force_login(self.head)
        self.find_link(self.add(team=""))
        assert not Athlete.objects.get(display_name="Айгүл").teams.exists()

    def test_a_name_with_control_characters_is_refused(self) -> None:
        response = self.add(display_name="A\u202eB")
        assert list(response.context["adminform"].errors) == ["display_name"]

    def test_a_coach_who_names_a_user_id_is_not_heard(self) -> None:
        self.add(user_id="chosen")
        assert not Athlete.objects.filter(user_id="chosen").exists()


class LinkTests(InviteCase):
    def setUp(self) -> None:
        super().setUp()
        self.path = f"{self.athlete_page}invite/"

    def test_a_link_begins_with_the_public_url(self) -> None:
        with override_settings(SENIM_PUBLIC_URL="https://senim.example.org"):
            link = self.find_link(self.client.post(self.path))
        assert link.startswith("https://senim.example.org/join/#")

    @override_settings(SENIM_AUTH="token", ALLOWED_HOSTS=["*"])
    def test_without_a_public_url_only_this_machine_gets_a_link_in_token_mode(self) -> None:
        response = self.client.post(self.path, headers={"host": "gym.example.org"}, follow=True)
        assert "SENIM_PUBLIC_URL" in response.content.decode()
        assert not Invitation.objects.exists()
        for host in ("127.0.0.1:8000", "localhost", "[::1]:8000"):
            link = self.find_link(self.client.post(self.path, headers={"host": host}))
            assert link.startswith(f"http://{host}/join/#")

    def test_a_look_at_the_page_makes_no_link(self) -> None:
        assert "Make a link" in self.page(self.path)
        assert not Invitation.objects.exists()

    def test_a_switched_off_athlete_gets_none(self) -> None:
        Athlete.objects.update(switched_off_at=timezone.now())
        response = self.client.post(self.path, follow=True)
        assert "no link would let them in" in response.content.decode()
        assert not Invitation.objects.exists()

    def test_open_links_are_listed_until_they_are_withdrawn(self) -> None:
        code = self.find_link(self.client.post(self.path)).partition("#")[2]
        invitation = Invitation.objects.get()
        path = f"{ATHLETES}invitations/{invitation.pk}/withdraw/"
        assert path in self.page(f"{self.athlete_page}change/")
        assert "will let nobody in" in self.page(path)
        for _ in range(2):  # twice is harmless
            assert self.client.post(path)["Location"] == f"{self.athlete_page}change/"
        invitation.refresh_from_db()
        assert invitation.withdrawn_at is not None
        assert invitation.code_hash == hash_secret(code)
        assert path not in self.page(f"{self.athlete_page}change/")
        assert self.history(self.athlete) == [
            "Added invitation “Ana”.",
            "Changed validity (withdrawn) for invitation “Ana”.",
        ]

    def test_only_the_teams_coaches_and_head_coaches_invite_and_withdraw(self) -> None:
        made = invite_athlete(athlete=self.athlete, by=None).invitation
        withdraw = f"{ATHLETES}invitations/{made.pk}/withdraw/"
        for path in (self.path, withdraw):
            assert self.status(self.other, path) == 404
        assert Invitation.objects.usable().count() == 1
        assert self.status(self.head, self.path) == 200
        assert self.status(self.head, withdraw) == 302

    def test_unknown_and_impossible_athletes_are_not_found(self) -> None:
        for pk in ("0", "9" * 30, "x"):
            assert self.client.post(f"{ATHLETES}{pk}/invite/").status_code == 404
            assert self.client.post(f"{TEAMS}{pk}/invite/").status_code == 404
