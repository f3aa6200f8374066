"""Sweeps save sessions that nobody finished, and go on after one that cannot be saved."""

import uuid
from collections import Counter
from datetime import timedelta
from multiprocessing.pool import ThreadPool
from typing import Any
from unittest import mock

import pytest
import redis
import time_machine
from django.db import connection
from django.test import TestCase, TransactionTestCase

from workouts import metrics
from workouts.clock import datetime_from_ms
from workouts.live.runtime import get_live_store
from workouts.live.sessions import SealedSession, SessionName
from workouts.models import WorkoutSession
from workouts.services import saving_together
from workouts.services.sweeping import Sweeper, SweepResult, sweep_sessions
from workouts.tests.support.cast import STARTED_MS, new_athlete, seal, train
from workouts.tests.support.sealed import (
    OwnRedis,
    finish,
    mend_sealed,
    parked_reasons,
    rows_of,
    sealed_ids,
    sealed_keys,
    spoil_sealed,
)

IDLE_MINUTES = 30
LAST_REP = datetime_from_ms(STARTED_MS + 4000)  # of train(…, 3)
MINUTE_MS = 60_000


class SweepTests(OwnRedis, TestCase):
    def sweep_after(self, minutes: int) -> SweepResult:
        with time_machine.travel(LAST_REP + timedelta(minutes=minutes), tick=False):
            return sweep_sessions(idle_minutes=IDLE_MINUTES)

    def test_it_saves_nothing_if_there_is_nothing(self) -> None:
        assert sweep_sessions(idle_minutes=IDLE_MINUTES) == SweepResult()

    def test_it_saves_a_sealed_session(self) -> None:
        train(self.user_id)
        (session_id,) = seal(self.user_id)
        assert self.sweep_after(0) == SweepResult(saved=1)
        assert WorkoutSession.objects.get(athlete_id=self.user_id).session_id == uuid.UUID(
            session_id
        )
        assert sealed_ids() == set()

    def test_it_seals_and_saves_an_idle_session(self) -> None:
        train(self.user_id)
        assert self.sweep_after(IDLE_MINUTES) == SweepResult(saved=1)
        assert rows_of(self.user_id) == [3]

    def test_it_leaves_a_session_that_is_not_idle_yet(self) -> None:
        train(self.user_id)
        assert self.sweep_after(IDLE_MINUTES - 1) == SweepResult()
        train(self.user_id, 1, started_ms=STARTED_MS + MINUTE_MS)
        assert finish(self.user_id).total_reps == 4

    def test_it_leaves_an_idle_session_that_goes_on_just_before_the_seal(self) -> None:
        train(self.user_id)
        seal_idle = get_live_store().seal

        def train_first(*args: Any, **options: Any) -> list[str]:
            train(self.user_id, 1, started_ms=STARTED_MS + MINUTE_MS)
            return seal_idle(*args, **options)

        with mock.patch.object(get_live_store(), "seal", train_first):
            assert self.sweep_after(IDLE_MINUTES) == SweepResult()
        assert finish(self.user_id).total_reps == 4

    def test_it_saves_every_session_of_every_athlete(self) -> None:
        athletes = [new_athlete() for _ in range(5)]
        for athlete in athletes:
            train(athlete)
            seal(athlete)
            train(athlete, 2, started_ms=STARTED_MS - MINUTE_MS)
        assert self.sweep_after(IDLE_MINUTES) == SweepResult(saved=10)
        assert [rows_of(athlete) for athlete in athletes] == [[3, 2]] * 5

    def test_it_saves_a_session_once_though_it_runs_again(self) -> None:
        train(self.user_id)
        assert [self.sweep_after(IDLE_MINUTES).saved for _ in range(3)] == [1, 0, 0]
        assert rows_of(self.user_id) == [3]

    def test_it_goes_on_after_a_session_that_the_database_refuses(self) -> None:
        for minute in range(3):
            train(self.user_id, started_ms=STARTED_MS + minute * MINUTE_MS)
            refused_id = seal(self.user_id)[0]
        spoil_sealed(SessionName(self.user_id, "squat", refused_id))
        assert [self.sweep_after(0), self.sweep_after(0)] == [
            SweepResult(saved=2, left=1),
            SweepResult(left=1),
        ]

    def test_a_finish_returns_the_session_that_a_sweep_saved(self) -> None:
        train(self.user_id)
        self.sweep_after(IDLE_MINUTES)
        assert finish(self.user_id) == WorkoutSession.objects.get(athlete_id=self.user_id)

    def test_it_goes_on_after_a_bug_that_one_session_meets(self) -> None:
        unlucky, lucky = new_athlete(), new_athlete()
        for athlete in (unlucky, lucky):
            train(athlete)
            seal(athlete)
        build_row = saving_together.build_finished_row

        def build_or_raise(sealed: SealedSession, user_id: str) -> WorkoutSession:
            if user_id == unlucky:
                raise LookupError("a bug")
            return build_row(sealed, user_id)

        with mock.patch.object(saving_together, "build_finished_row", build_or_raise):
            assert self.sweep_after(0) == SweepResult(saved=1, left=1)
        assert (rows_of(unlucky), rows_of(lucky), parked_reasons()) == ([], [3], {})
        assert self.sweep_after(0) == SweepResult(saved=1)
        assert rows_of(unlucky) == [3]

    def test_it_goes_on_after_a_session_that_is_damaged_in_redis(self) -> None:
        damaged, whole = new_athlete(), new_athlete()
        for athlete in (damaged, whole):
            train(athlete)
            (session_id,) = seal(athlete)
            if athlete == damaged:
                timeline = sealed_keys(SessionName(damaged, "squat", session_id)).timeline
                get_live_store().client.set(timeline, "not a list")
        assert self.sweep_after(0) == SweepResult(saved=1, left=1)
        assert rows_of(whole) == [3]
        assert [name.user_id for name in parked_reasons()] == [damaged]


