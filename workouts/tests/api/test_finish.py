"""POST /workout/finish: ends a workout, saves it once and answers with its id."""

import threading
import uuid
from multiprocessing.pool import ThreadPool
from typing import Any

from django.db import connection
from django.test import Client, TransactionTestCase

from workouts.clock import datetime_from_ms
from workouts.live.runtime import get_live_store, get_redis_key_space
from workouts.live.sessions import SessionName
from workouts.models import Athlete, Exercise, WorkoutSession
from workouts.services.saving import save_sealed_session
from workouts.sockets.catalogue import catalogue
from workouts.tests.support.cast import (
    STARTED_MS,
    count_reps,
    new_athlete,
    save_session,
    seal,
    train,
)
from workouts.tests.support.finishes import FINISH, JSON, NEVER, FinishCase


class FinishTests(FinishCase):
    def test_it_answers_with_the_id_and_nothing_else(self) -> None:
        train(self.user_id)
        response = self.post({"user_id": self.user_id, "exercise_type": "squat"})
        assert response.status_code == 200
        assert response["Content-Type"] == JSON
        assert response.json() == {"status": "success", "workout_id": self.rows()[0].pk}

    def test_its_location_is_the_saved_session(self) -> None:
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
            datetime_from_ms(STARTED_MS),
            datetime_from_ms(STARTED_MS + 4502),
        )
        assert row.timeline_ms == [0, 2310, 4502]
        assert (row.refused, row.refusals) == (
            {"debounced": 2},
            [[100, "debounced"], [4600, "debounced"]],
        )
        assert (row.rep_devices, row.late_reps, row.device_seqs) == ([], [], {})

    def test_it_keeps_the_session_id_from_redis(self) -> None:
        train(self.user_id)
        given = (
            get_live_store()
            .client.hget(get_redis_key_space().live(self.user_id, "squat").session, "id")
            .decode()
        )
        assert WorkoutSession.objects.get(pk=self.finish()).session_id == uuid.UUID(given)

    def test_it_clears_the_live_state(self) -> None:
        train(self.user_id)
        self.finish()
        keys = get_redis_key_space().live(self.user_id, "squat")
        assert (
            get_live_store().client.exists(keys.session, keys.timeline, keys.refusals, keys.waiting)
            == 0
        )
        assert self.user_id not in {name.user_id for name in get_live_store().sealed_sessions()}

    def test_it_creates_the_athlete_once(self) -> None:
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


class RepeatedTests(FinishCase):
    def test_it_returns_the_same_session_again(self) -> None:
        train(self.user_id)
        assert self.finish() == self.finish() == self.finish()
        assert len(self.rows()) == 1

    def test_it_returns_the_session_that_was_saved_last(self) -> None:
        save_session(self.user_id, days_ago=1)
        newest = save_session(self.user_id, days_ago=3)  # of an offline hour, sent later
        save_session(self.user_id, exercise="lunge")
        save_session(new_athlete())
        assert self.finish() == newest.pk

    def test_the_next_rep_begins_a_new_session(self) -> None:
        train(self.user_id, 3)
        first = self.finish()
        train(self.user_id, 2, started_ms=STARTED_MS + 60_000)
        second = self.finish()
        assert first != second
        assert [row.total_reps for row in self.rows()] == [3, 2]

    def test_it_saves_every_sealed_session_and_returns_the_newest(self) -> None:
        for reps, minute in ((3, 0), (2, 1), (4, 2)):
            train(self.user_id, reps, started_ms=STARTED_MS + minute * 60_000)
            seal(self.user_id)
        train(self.user_id, 5, started_ms=STARTED_MS + 180_000)
        newest = WorkoutSession.objects.get(pk=self.finish())
        assert [row.total_reps for row in self.rows()] == [3, 2, 4, 5]
        assert newest.total_reps == 5

    def test_it_recovers_from_a_crash_between_seal_and_save(self) -> None:
        train(self.user_id)
        (session_id,) = seal(self.user_id)
        assert WorkoutSession.objects.get(pk=self.finish()).session_id == uuid.UUID(session_id)
        assert len(self.rows()) == 1

    def test_it_recovers_from_a_crash_between_save_and_clear(self) -> None:
        saved = self.save_without_clear()
        assert self.finish() == saved.pk
        assert len(self.rows()) == 1
        assert self.user_id not in {name.user_id for name in get_live_store().sealed_sessions()}

    def test_it_recovers_from_that_crash_with_new_reps(self) -> None:
        saved = self.save_without_clear()
        train(self.user_id, 2, started_ms=STARTED_MS + 60_000)
        assert self.finish() != saved.pk
        assert [row.total_reps for row in self.rows()] == [3, 2]

    def save_without_clear(self) -> WorkoutSession:
        train(self.user_id, 3)
        (session_id,) = seal(self.user_id)
        sealed = get_live_store().read(SessionName(self.user_id, "squat", session_id))
        assert sealed is not None
        return save_sealed_session(sealed)


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
                response = Client().post(FINISH, {"user_id": self.user_id}, content_type=JSON)
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

    def test_two_callers_always_get_the_same_id(self) -> None:
        for minute in range(10):
            train(self.user_id, started_ms=STARTED_MS + minute * 60_000)
            (first, second) = self.finish_at_once(2)
            assert first == second
        assert WorkoutSession.objects.filter(athlete_id=self.user_id).count() == 10

    def test_it_saves_each_of_many_sealed_sessions_once(self) -> None:
        for minute in range(5):
            train(self.user_id, started_ms=STARTED_MS + minute * 60_000)
            seal(self.user_id)
        answers = self.finish_at_once(10)
        newest = WorkoutSession.objects.filter(athlete_id=self.user_id).latest("finished_at")
        assert answers == [(200, newest.pk)] * 10
        assert WorkoutSession.objects.filter(athlete_id=self.user_id).count() == 5
