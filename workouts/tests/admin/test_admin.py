"""The admin's lists and pages: login, sessions, athletes, exercises."""

from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext

from workouts.models import Athlete, Exercise, WorkoutSession
from workouts.tests.support.admin import ADMIN, ATHLETES, EXERCISES, PASSWORD, SESSIONS, AdminCase
from workouts.tests.support.cast import new_athlete, save_session


class LoginTests(AdminCase):
    def setUp(self) -> None:
        super().setUp()
        self.client.logout()

    def test_it_lets_a_coach_in(self) -> None:
        response = self.client.post(
            f"{ADMIN}login/", {"username": "coach", "password": PASSWORD, "next": SESSIONS}
        )
        assert (response.status_code, response["Location"]) == (302, SESSIONS)
        self.page(SESSIONS)

    def test_it_refuses_a_wrong_password(self) -> None:
        response = self.client.post(f"{ADMIN}login/", {"username": "coach", "password": "squats"})
        assert response.status_code == 200
        assert self.client.get(ADMIN).status_code == 302

    def test_it_sends_a_stranger_to_the_login(self) -> None:
        row = save_session(new_athlete())
        get_user_model().objects.create_user("stranger", password=PASSWORD)
        for login in (False, True):
            if login:
                assert self.client.login(username="stranger", password=PASSWORD)
            for path in (
                ADMIN,
                SESSIONS,
                f"{SESSIONS}{row.pk}/change/",
                ATHLETES,
                EXERCISES,
                f"{EXERCISES}add/",
            ):
                with self.subTest(path=path, login=login):
                    response = self.client.get(path)
                    assert (response.status_code, response["Location"]) == (
                        302,
                        f"{ADMIN}login/?next={path}",
                    )

    def test_it_shows_nothing_to_staff_without_a_permission(self) -> None:
        self.client.force_login(get_user_model().objects.create_user("assistant", is_staff=True))
        for path in (SESSIONS, ATHLETES, EXERCISES):
            assert self.client.get(path).status_code == 403


class SessionListTests(AdminCase):
    def setUp(self) -> None:
        super().setUp()
        self.squats = save_session("aigerim-1", reps=12)
        self.lunges = save_session("bolat-2", exercise="lunge", days_ago=400)
        bolat = Athlete.objects.get(user_id="bolat-2")
        bolat.display_name = "Bolat Omarov"
        bolat.save()

    def test_it_shows_sessions_with_the_names_of_athletes_and_exercises(self) -> None:
        page = self.page(SESSIONS)
        for text in (
            "aigerim-1",
            "Bolat Omarov",
            "Squat",
            "Lunge",
            f"{SESSIONS}{self.squats.pk}/change/",
        ):
            assert text in page

    def test_it_searches_by_user_id_and_name(self) -> None:
        assert self.listed(SESSIONS, q="aigerim") == {self.squats.pk}
        assert self.listed(SESSIONS, q="omarov") == {self.lunges.pk}
        assert self.listed(SESSIONS, q="nobody' OR 1=1") == set()

    def test_it_answers_a_search_for_nul(self) -> None:
        assert self.client.get(SESSIONS, {"q": "a\0b"}).status_code == 200

    def test_it_filters_by_exercise(self) -> None:
        assert self.listed(SESSIONS, exercise__slug__exact="lunge") == {self.lunges.pk}
        assert "?exercise__slug__exact=lunge" in self.page(SESSIONS)

    def test_it_asks_the_database_as_often_for_5_rows_as_for_50(self) -> None:
        counts = []
        for total in (5, 50):
            for index in range(WorkoutSession.objects.count(), total):
                save_session(f"{new_athlete()}-{index}", exercise="dip" if index % 2 else "burpee")
            with CaptureQueriesContext(
                connection,
            ) as queries:
                assert len(self.listed(SESSIONS)) == total
            counts.append(len(queries))
        assert counts[0] == counts[1] <= 8


