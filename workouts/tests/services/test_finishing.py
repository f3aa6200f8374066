"""Seal, save, clear: whatever is cut off, repeated or refused on the way, a session becomes one row."""

import uuid
from datetime import UTC, datetime, timedelta
from multiprocessing.pool import ThreadPool
from typing import Any
from unittest import mock

import pytest
import redis
import time_machine
from django.db import IntegrityError, connection
from django.test import SimpleTestCase, TestCase, TransactionTestCase

from workouts.clock import from_ms, to_ms
from workouts.exceptions import Code, WorkoutError
from workouts.live.runtime import get_key_space, get_store
from workouts.live.store import SealedSession, SessionName
from workouts.live.timeline import Refusal, Rep
from workouts.models import Athlete, WorkoutSession
from workouts.services.finishing import (
    SweepResult,
    build_row,
    finish_workout,
    save_sealed,
    settle_sealed,
    sweep,
)
from workouts.tests.support.cast import STARTED_MS, new_athlete, save_session, seal, train
from workouts.tests.support.sealed import OwnRedis, mend_sealed, sealed_keys, spoil_sealed

IDLE_MINUTES = 30
LAST_REP = from_ms(STARTED_MS + 4000)  # of train(…, 3)
MINUTE_MS = 60_000


def finish(user_id: str) -> WorkoutSession:
    return finish_workout(user_id=user_id, exercise_type="squat")


def rows_of(user_id: str) -> list[int]:
    """Return the counts of the athlete's rows, in the order they were saved."""
    return list(
        WorkoutSession.objects.filter(athlete_id=user_id)
        .order_by("id")
        .values_list("total_reps", flat=True)
    )


def sealed_ids() -> set[str]:
    return {name.session_id for name in get_store().sealed_sessions()}


def dump_live(user_id: str) -> dict[bytes, bytes]:
    """Return what Redis holds of the live session, as a replica that falls behind would."""
    client, keys = get_store().client, get_key_space().live(user_id, "squat")
    return {key: client.dump(key) for key in (keys.session, keys.timeline)}


def restore_live(dump: dict[bytes, bytes]) -> None:
    """Bring it back, as a failover to that replica would."""
    for key, value in dump.items():
        get_store().client.restore(key, 0, value, replace=True)


class TimeTests(SimpleTestCase):
    def test_it_keeps_each_millisecond(self) -> None:
        for ms in (0, 1, 999, 1000, STARTED_MS + 1, STARTED_MS + 999, 253_402_300_799_999):
            assert to_ms(from_ms(ms)) == ms

    def test_it_makes_times_of_utc(self) -> None:
        assert from_ms(STARTED_MS + 7) == datetime(2025, 11, 22, 19, 19, 50, 7000, tzinfo=UTC)


class BuildRowTests(SimpleTestCase):
    def build(self, *reps: Rep, **more: Any) -> WorkoutSession:
        return build_row(
            SealedSession(SessionName("a", "squat", str(uuid.uuid4())), list(reps), **more), "a"
        )

    def test_it_counts_time_from_the_first_rep(self) -> None:
        row = self.build(
            Rep(STARTED_MS, 0, False),
            Rep(STARTED_MS + 2310, 0, False),
            refusals=[Refusal(STARTED_MS + 100, "debounced")],
        )
        assert (row.started_at, row.finished_at) == (
            from_ms(STARTED_MS),
            from_ms(STARTED_MS + 2310),
        )
        assert (row.timeline_ms, row.refusals) == ([0, 2310], [[100, "debounced"]])

    def test_it_begins_at_the_earliest_rep_where_the_clock_was_set_back(self) -> None:
        row = self.build(
            Rep(STARTED_MS, 0, False),
            Rep(STARTED_MS - 5000, 0, False),
            Rep(STARTED_MS - 3000, 0, False),
        )
        assert (row.started_at, row.finished_at) == (
            from_ms(STARTED_MS - 5000),
            from_ms(STARTED_MS),
        )
        assert row.timeline_ms == [5000, 0, 2000]

    def test_it_names_devices_only_where_one_was_named(self) -> None:
        unnamed, phone, late = (
            Rep(STARTED_MS, 0, False),
            Rep(STARTED_MS + 1000, 3, False),
            Rep(STARTED_MS + 2000, 3, True),
        )
        assert (self.build(unnamed).rep_devices, self.build(unnamed).late_reps) == ([], [])
        row = self.build(unnamed, phone, late, device_seqs={"f3a9c1": 41})
        assert (row.rep_devices, row.late_reps, row.device_seqs) == ([0, 3, 3], [2], {"f3a9c1": 41})

    def test_it_refuses_a_session_without_a_rep(self) -> None:
        with pytest.raises(ValueError, match="empty"):
            self.build()


