"""POST /workout/finish: the workout ends, is saved once, and the answer is its id."""

import json
import threading
import uuid
from multiprocessing.pool import ThreadPool
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client, TestCase, TransactionTestCase

from workouts.api.problems import CONTENT_TYPE
from workouts.clock import from_ms
from workouts.identity import GUEST
from workouts.live.runtime import get_key_space, get_store
from workouts.live.sessions import SessionName
from workouts.models import Athlete, Exercise, WorkoutSession
from workouts.services.finishing import save_sealed
from workouts.sockets.catalogue import catalogue
from workouts.tests.support.cast import (
    STARTED_MS,
    count_reps,
    new_athlete,
    save_session,
    seal,
    train,
)

URL = "/workout/finish"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
NEVER = float("-inf")


class FinishCase(TestCase):
    def setUp(self) -> None:
        self.user_id = new_athlete()
        # what a test before this one left in the catalogue may be gone from the table
        catalogue.looked_at = NEVER
        self.addCleanup(setattr, catalogue, "looked_at", NEVER)

    def post(self, body: Any = b"", content_type: str = JSON, **more: Any) -> Any:
        return self.client.post(URL, body, content_type=content_type, **more)

    def finish(self, exercise: str = "squat") -> int:
        response = self.post({"user_id": self.user_id, "exercise_type": exercise})
        assert response.status_code == 200, response.content
        return int(response.json()["workout_id"])

    def rows(self) -> list[WorkoutSession]:
        return list(WorkoutSession.objects.filter(athlete_id=self.user_id).order_by("id"))


class FinishTests(FinishCase):
    def test_it_answers_with_the_id_and_nothing_else(self) -> None:
        train(self.user_id)
        response = self.post({"user_id": self.user_id, "exercise_type": "squat"})
        assert response.status_code == 200
        assert response["Content-Type"] == JSON
        assert response.json() == {"status": "success", "workout_id": self.rows()[0].pk}

    def test_it_says_where_the_session_is(self) -> None:
        train(self.user_id)
        location = self.post({"user_id": self.user_id})["Location"]
        assert self.client.get(location).json()["id"] == self.rows()[0].pk

    def test_it_saves_what_was_counted(self) -> None:
        count_reps(
            self.user_id,
            [STARTED_MS, STARTED_MS + 100, STARTED_MS + 2310, STARTED_MS + 4502, STARTED_MS + 4600],
        )
        row = WorkoutSession.objects.get(pk=self.finish())
        assert (row.athlete_id, row.exercise_id, row.total_reps) == (self.user_id, "squat", 3)
        assert (row.started_at, row.finished_at) == (
            from_ms(STARTED_MS),
            from_ms(STARTED_MS + 4502),
        )
        assert row.timeline_ms == [0, 2310, 4502]
        assert (row.refused, row.refusals) == (
            {"debounced": 2},
            [[100, "debounced"], [4600, "debounced"]],
        )
        assert (row.rep_devices, row.late_reps, row.device_seqs) == ([], [], {})

    def test_it_keeps_the_id_that_redis_gave_the_session(self) -> None:
        train(self.user_id)
        given = (
            get_store()
            .client.hget(get_key_space().live(self.user_id, "squat").session, "id")
            .decode()
        )
        assert WorkoutSession.objects.get(pk=self.finish()).session_id == uuid.UUID(given)

    def test_it_clears_the_live_state(self) -> None:
        train(self.user_id)
        self.finish()
        keys = get_key_space().live(self.user_id, "squat")
        assert (
            get_store().client.exists(keys.session, keys.timeline, keys.refusals, keys.waiting) == 0
        )
        assert self.user_id not in {name.user_id for name in get_store().sealed_sessions()}

    def test_it_makes_the_athlete_once(self) -> None:
        for started_ms in (STARTED_MS, STARTED_MS + 60_000):
            train(self.user_id, started_ms=started_ms)
            self.finish()
        assert Athlete.objects.get(user_id=self.user_id).sessions.count() == 2

    def test_it_finishes_one_exercise_of_one_athlete(self) -> None:
        train(self.user_id, exercise="lunge")
        train(self.user_id)
        self.finish("lunge")
        assert [row.exercise_id for row in self.rows()] == ["lunge"]

    def test_it_finishes_an_exercise_that_was_switched_off(self) -> None:
        train(self.user_id, exercise="lunge")
        Exercise.objects.filter(slug="lunge").update(active=False)
        assert self.finish("lunge") == self.rows()[0].pk


