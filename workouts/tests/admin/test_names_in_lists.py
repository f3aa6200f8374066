"""Lists lead with names, in the order of the alphabet, and tell athletes of one name apart."""

from typing import Any

from django.urls import reverse
from django.utils.html import strip_tags

from workouts.models import Athlete, Team, WaitingAthlete
from workouts.tests.support.admin import ADMIN, ATHLETES, SESSIONS, AdminCase
from workouts.tests.support.cast import save_session
from workouts.tests.support.coach_cast import TEAMS
from workouts.tests.support.reviews import save_pending
from workouts.wall.audience import find_wall_audience

ALPHABETICALLY = ["ann", "Zoe", "Алия", "әсел", "Әсем", "БОЛАТ"]


class OrderTests(AdminCase):
    def setUp(self) -> None:
        super().setUp()
        for number, name in enumerate(reversed(ALPHABETICALLY)):
            Athlete.objects.create(user_id=f"a{number}", display_name=name)
            Team.objects.create(name=name)

    def names(self, path: str, **query: Any) -> list[str]:
        return [str(row) for row in self.client.get(path, query).context["cl"].result_list]

    def test_athletes_are_listed_by_name(self) -> None:
        assert self.names(ATHLETES) == self.names(ATHLETES, o="1") == ALPHABETICALLY
        assert self.names(ATHLETES, o="-1") == ALPHABETICALLY[::-1]

    def test_teams_are_listed_and_offered_by_name(self) -> None:
        assert self.names(TEAMS) == self.names(TEAMS, o="1") == ALPHABETICALLY
        assert [str(team) for team in self.client.get(f"{ADMIN}live/").context["teams"]] == (
            ALPHABETICALLY
        )

    def test_inactive_athletes_who_never_trained_are_listed_by_name(self) -> None:
        inactive = self.client.get(ADMIN).context["inactive"]
        assert [str(athlete) for athlete, _ in inactive] == ALPHABETICALLY

    def test_the_autocomplete_offers_them_by_name_and_finds_any_case(self) -> None:
        query = {"app_label": "workouts", "model_name": "team", "field_name": "athletes"}
        for term, found in (("", ALPHABETICALLY), ("ӘСЕ", ["әсел", "Әсем"])):
            answer = self.client.get(f"{ADMIN}autocomplete/", {**query, "term": term}).json()
            assert [each["text"] for each in answer["results"]] == found

    def test_the_walls_tiles_are_in_the_order_of_names(self) -> None:
        team = Team.objects.get(name="ann")
        team.athletes.set(Athlete.objects.all())
        names = find_wall_audience(self.client.session.session_key, str(team.pk)).names
        assert [*names.values()] == ALPHABETICALLY

    def test_the_lists_of_sessions_and_teams_find_any_case(self) -> None:
        save_session(Athlete.objects.get(display_name="БОЛАТ").user_id)
        assert len(self.listed(SESSIONS, q="болат")) == 1
        assert self.names(TEAMS, q="БОЛ") == self.names(TEAMS, q="бол") == ["БОЛАТ"]


class NamesakeTests(AdminCase):
    def setUp(self) -> None:
        super().setUp()
        for user_id, name in (("aigul-1", "Айгүл"), ("aigul-2", "айгүл"), ("b", "Болат")):
            Athlete.objects.create(user_id=user_id, display_name=name)
        self.first = Athlete.objects.get(user_id="aigul-1")
        self.row = save_pending("aigul-1")

    def test_the_athletes_list_leads_with_the_name(self) -> None:
        page = self.page(ATHLETES)
        whole = '<span class="is-whole">(aigul-{})</span>'
        assert f'<a href="{ATHLETES}{self.first.pk}/change/">Айгүл {whole.format(1)}</a>' in page
        for text in (f">айгүл {whole.format(2)}<", ">Болат<", 'class="field-user_id">aigul-1</td>'):
            assert text in page

    def test_sessions_and_their_pages_and_the_home_page_tell_them_apart(self) -> None:
        for path in (
            SESSIONS,
            f"{SESSIONS}{self.row.pk}/change/",
            f"{SESSIONS}decision/?to=approved&ids={self.row.pk}",
            f"{ATHLETES}{self.first.pk}/change/",
            ADMIN,
        ):
            assert "Айгүл (aigul-1)" in strip_tags(self.page(path))

    def test_a_waiting_athlete_is_told_apart_from_a_member(self) -> None:
        team = Team.objects.create(name="T")
        WaitingAthlete.objects.create(athlete=self.first, team=team)
        page = self.page(reverse("admin:workouts_team_change", args=[team.pk]))
        assert "<strong>Айгүл (aigul-1)</strong>" in page

    def test_the_wall_tells_them_apart_for_everyone_and_for_a_team(self) -> None:
        key = self.client.session.session_key
        assert find_wall_audience(key, None, ["aigul-1", "b"]).names == {
            "aigul-1": "Айгүл (aigul-1)",
            "b": "Болат",
        }
        team = Team.objects.create(name="T")
        team.athletes.add(self.first)
        Athlete.objects.create(user_id="old", merged_into=self.first)
        names = find_wall_audience(key, str(team.pk)).names
        assert names == {"aigul-1": "Айгүл (aigul-1)", "old": "Айгүл (aigul-1)"}
