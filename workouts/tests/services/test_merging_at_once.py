"""Merges that run at once with each other and with saves."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from unittest import mock

from django.db import connection, transaction
from django.test import TransactionTestCase, skipUnlessDBFeature

from workouts.live.sessions import SealedSession
from workouts.models import Athlete, WorkoutSession
from workouts.services import saving
from workouts.services.merging import MergeRefusedError
from workouts.services.rows import build_finished_row
from workouts.services.saving import save_sealed_session
from workouts.tests.support.cast import new_athlete, save_session
from workouts.tests.support.merges import merge, seal

WAIT_S = 20


@skipUnlessDBFeature("has_select_for_update")
class AtOnceTests(TransactionTestCase):
    """Each runs on its own connection. SQLite runs transactions one after the other anyway."""

    serialized_rollback = True

    def setUp(self) -> None:
        self.kept, self.old = (save_session(new_athlete()).athlete_id for _ in range(2))

    def run_beside(self, *acts: Callable[[], Any]) -> tuple[list[threading.Thread], list[Any]]:
        """Start each in a thread; when they end, the list has what they returned or raised."""
        results: list[Any] = []

        def run(act: Callable[[], Any]) -> None:
            try:
                results.append(act())
            except Exception as error:
                results.append(error)
            finally:
                connection.close()

        threads = [threading.Thread(target=run, args=(act,)) for act in acts]
        for thread in threads:
            thread.start()
        return threads, results

    def wait(self, threads: list[threading.Thread]) -> None:
        for thread in threads:
            thread.join(WAIT_S)
            assert not thread.is_alive()

    def wait_for_a_lock(self) -> None:
        """Return once some connection to this database waits for a lock."""
        query = (
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        with connection.cursor() as cursor:
            for _ in range(100_000):
                cursor.execute("SELECT pg_stat_clear_snapshot()")
                cursor.execute(query)
                if cursor.fetchone()[0]:
                    return
        raise AssertionError("nobody waits")

    @contextmanager
    def saving(self, sealed: SealedSession) -> Iterator[list[Any]]:
        """Save a session, and run the block while the save holds the athlete's lock.

        What the save returns or raises is in the list afterwards.
        """
        has_lock, may_go_on = threading.Event(), threading.Event()

        def build_slowly(*args: Any) -> WorkoutSession:
            has_lock.set()
            assert may_go_on.wait(WAIT_S)
            return build_finished_row(*args)

        with mock.patch.object(saving, "build_finished_row", build_slowly):
            threads, results = self.run_beside(lambda: save_sealed_session(sealed))
            try:
                assert has_lock.wait(WAIT_S)
                yield results
            finally:
                may_go_on.set()
                self.wait(threads)

    def test_of_two_merges_in_both_directions_one_is_refused(self) -> None:
        for _ in range(10):
            one, two = (save_session(new_athlete()).athlete_id for _ in range(2))
            barrier = threading.Barrier(2)

            def act(kept: str, merged: str, barrier: threading.Barrier = barrier) -> Any:
                barrier.wait(WAIT_S)
                return merge(kept, merged)

            threads, results = self.run_beside(partial(act, one, two), partial(act, two, one))
            self.wait(threads)
            assert sorted(isinstance(result, MergeRefusedError) for result in results) == [
                False,
                True,
            ], results
            assert Athlete.objects.filter(user_id__in=(one, two), merged_into=None).count() == 1

    def test_a_merge_waits_for_a_save_and_moves_its_session_too(self) -> None:
        with self.saving(seal(self.old)) as saved:
            threads, merged = self.run_beside(lambda: merge(self.kept, self.old))
            self.wait_for_a_lock()
        self.wait(threads)
        assert saved[0].athlete_id == self.old
        assert merged[0].sessions == 2
        assert not WorkoutSession.objects.filter(athlete_id=self.old).exists()

    def test_a_save_waits_for_a_merge_and_goes_to_the_kept_athlete(self) -> None:
        sealed = seal(self.old)
        with transaction.atomic():
            merge(self.kept, self.old)
            threads, results = self.run_beside(lambda: save_sealed_session(sealed))
            self.wait_for_a_lock()
        self.wait(threads)
        assert results[0].athlete_id == self.kept
        assert not WorkoutSession.objects.filter(athlete_id=self.old).exists()

    def test_a_save_under_an_alias_waits_for_a_merge_of_the_kept_athlete(self) -> None:
        newest = save_session(new_athlete()).athlete_id
        merge(self.kept, self.old)
        sealed = seal(self.old)
        with transaction.atomic():
            merge(newest, self.kept)
            threads, results = self.run_beside(lambda: save_sealed_session(sealed))
            self.wait_for_a_lock()
        self.wait(threads)
        assert results[0].athlete_id == newest

    def test_a_merge_of_the_kept_athlete_waits_for_a_save_under_an_alias(self) -> None:
        newest = save_session(new_athlete()).athlete_id
        merge(self.kept, self.old)
        with self.saving(seal(self.old)) as saved:
            threads, merged = self.run_beside(lambda: merge(newest, self.kept))
            self.wait_for_a_lock()
        self.wait(threads)
        assert saved[0].athlete_id == self.kept
        assert merged[0].sessions == 3
        assert set(WorkoutSession.objects.values_list("athlete_id", flat=True)) == {newest}
