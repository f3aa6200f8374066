"""The load of a session: its form and its history, and the lists and files that show it."""

import re
from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.utils import translation

from workouts.admin.load_texts import write_load_for_coach
from workouts.models import LoadChange, Team, WorkoutSession
from workouts.services.entered_loads import enter_session_load
from workouts.tests.support.admin import ATHLETES, SESSIONS, AdminCase
from workouts.tests.support.cast import new_athlete, save_session
from workouts.tests.support.exports import ExportCase, read_xlsx

SAVED = "The load is saved."
LIGHT, HEAVY = Decimal(20), Decimal("62.50")


class TextTests(AdminCase):
    def test_a_load_has_no_more_digits_than_it_needs(self) -> None:
        for kg, text in (("62.50", "62.5"), ("60.00", "60"), ("1000.00", "1000"), ("0.01", "0.01")):
            assert write_load_for_coach(Decimal(kg)) == text
        assert write_load_for_coach(None) == ""

    def test_it_has_the_languages_decimal_mark(self) -> None:
        for language in ("ru", "kk"):
            with translation.override(language):
                assert write_load_for_coach(HEAVY) == "62,5"


class LoadCase(AdminCase):
    def setUp(self) -> None:
        super().setUp()
        self.row = save_session(new_athlete())
        self.path = f"{SESSIONS}{self.row.pk}/load/"

    def enter(self, load: str, *, seen: str | None = None) -> Any:
        """Type a load into the form of the session's page, as it is now or as it was seen."""
        if seen is None:
            page = self.page(f"{SESSIONS}{self.row.pk}/change/")
            found = re.search(
                r'<input type="hidden" name="seen"(?: value="([^"]*)")? id="load_', page
            )
            assert found
            seen = found[1] or ""
        return self.client.post(self.path, {"load": load, "seen": seen}, follow=True)

    def load(self) -> Decimal | None:
        return WorkoutSession.objects.get(pk=self.row.pk).load_kg  # type: ignore[no-any-return]

    def be_coach(self, *, without: str = "") -> None:
        """Log in as a coach of the athlete's team."""
        aigul = get_user_model().objects.create_user("aigul", is_staff=True)
        coaches = Group.objects.get(name="coaches")
        aigul.user_permissions.set(coaches.permissions.exclude(codename=without))
        team = Team.objects.create(name="Team one")
        team.coaches.add(aigul)
        team.athletes.add(self.row.athlete)
        self.client.force_login(aigul)


class FormTests(LoadCase):
    def test_a_coach_enters_corrects_and_removes_a_load(self) -> None:
        self.be_coach()
        for typed, load_kg in (
            ("60", 60),
            ("62.5", HEAVY),
            ("62,75", Decimal("62.75")),
            ("", None),
        ):
            response = self.enter(typed)
            assert response.redirect_chain[-1][0] == f"{SESSIONS}{self.row.pk}/change/"
            assert SAVED in response.content.decode()
            assert self.load() == load_kg
        assert LoadChange.objects.count() == 4

    def test_it_works_in_a_language_with_a_decimal_comma(self) -> None:
        self.client.cookies.load({"django_language": "ru"})
        for typed, load_kg in (("62,5", HEAVY), ("70.25", Decimal("70.25")), ("", None)):
            self.enter(typed)
            assert self.load() == load_kg

    def test_what_is_no_load_is_shown_with_the_reason_and_not_saved(self) -> None:
        for typed in ("0", "-5", "1000.01", "62.505", "1,000", "heavy", "NaN", "62,5,5"):
            with self.subTest(typed=typed):
                response = self.enter(typed)
                assert list(response.context["form"].errors) == ["load"]
                assert f'value="{typed}"' in response.content.decode()
        assert (self.load(), LoadChange.objects.count()) == (None, 0)

    def test_the_reason_says_what_a_load_may_be_with_the_languages_decimal_mark(self) -> None:
        self.client.cookies.load({"django_language": "ru"})
        for typed in ("0", "-5", "1000,01", "62,505", "10000,5", "heavy", "NaN"):
            with self.subTest(typed=typed):
                (error,) = self.enter(typed).context["form"].errors["load"]
                assert error.startswith("Введите вес в килограммах: больше 0, не больше 1000")

    def test_a_wrong_load_can_be_corrected_on_the_page_that_says_so(self) -> None:
        page = self.enter("6000").content.decode()
        assert f'action="{self.path}"' in page
        assert 'aria-invalid="true"' in page
        assert self.enter("60").redirect_chain
        assert self.load() == 60

    def test_a_change_in_between_is_said_and_not_overwritten(self) -> None:
        enter_session_load(self.row.pk, seen_kg=None, to_kg=HEAVY, coach=self.coach)
        page = self.enter("20", seen="").content.decode()
        assert "someone else has changed the load meanwhile" in page
        assert "62.5 kg, coach, " in page
        assert (self.load(), LoadChange.objects.count()) == (HEAVY, 1)

    def test_the_same_load_again_is_no_change(self) -> None:
        self.enter("60")
        assert SAVED not in self.enter("60,00").content.decode()
        assert LoadChange.objects.count() == 1

    def test_it_is_refused_without_the_token_of_the_form(self) -> None:
        client = self.client_class(enforce_csrf_checks=True)
        client.force_login(self.coach)
        assert client.post(self.path, {"load": "60", "seen": ""}).status_code == 403
        assert self.load() is None

    def test_nonsense_in_the_form_saves_nothing(self) -> None:
        for seen in ("heavy", "1e999999", "-1e999999", "1e-999999"):
            assert self.enter("60", seen=seen).status_code == 200
            assert self.load() is None
        assert self.client.post(f"{SESSIONS}9{self.row.pk}000/load/").status_code == 404
        assert self.client.post(f"{SESSIONS}x/load/").status_code == 404
        assert self.load() is None


