"""Which sessions are parked and which only stay sealed. Neither holds up other sessions."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import pytest
from django.db import IntegrityError, InterfaceError, OperationalError
from django.test import TestCase, TransactionTestCase

from workouts.exceptions import Code, WorkoutError
from workouts.live.runtime import get_live_store
from workouts.live.sessions import SessionName
from workouts.models import Athlete
from workouts.services.finishing import save_and_clear_session
from workouts.services.saving import save_sealed_session
from workouts.services.sweeping import SweepResult, sweep_sessions
from workouts.tests.support.cast import STARTED_MS, seal, train
from workouts.tests.support.log_lines import capture_unlimited_logs
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

BUILD = "workouts.services.saving_together.build_finished_row"
MINUTE_MS = 60_000


class SealedCase(OwnRedis):
    def setUp(self) -> None:
        super().setUp()
        train(self.user_id)
        (self.session_id,) = seal(self.user_id)
        self.name = SessionName(self.user_id, "squat", self.session_id)

    def set_field(self, field: str, value: Any) -> None:
        get_live_store().client.hset(sealed_keys(self.name).session, field, value)


class RefusedRowTests(SealedCase, TestCase):
    """PostgreSQL refuses the row for a NUL in JSON."""

    def setUp(self) -> None:
        super().setUp()
        spoil_sealed(self.name)

    def test_it_is_parked_with_the_reason_that_the_database_gives(self) -> None:
        assert save_and_clear_session(self.name) is None
        assert "Unicode" in parked_reasons()[self.name]

    def test_it_is_parked_for_a_nul_in_text_as_well(self) -> None:
        mend_sealed(self.name)
        self.set_field("seq:\0", 7)
        assert save_and_clear_session(self.name) is None
        assert "NUL" in parked_reasons()[self.name]

    def test_it_is_parked_for_a_number_that_its_column_cannot_hold(self) -> None:
        mend_sealed(self.name)
        self.set_field("clock", 2**40)
        assert save_and_clear_session(self.name) is None
        assert "integer out of range" in parked_reasons()[self.name]

    def test_it_does_not_hold_up_the_others(self) -> None:
        train(self.user_id, 2, started_ms=STARTED_MS + MINUTE_MS)
        assert finish(self.user_id).total_reps == 2
        assert rows_of(self.user_id) == [2]

    def test_a_finish_is_unavailable_and_leaves_it_sealed(self) -> None:
        with pytest.raises(WorkoutError) as refusal:
            finish(self.user_id)
        assert refusal.value.code == Code.UNAVAILABLE
        assert sealed_ids() == {self.session_id}

    def test_a_finish_never_returns_an_older_session_in_its_place(self) -> None:
        mend_sealed(self.name)
        train(self.user_id, 2, started_ms=STARTED_MS + MINUTE_MS)
        spoil_sealed(self.name._replace(session_id=seal(self.user_id)[-1]))
        with pytest.raises(WorkoutError):
            finish(self.user_id)
        assert rows_of(self.user_id) == [3]

    def test_it_is_saved_and_parked_no_more_once_it_is_mended(self) -> None:
        save_and_clear_session(self.name)
        mend_sealed(self.name)
        assert finish(self.user_id).session_id == uuid.UUID(self.session_id)
        assert parked_reasons() == {}


class DamagedTests(SealedCase, TestCase):
    """The session's keys in Redis hold something that is not a session."""

    def assert_parked(self) -> None:
        with capture_unlimited_logs() as logs:
            assert save_and_clear_session(self.name) is None
        assert [(line["event"], line["exc_info"]) for line in logs] == [("session_parked", True)]
        assert "in Redis" in parked_reasons()[self.name]
        assert sealed_ids() == {self.session_id}

    def test_it_is_parked_if_its_start_is_not_a_time(self) -> None:
        for started in ("noon", "", "1e3", 10**17, 10**30, -1):
            with self.subTest(started=started):
                self.set_field("started", started)
                self.assert_parked()

    def test_it_is_parked_if_its_load_is_none_that_a_finish_brings(self) -> None:
        for load in ("heavy", "", "0", "-5", "1000.01", "NaN", "Infinity", b"\xff"):
            with self.subTest(load=load):
                self.set_field("load_kg", load)
                self.assert_parked()

    def test_it_is_parked_if_its_start_is_missing(self) -> None:
        get_live_store().client.hdel(sealed_keys(self.name).session, "started")
        self.assert_parked()

    def test_it_is_parked_if_it_has_no_rep(self) -> None:
        get_live_store().client.delete(sealed_keys(self.name).timeline)
        self.assert_parked()

    def test_it_is_parked_if_a_rep_is_not_a_number(self) -> None:
        get_live_store().client.rpush(sealed_keys(self.name).timeline, "nonsense")
        self.assert_parked()

    def test_it_is_parked_if_a_refusal_has_an_unknown_reason(self) -> None:
        get_live_store().client.rpush(sealed_keys(self.name).refusals, 7)
        self.assert_parked()

    def test_it_is_parked_if_a_key_has_another_type(self) -> None:
        get_live_store().client.set(sealed_keys(self.name).timeline, "not a list")
        self.assert_parked()


