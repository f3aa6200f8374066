"""GET /workout/sessions/{id}/: a saved session."""

from datetime import datetime

from workouts.api.problems import CONTENT_TYPE
from workouts.models import WorkoutSession
from workouts.tests.support.cast import CRUNCHES_MS, new_athlete, save_session
from workouts.tests.support.session_api import KEYS, URL, SessionsCase


class DetailTests(SessionsCase):
    def test_it_shows_a_session(self) -> None:
        row = save_session(new_athlete(), exercise="lunge", reps=2, refused={"debounced": 3})
        shown = self.client.get(f"{URL}{row.pk}/").json()
        assert list(shown) == KEYS
        assert (shown["id"], shown["user_id"], shown["exercise_type"], shown["total_reps"]) == (
            row.pk,
            row.athlete_id,
            "lunge",
            2,
        )
        assert (shown["session_id"], shown["refused"], shown["timeline_ms"]) == (
            str(row.session_id),
            {"debounced": 3},
            [0, 2000],
        )
        times = [
            datetime.fromisoformat(shown[name])
            for name in ("created_at", "started_at", "finished_at")
        ]
        assert times == [row.created_at, row.started_at, row.finished_at]

    def test_the_pace_is_that_within_sets(self) -> None:
        row = save_session(new_athlete(), times_ms=CRUNCHES_MS)
        shown = self.client.get(f"{URL}{row.pk}/").json()
        assert (shown["reps_per_minute"], shown["work_ms"], shown["rest_ms"]) == (
            50.0,
            43_200,
            238_800,
        )
        assert shown["sets"] == [{"reps": 10, "length_ms": 10_800, "slow_down": 0.0}] * 4
        (listed,) = self.ask(user_id=row.athlete_id)["results"]
        assert listed == {name: shown[name] for name in KEYS if name != "timeline_ms"}

    def test_sets_that_were_not_worked_out_are_null(self) -> None:
        row = save_session(new_athlete())
        WorkoutSession.objects.filter(pk=row.pk).update(sets=None)
        shown = self.client.get(f"{URL}{row.pk}/").json()
        assert [shown[name] for name in KEYS[-4:]] == [None] * 4

    def test_it_asks_the_database_once(self) -> None:
        row = save_session(new_athlete())
        with self.assertNumQueries(1):
            self.client.get(f"{URL}{row.pk}/")

    def test_it_answers_404_for_a_session_that_does_not_exist(self) -> None:
        for pk in ("0", "9" * 18, "9" * 30, "9" * 5000):
            with self.subTest(digits=len(pk)):
                assert "server error" not in self.refusal(404, f"{URL}{pk}/")["detail"]

    def test_it_answers_404_for_an_id_that_is_not_a_number(self) -> None:
        for pk in ("-1", "1.5", "abc", "1%00", "%F0%9F%92%AA"):
            with self.subTest(pk=pk):
                self.refusal(404, f"{URL}{pk}/")

    def test_it_is_read_only(self) -> None:
        row = save_session(new_athlete())
        for path in (URL, f"{URL}{row.pk}/"):
            for method in ("post", "put", "patch", "delete"):
                with self.subTest(path=path, method=method):
                    response = getattr(self.client, method)(path)
                    assert (response.status_code, response["Content-Type"]) == (405, CONTENT_TYPE)
        assert WorkoutSession.objects.filter(pk=row.pk).exists()