class BodyTests(FinishCase):
    def test_it_takes_the_guests_squats_where_nothing_is_said(self) -> None:
        self.post()
        for body, content_type in ((b"", JSON), (b"{}", JSON), (b"", FORM), (b"", "text/csv")):
            with self.subTest(body=body, content_type=content_type):
                train(GUEST, 4)
                row = WorkoutSession.objects.get(
                    pk=self.post(body, content_type).json()["workout_id"]
                )
                assert (row.athlete_id, row.exercise_id, row.total_reps) == (GUEST, "squat", 4)

    def test_it_takes_a_form(self) -> None:
        train(self.user_id, exercise="dip")
        assert (
            self.post(f"user_id={self.user_id}&exercise_type=dip", FORM).json()["workout_id"]
            == self.rows()[0].pk
        )

    def test_it_takes_a_form_in_parts(self) -> None:
        train(self.user_id, exercise="dip")
        response = self.client.post(URL, {"user_id": self.user_id, "exercise_type": "dip"})
        assert response.json()["workout_id"] == self.rows()[0].pk

    def test_it_takes_squats_where_only_the_athlete_is_said(self) -> None:
        train(self.user_id)
        self.post({"user_id": self.user_id, "device": [1, 2]})
        assert self.rows()[0].exercise_id == "squat"

    def test_it_takes_an_address_with_a_slash(self) -> None:
        train(self.user_id)
        assert (
            self.client.post(f"{URL}/", {"user_id": self.user_id}, content_type=JSON).status_code
            == 200
        )


class RepeatedTests(FinishCase):
    def test_it_returns_the_same_session_again(self) -> None:
        train(self.user_id)
        assert self.finish() == self.finish() == self.finish()
        assert len(self.rows()) == 1

    def test_it_returns_the_one_that_was_saved_last(self) -> None:
        save_session(self.user_id, days_ago=1)
        newest = save_session(self.user_id, days_ago=3)  # of an offline hour, sent later
        save_session(self.user_id, exercise="lunge")
        save_session(new_athlete())
        assert self.finish() == newest.pk

    def test_it_begins_a_new_session_with_the_next_rep(self) -> None:
        train(self.user_id, 3)
        first = self.finish()
        train(self.user_id, 2, started_ms=STARTED_MS + 60_000)
        second = self.finish()
        assert first != second
        assert [row.total_reps for row in self.rows()] == [3, 2]

    def test_it_saves_all_that_was_sealed_and_returns_the_newest(self) -> None:
        for reps, minute in ((3, 0), (2, 1), (4, 2)):
            train(self.user_id, reps, started_ms=STARTED_MS + minute * 60_000)
            seal(self.user_id)
        train(self.user_id, 5, started_ms=STARTED_MS + 180_000)
        newest = WorkoutSession.objects.get(pk=self.finish())
        assert [row.total_reps for row in self.rows()] == [3, 2, 4, 5]
        assert newest.total_reps == 5

    def test_it_goes_on_after_a_crash_between_seal_and_save(self) -> None:
        train(self.user_id)
        (session_id,) = seal(self.user_id)
        assert WorkoutSession.objects.get(pk=self.finish()).session_id == uuid.UUID(session_id)
        assert len(self.rows()) == 1

    def test_it_goes_on_after_a_crash_between_save_and_clear(self) -> None:
        saved = self.save_without_clear()
        assert self.finish() == saved.pk
        assert len(self.rows()) == 1
        assert self.user_id not in {name.user_id for name in get_store().sealed_sessions()}

    def test_it_goes_on_after_that_crash_with_new_reps(self) -> None:
        saved = self.save_without_clear()
        train(self.user_id, 2, started_ms=STARTED_MS + 60_000)
        assert self.finish() != saved.pk
        assert [row.total_reps for row in self.rows()] == [3, 2]

    def save_without_clear(self) -> WorkoutSession:
        train(self.user_id, 3)
        (session_id,) = seal(self.user_id)
        sealed = get_store().read(SessionName(self.user_id, "squat", session_id))
        assert sealed is not None
        return save_sealed(sealed)