class FinishTests(OwnRedis, TestCase):
    def test_it_says_that_there_is_nothing_to_finish(self) -> None:
        with pytest.raises(WorkoutError) as refusal:
            finish(self.user_id)
        assert refusal.value.code == Code.NOTHING_TO_FINISH
        assert not Athlete.objects.filter(user_id=self.user_id).exists()

    def test_it_goes_on_where_another_finish_cleared_meanwhile(self) -> None:
        train(self.user_id)
        (session_id,) = seal(self.user_id)
        name = SessionName(self.user_id, "squat", session_id)
        first, second = settle_sealed(name), settle_sealed(name)
        assert first == second is not None

    def test_it_does_not_wait_for_ever_for_a_session_that_is_nowhere(self) -> None:
        saved = save_session(self.user_id)
        train(self.user_id)
        (session_id,) = seal(self.user_id)
        get_store().client.delete(*sealed_keys(SessionName(self.user_id, "squat", session_id)))
        with pytest.raises(WorkoutError) as refusal:
            finish(self.user_id)
        assert refusal.value.code == Code.UNAVAILABLE
        assert finish(self.user_id) == saved


class CameBackTests(OwnRedis, TestCase):
    """A failover of Redis brings back a session that is saved already, and training goes on in it."""

    def setUp(self) -> None:
        super().setUp()
        train(self.user_id, 3)
        self.dump = dump_live(self.user_id)
        self.first = finish(self.user_id)
        restore_live(self.dump)

    def test_it_is_not_saved_again(self) -> None:
        assert finish(self.user_id) == self.first
        assert (rows_of(self.user_id), sealed_ids()) == ([3], set())

    def test_its_later_reps_are_a_session_of_their_own(self) -> None:
        train(self.user_id, 2, started_ms=STARTED_MS + MINUTE_MS)
        second = finish(self.user_id)
        assert second.session_id != self.first.session_id
        assert (second.started_at, second.timeline_ms) == (
            from_ms(STARTED_MS + MINUTE_MS),
            [0, 2000],
        )
        assert rows_of(self.user_id) == [3, 2]

    def test_they_are_saved_once(self) -> None:
        train(self.user_id, 2, started_ms=STARTED_MS + MINUTE_MS)
        dump = dump_live(self.user_id)
        second = finish(self.user_id)
        restore_live(dump)
        assert finish(self.user_id) == second == finish(self.user_id)
        assert rows_of(self.user_id) == [3, 2]

    def test_those_that_come_later_still_are_saved_too(self) -> None:
        train(self.user_id, 2, started_ms=STARTED_MS + MINUTE_MS)
        dump = dump_live(self.user_id)
        finish(self.user_id)
        restore_live(dump)
        train(self.user_id, 4, started_ms=STARTED_MS + 2 * MINUTE_MS)
        assert finish(self.user_id).total_reps == 4
        assert rows_of(self.user_id) == [3, 2, 4]


