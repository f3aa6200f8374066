"""Addresses that no link leads to: they are answered, never with a server error."""

from datetime import UTC, date

from django.contrib.contenttypes.models import ContentType
from django.test import SimpleTestCase
from django.utils import timezone

from workouts.admin.days import begin_of_coach_day
from workouts.tests.support.admin import ADMIN, ATHLETES, SESSIONS, AdminCase
from workouts.tests.support.cast import new_athlete, save_session

TOO_LONG = "9" * 5000  # more digits than int() takes
TOO_HIGH = "9" * 25  # beyond the range of a database's integer


class WrongAddressTests(AdminCase):
    def code(self, path: str, **query: str) -> int:
        return self.client.get(path, query).status_code

    def test_nul_in_a_parameter_is_refused(self) -> None:
        finder = {
            "app_label": "workouts",
            "model_name": "athlete",
            "field_name": "account",
            "term": "a\0",
        }
        assert self.code(f"{ADMIN}autocomplete/", **finder) == 400
        for name in ("athlete", "from", "review_status__exact"):
            for path in (SESSIONS, f"{SESSIONS}export/", f"{SESSIONS}export/file/"):
                assert self.code(path, **{name: "a\0"}) == 400

    def test_no_object_has_a_page_outside_the_admin(self) -> None:
        for model in ContentType.objects.all():
            for key in ("1", "x", self.coach.pk):
                assert self.code(f"{ADMIN}r/{model.pk}/{key}/") == 404

    def test_a_blank_field_to_find_a_row_by_is_refused(self) -> None:
        page = f"{ADMIN}auth/user/{self.coach.pk}/change/"
        assert self.code(page, _to_field="") == 400
        assert self.client.post(page, {"_to_field": ""}).status_code == 400

    def test_a_form_with_impossible_athletes_is_shown_again(self) -> None:
        for athletes in ("1e3", TOO_HIGH, TOO_LONG, "--", "-1"):
            for path in (f"{ADMIN}workouts/team/add/", f"{ADMIN}workouts/athlete/add/"):
                form = {"name": "Team", "athletes": athletes, "account": athletes}
                assert self.client.post(path, form).status_code == 200

    def test_a_search_for_nul_finds_and_exports_nothing(self) -> None:
        assert "Null characters are not allowed." in self.page(SESSIONS, q="a\0")
        for path in (f"{SESSIONS}export/", f"{SESSIONS}export/file/"):
            assert self.code(path, q="a\0") == 302

    def test_a_team_that_is_no_number_is_not_found(self) -> None:
        for team in (TOO_LONG, TOO_HIGH, "x"):
            assert self.code(f"{ADMIN}live/", team=team) == 404

    def test_a_decision_about_impossible_ids_leads_back_to_the_list(self) -> None:
        for ids in (TOO_HIGH, TOO_LONG, "-1", "x"):
            assert self.code(f"{SESSIONS}decision/", to="approved", ids=ids) == 302

    def test_an_impossible_year_leads_back_to_the_list(self) -> None:
        for path in (SESSIONS, ATHLETES, f"{SESSIONS}export/"):
            for year in ("0", "-1", TOO_HIGH):
                response = self.client.get(path, {"created_at__year": year})
                assert (response.status_code, response["Location"].endswith("?e=1")) == (302, True)

    def test_it_filters_by_the_first_and_last_day_there_is(self) -> None:
        save_session(new_athlete())
        for zone in ("Asia/Almaty", "Etc/GMT+12"):
            self.client.cookies["time_zone"] = zone
            for day in ("0001-01-01", "9999-12-31"):
                assert self.code(SESSIONS, **{"from": day}) == self.code(SESSIONS, to=day) == 200


class DayTests(SimpleTestCase):
    def test_the_first_day_there_is_begins_in_every_zone(self) -> None:
        with timezone.override("Asia/Almaty"):
            assert begin_of_coach_day(date.min).astimezone(UTC).year == 1
