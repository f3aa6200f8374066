"""Forgetting an athlete beside finishes: the lock on the athlete decides which comes first."""

import threading
from collections.abc import Callable
from multiprocessing.pool import ThreadPool
from typing import Any
from unittest import mock

from django.db import connection
from django.test import TransactionTestCase, override_settings, skipUnlessDBFeature

from workouts.exceptions import WorkoutError
from workouts.models import WorkoutSession
from workouts.services import saving
from workouts.services.personal_data import forgetting
from workouts.services.personal_data.forgetting import forget_athlete
from workouts.services.personal_data.persons import UnknownAthleteError
from workouts.services.personal_data.tombstones import AthleteForgottenError
from workouts.services.rows import build_finished_row
from workouts.services.saving import save_sealed_session
from workouts.tests.support.cast import STARTED_MS, save_session, train
from workouts.tests.support.merges import seal as read_sealed
from workouts.tests.support.people import find_rows_with
from workouts.tests.support.sealed import OwnRedis, finish, sealed_ids

WAIT_S = 20
LOCKED = (
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def on_own_connection(act: Callable[[], Any]) -> Any:
    try:
        return act()
    except Exception as error:
        return error
    finally:
        connection.close()


def wait_for_a_lock() -> None:
    with connection.cursor() as cursor:
        for _ in range(100_000):
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(LOCKED)
            if cursor.fetchone()[0]:
                return
    raise AssertionError("nobody waits")


class Gate:
    """Wraps a function: says when it was called, and lets it go on when told to."""

    def __init__(self, act: Callable[..., Any]) -> None:
        self._act = act
        self.reached, self.opened = threading.Event(), threading.Event()

    def __call__(self, *args: Any, **options: Any) -> Any:
        self.reached.set()
        assert self.opened.wait(WAIT_S)
        return self._act(*args, **options)


@override_settings(SENIM_AUTH="token")
@skipUnlessDBFeature("has_select_for_update")
class AtOnceTests(OwnRedis, TransactionTestCase):
    """Each runs on its own connection. SQLite runs transactions one after the other anyway."""

    serialized_rollback = True

    def setUp(self) -> None:
        super().setUp()
        save_session(self.user_id)
        pool = self.enterContext(ThreadPool(8))
        self.start = lambda act: pool.apply_async(on_own_connection, [act])

    def forget(self) -> Any:
        return forget_athlete(self.user_id, keep_totals=False)

    def check_nothing_is_saved(self) -> None:
        assert [*find_rows_with([self.user_id])] == []

    def test_a_save_that_waits_for_a_forgetting_finds_a_tombstone(self) -> None:
        sealed, gate = read_sealed(self.user_id), Gate(forgetting.erase_person)
        with mock.patch.object(forgetting, "erase_person", gate):
            forgotten = self.start(self.forget)
            assert gate.reached.wait(WAIT_S)
            saved = self.start(lambda: save_sealed_session(sealed))
            wait_for_a_lock()
            gate.opened.set()
            assert isinstance(saved.get(WAIT_S), AthleteForgottenError)
            assert forgotten.get(WAIT_S).sessions == 1
        self.check_nothing_is_saved()

    def test_a_forgetting_waits_for_a_save_and_erases_its_session_too(self) -> None:
        sealed, gate = read_sealed(self.user_id), Gate(build_finished_row)
        with mock.patch.object(saving, "build_finished_row", gate):
            saved = self.start(lambda: save_sealed_session(sealed))
            assert gate.reached.wait(WAIT_S)
            forgotten = self.start(self.forget)
            wait_for_a_lock()
            gate.opened.set()
            assert isinstance(saved.get(WAIT_S), WorkoutSession)
            assert forgotten.get(WAIT_S).sessions == 2
        self.check_nothing_is_saved()

    def test_finishes_and_forgettings_at_once_leave_nothing(self) -> None:
        def train_and_finish(number: int) -> Any:
            train(self.user_id, started_ms=STARTED_MS + number * 60_000)
            return finish(self.user_id)

        runs = []
        for number in range(12):
            act = self.forget if number % 4 == 2 else lambda number=number: train_and_finish(number)
            runs.append(self.start(act))
        results = [run.get(3 * WAIT_S) for run in runs]
        unexpected = [
            result
            for result in results
            if isinstance(result, Exception)
            and not isinstance(result, (WorkoutError, UnknownAthleteError, AssertionError))
        ]
        assert unexpected == [], results
        self.check_nothing_is_saved()
        assert sealed_ids() == set()
