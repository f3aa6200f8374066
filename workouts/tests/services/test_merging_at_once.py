"""Merges at once with each other, and with saves."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.test import TransactionTestCase, skipUnlessDBFeature

from workouts.models import Athlete, WorkoutSession
from workouts.services.finishing import save_sealed
from workouts.services.merging import MergeRefusedError, lock_athlete
from workouts.tests.support.cast import new_athlete, save_session
from workouts.tests.support.merges import merge, seal

WAIT_S = 20


@skipUnlessDBFeature("has_select_for_update")
class AtOnceTests(TransactionTestCase):
    """Connections of their own. On SQLite transactions come one after the other in any case."""

    serialized_rollback = True

    def setUp(self) -> None:
        self.kept, self.old = (save_session(new_athlete()).athlete_id for _ in range(2))

    def run_beside(self, *acts: Callable[[], Any]) -> tuple[list[threading.Thread], list[Any]]:
        """Start each in a thread; what they return or raise is in the list by the time they end."""
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
        """Return once some connection of this database waits for another's lock."""
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        with connection.cursor() as cursor:
            for _ in range(100_000):
                cursor.execute("SELECT pg_stat_clear_snapshot()")
                cursor.execute(query)
                if cursor.fetchone()[0]:
                    return
        raise AssertionError("nobody waits")

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

    def test_a_merge_waits_for_a_save_and_takes_it_along(self) -> None:
        sealed = seal(self.old)
        with transaction.atomic():
            assert lock_athlete(self.old) == self.old
            threads, results = self.run_beside(lambda: merge(self.kept, self.old))
            self.wait_for_a_lock()
            save_sealed(sealed)
        self.wait(threads)
        assert results[0].sessions == 2
        assert not WorkoutSession.objects.filter(athlete_id=self.old).exists()

    def test_a_save_waits_for_a_merge_and_goes_to_the_kept_one(self) -> None:
        sealed = seal(self.old)
        with transaction.atomic():
            merge(self.kept, self.old)
            threads, results = self.run_beside(lambda: save_sealed(sealed))
            self.wait_for_a_lock()
        self.wait(threads)
        assert results[0].athlete_id == self.kept
        assert not WorkoutSession.objects.filter(athlete_id=self.old).exists()

    def test_a_save_under_an_alias_waits_for_a_merge_of_the_kept_one(self) -> None:
        newest = save_session(new_athlete()).athlete_id
        merge(self.kept, self.old)
        sealed = seal(self.old)
        with transaction.atomic():
            merge(newest, self.kept)
            threads, results = self.run_beside(lambda: save_sealed(sealed))
            self.wait_for_a_lock()
        self.wait(threads)
        assert results[0].athlete_id == newest

    def test_a_merge_of_the_kept_one_waits_for_a_save_under_its_alias(self) -> None:
        newest = save_session(new_athlete()).athlete_id
        merge(self.kept, self.old)
        sealed = seal(self.old)
        with transaction.atomic():
            assert lock_athlete(self.old) == self.kept
            threads, results = self.run_beside(lambda: merge(newest, self.kept))
            self.wait_for_a_lock()
            save_sealed(sealed)
        self.wait(threads)
        assert results[0].sessions == 3
        assert set(WorkoutSession.objects.values_list("athlete_id", flat=True)) == {newest}