class SessionDetailTests(AdminCase):
    def setUp(self) -> None:
        super().setUp()
        self.row = save_session(new_athlete(), reps=3, refused={"debounced": 7})
        self.path = f"{SESSIONS}{self.row.pk}/change/"

    def test_it_shows_a_session(self) -> None:
        page = self.page(self.path)
        for text in (self.row.athlete_id, "Squat", "30.0", "too soon after the previous rep: 7"):
            assert text in page

    def test_it_has_nothing_to_type_into(self) -> None:
        page = self.page(self.path)
        for field in [f.name for f in WorkoutSession._meta.fields]:
            assert f'name="{field}"' not in page
        assert 'name="_save"' not in page

    def test_it_cannot_be_changed(self) -> None:
        response = self.client.post(
            self.path, {"total_reps": 1000, "timeline_ms": "[]", "_save": "Save"}
        )
        assert response.status_code == 403
        self.row.refresh_from_db()
        assert (self.row.total_reps, self.row.timeline_ms) == (3, [0, 2000, 4000])

    def test_it_cannot_be_added(self) -> None:
        for ask in (self.client.get, self.client.post):
            assert ask(f"{SESSIONS}add/").status_code == 403
        assert f"{SESSIONS}add/" not in self.page(SESSIONS)

    def test_a_session_that_is_gone_leads_to_the_home_page(self) -> None:
        for pk in (0, 10**30, "abc"):
            response = self.client.get(f"{SESSIONS}{pk}/change/")
            assert (response.status_code, response["Location"]) == (302, ADMIN)


class AthleteTests(AdminCase):
    def test_it_lists_and_searches_athletes(self) -> None:
        ana, ben = (
            Athlete.objects.create(user_id="ana", display_name="Ana Lee"),
            Athlete.objects.create(user_id="ben"),
        )
        assert self.listed(ATHLETES) == {ana.pk, ben.pk}
        assert self.listed(ATHLETES, q="lee") == self.listed(ATHLETES, q="ana") == {ana.pk}
        assert self.listed(ATHLETES, created_at__gte=ana.created_at.isoformat()) == {ana.pk, ben.pk}

    def test_it_finds_athletes_by_what_was_merged_into_them(self) -> None:
        ana = Athlete.objects.create(user_id="ana", display_name="Ana Lee")
        Athlete.objects.create(user_id="phone-2", display_name="Anna L", merged_into=ana)
        save_session("ana")
        for text in ("PHONE", "anna", "phone anna"):
            with self.subTest(text):
                assert self.listed(ATHLETES, q=text) == {ana.pk}
                assert len(self.listed(SESSIONS, q=text)) == 1
        assert self.listed(ATHLETES, q="phone-3") == set()

    def test_it_adds_an_athlete(self) -> None:
        self.client.post(f"{ATHLETES}add/", {"user_id": "42", "display_name": "Ana"})
        assert Athlete.objects.get(user_id="42").display_name == "Ana"

    def test_it_renames_an_athlete_but_keeps_the_user_id(self) -> None:
        athlete = Athlete.objects.create(user_id="42")
        self.client.post(
            f"{ATHLETES}{athlete.pk}/change/", {"user_id": "43", "display_name": "Ana"}
        )
        athlete.refresh_from_db()
        assert (athlete.user_id, athlete.display_name) == ("42", "Ana")

    def test_it_refuses_an_invalid_user_id_and_says_why(self) -> None:
        for user_id in ("a b", "a/b", "é", ""):
            response = self.client.post(f"{ATHLETES}add/", {"user_id": user_id})
            assert list(response.context["adminform"].errors) == ["user_id"]

    def test_it_never_deletes_an_athlete_with_sessions(self) -> None:
        athlete = save_session(new_athlete()).athlete
        self.client.post(f"{ATHLETES}{athlete.pk}/delete/", {"post": "yes"})
        assert Athlete.objects.filter(pk=athlete.pk).exists()