class RefusedRequestTests(FinishCase):
    def refusal(self, response: Any, status: int = 400) -> dict[str, Any]:
        assert (response.status_code, response["Content-Type"]) == (status, CONTENT_TYPE), (
            response.content
        )
        problem = response.json()
        assert (problem["type"], problem["status"]) == ("about:blank", status)
        return dict(problem)

    def test_it_refuses_what_has_nothing_to_finish(self) -> None:
        problem = self.refusal(self.post({"user_id": self.user_id}), 409)
        assert problem["code"] == "nothing_to_finish"
        assert not Athlete.objects.filter(user_id=self.user_id).exists()

    def test_it_names_the_field_of_a_malformed_user_id(self) -> None:
        bad: tuple[Any, ...] = (
            "a b",
            " a",
            "a\n",
            "a\0b",
            "a" * 65,
            "",
            "é",
            "a/b",
            "\ud800",
            [],
            ["a"],
            {},
            True,
            False,
            None,
        )
        for user_id in bad:
            with self.subTest(user_id=user_id):
                problem = self.refusal(self.post({"user_id": user_id}))
                assert list(problem["errors"]) == ["user_id"]
                assert "user_id" in problem["detail"]

    def test_it_names_the_field_of_an_unknown_exercise(self) -> None:
        for exercise in (
            "plank",
            "Squat",
            "squat ",
            "sq\0uat",
            "s" * 10_000,
            "",
            [],
            ["squat"],
            True,
            None,
        ):
            with self.subTest(exercise=exercise):
                problem = self.refusal(self.post({"exercise_type": exercise}))
                assert list(problem["errors"]) == ["exercise_type"]
                assert len(problem["detail"]) < 400

    def test_it_lists_the_exercises_that_it_knows(self) -> None:
        assert "jumping_jack" in self.refusal(self.post({"exercise_type": "plank"}))["detail"]

    def test_it_names_the_field_of_a_form(self) -> None:
        for body in (
            "user_id=",
            "user_id=a+b",
            "user_id=%00",
            "user_id=%ff",
            "user_id=a&exercise_type=",
            "exercise_type=plank",
        ):
            with self.subTest(body=body):
                assert len(self.refusal(self.post(body, FORM))["errors"]) == 1

    def test_it_refuses_a_file_for_a_name(self) -> None:
        problem = self.refusal(self.client.post(URL, {"user_id": SimpleUploadedFile("a", b"a")}))
        assert list(problem["errors"]) == ["user_id"]

    def test_it_refuses_bodies_that_are_no_object(self) -> None:
        for body in (
            b"[]",
            b'["squat"]',
            b"7",
            b'"squat"',
            b"null",
            b"true",
            b"{",
            b'{"user_id": NaN}',
            b"{}{}",
            b"\xff\xfe",
            b'{"user_id": "\xff"}',
        ):
            with self.subTest(body=body):
                assert self.refusal(self.post(body))["detail"]

    def test_it_refuses_what_is_nested_or_long_beyond_reading(self) -> None:
        for body in (b"[" * 100_000, b'{"a":' * 100_000, b'{"user_id": ' + b"9" * 5000 + b"}"):
            assert self.refusal(self.post(body))["detail"]

    def test_it_refuses_a_body_of_megabytes(self) -> None:
        self.refusal(self.post({"user_id": self.user_id, "more": "a" * 3_000_000}))

    def test_it_refuses_other_kinds_of_bodies(self) -> None:
        for content_type in ("text/plain", "application/xml", "application/jsonx"):
            with self.subTest(content_type=content_type):
                self.refusal(self.post(json.dumps({"user_id": "a"}), content_type), 415)

    def test_it_refuses_other_methods(self) -> None:
        for method in ("get", "put", "patch", "delete"):
            with self.subTest(method=method):
                response = getattr(self.client, method)(URL)
                assert self.refusal(response, 405)["title"] == "Method Not Allowed"
                assert "POST" in response["Allow"]


class AtOnceTests(TransactionTestCase):
    serialized_rollback = True

    def setUp(self) -> None:
        self.user_id = new_athlete()
        catalogue.looked_at = NEVER

    def finish_at_once(self, callers: int) -> list[tuple[int, Any]]:
        together = threading.Barrier(callers)

        def finish(_: int) -> tuple[int, Any]:
            together.wait(30)
            try:
                response = Client().post(URL, {"user_id": self.user_id}, content_type=JSON)
                return response.status_code, response.json().get("workout_id")
            finally:
                connection.close()

        with ThreadPool(callers) as pool:
            return pool.map(finish, range(callers))

    def test_it_saves_one_row_for_all_callers(self) -> None:
        train(self.user_id)
        answers = self.finish_at_once(20)
        row = WorkoutSession.objects.get(athlete_id=self.user_id)
        assert answers == [(200, row.pk)] * 20

    def test_it_gives_two_callers_the_same_id_time_and_again(self) -> None:
        for minute in range(10):
            train(self.user_id, started_ms=STARTED_MS + minute * 60_000)
            (first, second) = self.finish_at_once(2)
            assert first == second
        assert WorkoutSession.objects.filter(athlete_id=self.user_id).count() == 10

    def test_it_saves_each_of_many_sealed_ones_once(self) -> None:
        for minute in range(5):
            train(self.user_id, started_ms=STARTED_MS + minute * 60_000)
            seal(self.user_id)
        answers = self.finish_at_once(10)
        newest = WorkoutSession.objects.filter(athlete_id=self.user_id).latest("finished_at")
        assert answers == [(200, newest.pk)] * 10
        assert WorkoutSession.objects.filter(athlete_id=self.user_id).count() == 5