class RefusedRowTests(OwnRedis, TestCase):
    """A session that cannot be saved, here for a NUL, which PostgreSQL keeps in no JSON."""

    def setUp(self) -> None:
        super().setUp()
        train(self.user_id)
        (self.refused_id,) = seal(self.user_id)
        self.name = SessionName(self.user_id, "squat", self.refused_id)
        spoil_sealed(self.name)

    def test_it_does_not_hold_up_the_others(self) -> None:
        train(self.user_id, 2, started_ms=STARTED_MS + MINUTE_MS)
        assert finish(self.user_id).total_reps == 2
        assert rows_of(self.user_id) == [2]

    def test_it_stays_sealed(self) -> None:
        with pytest.raises(WorkoutError) as refusal:
            finish(self.user_id)
        assert refusal.value.code == Code.UNAVAILABLE
        assert sealed_ids() == {self.refused_id}

    def test_it_is_not_passed_over_for_an_older_one(self) -> None:
        mend_sealed(self.name)
        train(self.user_id, 2, started_ms=STARTED_MS + MINUTE_MS)
        spoil_sealed(self.name._replace(session_id=seal(self.user_id)[-1]))
        with pytest.raises(WorkoutError):
            finish(self.user_id)
        assert rows_of(self.user_id) == [3]

    def test_it_is_saved_once_it_can_be(self) -> None:
        mend_sealed(self.name)
        assert finish(self.user_id).session_id == uuid.UUID(self.refused_id)

    def test_it_is_any_that_cannot_be_read(self) -> None:
        mend_sealed(self.name)
        for started in ("noon", "", "1e3", 10**17, 10**30):
            with self.subTest(started=started):
                get_store().client.hset(sealed_keys(self.name).session, "started", started)
                assert settle_sealed(self.name) is None

    def test_it_is_one_whose_fields_are_gone(self) -> None:
        mend_sealed(self.name)
        get_store().client.hdel(sealed_keys(self.name).session, "started")
        assert settle_sealed(self.name) is None

    def test_it_is_one_without_a_rep(self) -> None:
        mend_sealed(self.name)
        get_store().client.delete(sealed_keys(self.name).timeline)
        assert settle_sealed(self.name) is None
        assert sealed_ids() == {self.refused_id}


class UnknownExerciseTests(OwnRedis, TransactionTestCase):
    """The database refuses the row only at COMMIT."""

    serialized_rollback = True

    def test_it_stays_sealed_and_does_not_hold_up_the_others(self) -> None:
        train(self.user_id, exercise="plank")
        train(self.user_id)
        (refused_id,) = seal(self.user_id, "plank")
        seal(self.user_id)
        assert sweep(idle_minutes=10**6) == SweepResult(saved=1, left=1)
        assert sealed_ids() == {refused_id}
        assert rows_of(self.user_id) == [3]

    def test_it_leaves_no_athlete_behind(self) -> None:
        train(self.user_id, exercise="plank")
        (session_id,) = seal(self.user_id, "plank")
        sealed = get_store().read(SessionName(self.user_id, "plank", session_id))
        assert sealed is not None
        with pytest.raises(IntegrityError):
            save_sealed(sealed)
        assert not Athlete.objects.filter(user_id=self.user_id).exists()