class AccessTests(LoadCase):
    def test_a_coach_of_another_team_cannot_enter_a_load(self) -> None:
        self.be_coach()
        Team.objects.get().athletes.clear()
        assert self.client.post(self.path, {"load": "60", "seen": ""}).status_code == 404
        assert self.load() is None

    def test_without_the_permission_the_load_is_shown_and_cannot_be_changed(self) -> None:
        enter_session_load(self.row.pk, seen_kg=None, to_kg=HEAVY, coach=self.coach)
        self.be_coach(without="enter_load")
        page = self.page(f"{SESSIONS}{self.row.pk}/change/")
        assert "62.5 kg, coach, " in page
        assert self.path not in page
        assert self.client.post(self.path, {"load": "60", "seen": "62.50"}).status_code == 403
        assert self.load() == HEAVY


class HistoryTests(LoadCase):
    def history(self) -> list[str]:
        response = self.client.get(f"{SESSIONS}{self.row.pk}/change/")
        return list(response.context["load"]["history"])

    def test_a_session_without_a_load_has_none(self) -> None:
        assert self.history() == []

    def test_a_load_that_no_coach_touched_was_sent_with_the_finish(self) -> None:
        WorkoutSession.objects.filter(pk=self.row.pk).update(load_kg=HEAVY)
        assert self.history() == ["62.5 kg, sent with the finish"]

    def test_it_says_who_changed_it_when_and_from_what(self) -> None:
        WorkoutSession.objects.filter(pk=self.row.pk).update(load_kg=HEAVY)
        self.enter("70")
        self.enter("")
        removed, raised, sent = self.history()
        assert re.fullmatch(r"no load, coach, .*\d{4},\s.*; before: 70 kg", removed)
        assert re.fullmatch(r"70 kg, coach, .*\d{4},\s.*; before: 62\.5 kg", raised)
        assert sent == "62.5 kg, sent with the finish"

    def test_a_load_entered_by_a_coach_was_not_sent(self) -> None:
        self.enter("70")
        (entered,) = self.history()
        assert entered.endswith("; before: no load")

    def test_the_page_shows_the_history_and_the_load(self) -> None:
        self.enter("70")
        page = self.page(f"{SESSIONS}{self.row.pk}/change/")
        assert "<dt>Load, kg</dt><dd>70</dd>" in page
        assert f"<li>{self.history()[0]}</li>" in page


class ListTests(AdminCase):
    def test_the_list_has_a_column_with_a_dash_where_there_is_none(self) -> None:
        save_session(new_athlete(), load_kg=HEAVY)
        save_session(new_athlete())
        page = self.page(SESSIONS)
        assert 'class="field-load">62.5</td>' in page
        assert 'class="field-load">-</td>' in page

    def test_the_athletes_page_has_it_with_the_latest_sessions(self) -> None:
        row = save_session(new_athlete(), load_kg=HEAVY)
        page = self.page(f"{ATHLETES}{row.athlete.pk}/change/")
        assert '<td data-label="Load, kg">62.5</td>' in page


class ExportTests(ExportCase):
    def test_both_files_have_it_as_a_number(self) -> None:
        save_session(new_athlete(), load_kg=HEAVY)
        save_session(new_athlete(), days_ago=1)
        titles, first, second = self.read_csv(format="csv")
        column = titles.index("load, kg")
        assert (first[column], second[column]) == ("62.5", "")
        titles, first, second = read_xlsx(self.download(format="xlsx"))[0]
        assert first[column] == 62.5
        assert len(second) <= column or second[column] is None