class BugTests(SealedCase, TestCase):
    """Any other error is a bug in Senim."""

    @contextmanager
    def bug(self, error: Exception) -> Iterator[list[Any]]:
        with mock.patch(BUILD, side_effect=error), capture_unlimited_logs() as logs:
            yield logs

    def test_the_session_stays_sealed_and_is_not_parked(self) -> None:
        for error in (LookupError("x"), ValueError("x"), TypeError("x"), OverflowError("x")):
            with self.subTest(error=error), self.bug(error):
                assert save_and_clear_session(self.name) is None
                assert (sealed_ids(), parked_reasons()) == ({self.session_id}, {})

    def test_it_is_logged_with_its_traceback(self) -> None:
        with self.bug(KeyError("total_reps")) as logs:
            save_and_clear_session(self.name)
        (line,) = logs
        assert (line["event"], line["exc_info"]) == ("session_save_failed", True)
        assert line["session_id"] == self.session_id

    def test_a_finish_is_unavailable_and_the_next_one_saves_it(self) -> None:
        with self.bug(ValueError("x")), pytest.raises(WorkoutError) as refusal:
            finish(self.user_id)
        assert refusal.value.code == Code.UNAVAILABLE
        assert finish(self.user_id).session_id == uuid.UUID(self.session_id)


class DatabaseAwayTests(SealedCase, TestCase):
    def test_a_lost_connection_is_raised_and_parks_nothing(self) -> None:
        for error in (OperationalError("gone"), InterfaceError("the connection is closed")):
            with self.subTest(error=error), mock.patch(BUILD, side_effect=error):
                with pytest.raises(type(error)):
                    save_and_clear_session(self.name)
                assert (sealed_ids(), parked_reasons()) == ({self.session_id}, {})


class UnknownExerciseTests(OwnRedis, TransactionTestCase):
    """The database refuses the row only at COMMIT, when it checks the foreign keys."""

    serialized_rollback = True

    def test_it_stays_sealed_and_does_not_hold_up_the_others(self) -> None:
        train(self.user_id, exercise="plank")
        train(self.user_id)
        (refused_id,) = seal(self.user_id, "plank")
        seal(self.user_id)
        assert sweep_sessions(idle_minutes=10**6) == SweepResult(saved=1, left=1)
        assert sealed_ids() == {refused_id}
        assert [name.session_id for name in parked_reasons()] == [refused_id]
        assert rows_of(self.user_id) == [3]

    def test_it_leaves_no_athlete_behind(self) -> None:
        train(self.user_id, exercise="plank")
        (session_id,) = seal(self.user_id, "plank")
        sealed = get_live_store().read(SessionName(self.user_id, "plank", session_id))
        assert sealed is not None
        with pytest.raises(IntegrityError):
            save_sealed_session(sealed)
        assert not Athlete.objects.filter(user_id=self.user_id).exists()