class SweepTests(OwnRedis, TestCase):
    def sweep_after(self, minutes: int) -> SweepResult:
        with time_machine.travel(LAST_REP + timedelta(minutes=minutes), tick=False):
            return sweep(idle_minutes=IDLE_MINUTES)

    def test_it_finds_nothing(self) -> None:
        assert sweep(idle_minutes=IDLE_MINUTES) == SweepResult()

    def test_it_saves_what_is_sealed(self) -> None:
        train(self.user_id)
        (session_id,) = seal(self.user_id)
        assert self.sweep_after(0) == SweepResult(saved=1)
        assert WorkoutSession.objects.get(athlete_id=self.user_id).session_id == uuid.UUID(
            session_id
        )
        assert sealed_ids() == set()

    def test_it_saves_what_is_idle(self) -> None:
        train(self.user_id)
        assert self.sweep_after(IDLE_MINUTES) == SweepResult(saved=1)
        assert rows_of(self.user_id) == [3]

    def test_it_leaves_what_is_fresh(self) -> None:
        train(self.user_id)
        assert self.sweep_after(IDLE_MINUTES - 1) == SweepResult()
        train(self.user_id, 1, started_ms=STARTED_MS + MINUTE_MS)
        assert finish(self.user_id).total_reps == 4

    def test_it_leaves_what_went_on_while_it_looked(self) -> None:
        train(self.user_id)
        seal_idle = get_store().seal

        def train_first(*args: Any, **options: Any) -> list[str]:
            train(self.user_id, 1, started_ms=STARTED_MS + MINUTE_MS)
            return seal_idle(*args, **options)

        with mock.patch.object(get_store(), "seal", train_first):
            assert self.sweep_after(IDLE_MINUTES) == SweepResult()
        assert finish(self.user_id).total_reps == 4

    def test_it_saves_all_of_everybody(self) -> None:
        athletes = [new_athlete() for _ in range(5)]
        for athlete in athletes:
            train(athlete)
            seal(athlete)
            train(athlete, 2, started_ms=STARTED_MS - MINUTE_MS)
        assert self.sweep_after(IDLE_MINUTES) == SweepResult(saved=10)
        assert [rows_of(athlete) for athlete in athletes] == [[3, 2]] * 5

    def test_it_does_no_harm_twice(self) -> None:
        train(self.user_id)
        assert [self.sweep_after(IDLE_MINUTES).saved for _ in range(3)] == [1, 0, 0]
        assert rows_of(self.user_id) == [3]

    def test_it_goes_on_after_a_session_that_was_refused(self) -> None:
        for minute in range(3):
            train(self.user_id, started_ms=STARTED_MS + minute * MINUTE_MS)
            refused_id = seal(self.user_id)[0]
        spoil_sealed(SessionName(self.user_id, "squat", refused_id))
        assert [self.sweep_after(0), self.sweep_after(0)] == [
            SweepResult(saved=2, left=1),
            SweepResult(left=1),
        ]

    def test_a_finish_returns_what_the_sweep_saved(self) -> None:
        train(self.user_id)
        self.sweep_after(IDLE_MINUTES)
        assert finish(self.user_id) == WorkoutSession.objects.get(athlete_id=self.user_id)


class SweepAtOnceTests(OwnRedis, TransactionTestCase):
    serialized_rollback = True

    def sweep_and_finish(self, number: int) -> int:
        try:
            if number % 2:
                return finish(self.user_id).total_reps
            return sweep(idle_minutes=IDLE_MINUTES).left
        finally:
            connection.close()

    def test_they_do_no_harm(self) -> None:
        for reps in (2, 3, 4):
            train(self.user_id, reps, started_ms=STARTED_MS + reps * MINUTE_MS)
            seal(self.user_id)
        train(self.user_id, 5, started_ms=STARTED_MS + 5 * MINUTE_MS)
        with ThreadPool(8) as pool:
            assert pool.map(self.sweep_and_finish, range(8)) == [0, 5] * 4
        assert sorted(rows_of(self.user_id)) == [2, 3, 4, 5]
        assert sealed_ids() == set()


class RedisAwayTests(OwnRedis, TestCase):
    redis_settings = {"REDIS_URL": "unix:///nowhere/valkey.sock"}

    def test_a_finish_says_so(self) -> None:
        save_session(self.user_id)
        with pytest.raises(WorkoutError) as refusal:
            finish(self.user_id)
        assert (refusal.value.code, "Redis" in refusal.value.message) == (Code.UNAVAILABLE, True)

    def test_a_sweep_raises(self) -> None:
        with pytest.raises(redis.RedisError):
            sweep(idle_minutes=IDLE_MINUTES)