class SweepAtOnceTests(OwnRedis, TransactionTestCase):
    serialized_rollback = True

    def sweep_and_finish(self, number: int) -> int:
        try:
            if number % 2:
                return finish(self.user_id).total_reps
            return sweep_sessions(idle_minutes=IDLE_MINUTES).left
        finally:
            connection.close()

    def test_sweeps_and_finishes_at_once_save_each_session_once(self) -> None:
        for reps in (2, 3, 4):
            train(self.user_id, reps, started_ms=STARTED_MS + reps * MINUTE_MS)
            seal(self.user_id)
        train(self.user_id, 5, started_ms=STARTED_MS + 5 * MINUTE_MS)
        with ThreadPool(8) as pool:
            assert pool.map(self.sweep_and_finish, range(8)) == [0, 5] * 4
        assert sorted(rows_of(self.user_id)) == [2, 3, 4, 5]
        assert sealed_ids() == set()


class SeenTests(OwnRedis, TransactionTestCase):
    """What a sweep tells operators. It closes its connection, so a TestCase would not do."""

    serialized_rollback = True

    def test_it_says_what_it_saved_and_left_and_when(self) -> None:
        for minute in range(2):
            train(self.user_id, started_ms=STARTED_MS + minute * MINUTE_MS)
            refused_id = seal(self.user_id)[0]
        spoil_sealed(SessionName(self.user_id, "squat", refused_id))
        before = read_counters()
        with time_machine.travel(LAST_REP, tick=False):
            Sweeper().sweep_once()
        assert read_counters() - before == Counter(done=1, saved=1, left=1)
        assert read_gauge("senim_last_sweep_timestamp_seconds") == LAST_REP.timestamp()
        assert read_gauge("senim_sessions_sealed") == read_gauge("senim_sessions_parked") == 1
        mend_sealed(SessionName(self.user_id, "squat", refused_id))
        with time_machine.travel(LAST_REP, tick=False):
            Sweeper().sweep_once()
        assert read_gauge("senim_sessions_sealed") == read_gauge("senim_sessions_parked") == 0

    def test_the_rows_of_a_sweep_have_its_id(self) -> None:
        for user_id in (self.user_id, f"{self.user_id}-too"):
            train(user_id)
            seal(user_id)
        with time_machine.travel(LAST_REP, tick=False):
            Sweeper().sweep_once()
        ids = {row.request_id for row in WorkoutSession.objects.all()}
        assert [len(each) for each in ids] == [32]


def read_gauge(name: str) -> float | None:
    return metrics.registry.get_sample_value(name)


def read_counters() -> Counter[str]:
    """Return the numbers of sweeps that were done, and of sessions saved and left."""
    return Counter(
        {
            sample.labels["result"]: int(sample.value)
            for metric in (metrics.sweeps, metrics.swept_sessions)
            for family in metric.collect()
            for sample in family.samples
        }
    )


class RedisAwayTests(OwnRedis, TestCase):
    redis_settings = {"REDIS_URL": "unix:///nowhere/valkey.sock"}

    def test_a_sweep_raises_while_redis_is_unavailable(self) -> None:
        with pytest.raises(redis.RedisError):
            sweep_sessions(idle_minutes=IDLE_MINUTES)