class ExerciseTests(AdminCase):
    def setUp(self) -> None:
        super().setUp()
        self.squat = Exercise.objects.get(slug="squat")
        self.path = f"{EXERCISES}{self.squat.pk}/change/"

    def fill_in(self, path: str, **fields: Any) -> Any:
        """Post an exercise's form with the squat's figures, except for the given fields."""
        names = (
            "name",
            "min_interval_ms",
            "record_per_minute",
            "max_per_minute",
            "max_per_session",
            "typical_ms_low",
            "typical_ms_high",
            "source",
        )
        values = {name: getattr(self.squat, name) for name in names}
        return self.client.post(path, {**values, "active": "on", **fields})

    def test_it_lists_searches_and_filters_exercises(self) -> None:
        Exercise.objects.filter(slug="dip").update(active=False)
        dip = Exercise.objects.get(slug="dip")
        assert len(self.listed(EXERCISES)) == 16
        assert self.listed(EXERCISES, q="squ") == {self.squat.pk}
        assert self.listed(EXERCISES, active__exact="0") == {dip.pk}

    def test_it_changes_limits(self) -> None:
        assert self.fill_in(self.path, min_interval_ms=500).status_code == 302
        self.squat.refresh_from_db()
        assert (self.squat.min_interval_ms, self.squat.max_per_minute, self.squat.active) == (
            500,
            85,
            True,
        )

    def test_it_switches_an_exercise_off(self) -> None:
        assert self.fill_in(self.path, active="").status_code == 302
        self.squat.refresh_from_db()
        assert not self.squat.active

    def test_it_adds_an_exercise(self) -> None:
        assert (
            self.fill_in(
                f"{EXERCISES}add/", slug="plank_up", name="Plank up", record_per_minute=""
            ).status_code
            == 302
        )
        assert Exercise.objects.get(slug="plank_up").record_per_minute is None

    def test_it_refuses_bad_limits_and_says_why(self) -> None:
        bad = {
            "min_interval_ms": ["0", "-1", "", "1.5", "fast", str(2**31)],
            "max_per_minute": ["0", ""],
            "max_per_session": ["0", ""],
            "record_per_minute": ["0", "-5"],
            "typical_ms_low": ["0"],
            "name": [""],
        }
        for field, values in bad.items():
            for value in values:
                with self.subTest(field=field, value=value):
                    response = self.fill_in(self.path, **{field: value})
                    assert response.status_code == 200
                    assert list(response.context["adminform"].errors) == [field]

    def test_it_refuses_a_typical_pace_from_high_to_low_and_says_why(self) -> None:
        response = self.fill_in(self.path, typical_ms_low=4001)
        assert response.status_code == 200
        assert "shorter than the fastest" in response.content.decode()

    def test_it_refuses_invalid_slugs_and_says_why(self) -> None:
        for slug in ("Plank", "pl ank", "a:b", "p" * 33, "squat", ""):
            with self.subTest(slug=slug):
                response = self.fill_in(f"{EXERCISES}add/", slug=slug, name="Plank")
                assert response.status_code == 200
                assert list(response.context["adminform"].errors) == ["slug"]
        assert Exercise.objects.count() == 16

    def test_it_does_not_rename_a_slug(self) -> None:
        assert 'name="slug"' in self.page(f"{EXERCISES}add/")
        assert 'name="slug"' not in self.page(self.path)
        self.fill_in(self.path, slug="knee_bend")
        assert Exercise.objects.get(pk=self.squat.pk).slug == "squat"

    def test_it_never_deletes_an_exercise(self) -> None:
        assert (
            self.client.post(f"{EXERCISES}{self.squat.pk}/delete/", {"post": "yes"}).status_code
            == 403
        )
        self.client.post(
            EXERCISES,
            {"action": "delete_selected", "_selected_action": [self.squat.pk], "post": "yes"},
        )
        assert Exercise.objects.filter(pk=self.squat.pk).exists()
