"""The exercises in memory: shared by many threads, fresh within seconds, kept over outages."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest.mock import patch

import pytest
from asgiref.sync import sync_to_async
from django.db import DatabaseError, connection
from django.test import TestCase, TransactionTestCase

from workouts.exceptions import Code, WorkoutError
from workouts.models import Exercise
from workouts.sockets.catalogue import REFRESH_S, ExerciseCatalogue, ExerciseLimits
from workouts.tests.support.cast import gates

DEADLINE_S = 60.0


def find_squat(catalogue: ExerciseCatalogue) -> ExerciseLimits:
    squat = catalogue.find("squat")
    assert squat is not None
    return squat


class RefreshTests(TestCase):
    def setUp(self) -> None:
        self.catalogue = ExerciseCatalogue()
        self.catalogue.refresh()

    def test_it_knows_the_exercises(self) -> None:
        assert find_squat(self.catalogue).gates == gates(450, max_per_minute=85)
        assert len(self.catalogue.active_slugs()) == 16

    def test_it_reads_them_again_after_a_while(self) -> None:
        Exercise.objects.filter(slug="squat").update(
            active=False, min_interval_ms=500, max_per_minute=60, max_per_session=300
        )
        self.catalogue.looked_at -= REFRESH_S
        self.catalogue.refresh()
        squat = find_squat(self.catalogue)
        assert squat.gates == gates(500, max_per_minute=60, max_per_session=300)
        assert not squat.active
        assert "squat" not in self.catalogue.active_slugs()

    def test_it_does_not_read_them_again_at_once(self) -> None:
        with self.assertNumQueries(0):
            self.catalogue.refresh()

    def test_it_gives_an_exercise_that_is_switched_on(self) -> None:
        assert self.catalogue.get_active("squat") is self.catalogue.find("squat")

    def test_it_refuses_an_exercise_that_is_switched_off_or_unknown(self) -> None:
        Exercise.objects.filter(slug="squat").update(active=False)
        self.catalogue.looked_at -= REFRESH_S
        self.catalogue.refresh()
        for slug in ("squat", "unicorn_ride", ""):
            with pytest.raises(WorkoutError, match=r"known: .*battle_rope") as caught:
                self.catalogue.get_active(slug)
            assert caught.value.code == Code.UNKNOWN_EXERCISE


class TogetherTests(TransactionTestCase):
    serialized_rollback = True

    def test_threads_that_ask_at_once_all_wait_for_the_first_read(self) -> None:
        catalogue, found = ExerciseCatalogue(), []
        barrier = threading.Barrier(6)

        def look() -> None:
            barrier.wait()
            catalogue.refresh()
            found.append(catalogue.find("squat"))
            connection.close()

        threads = [threading.Thread(target=look) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(DEADLINE_S)
        assert len(found) == 6
        assert None not in found


class RecoveryTests(TransactionTestCase):
    serialized_rollback = True

    @contextmanager
    def table_gone(self) -> Iterator[None]:
        """Have PostgreSQL refuse to read the exercises."""
        self.rename_table("workouts_exercise", "workouts_gone")
        try:
            yield
        finally:
            self.rename_table("workouts_gone", "workouts_exercise")

    def rename_table(self, old: str, new: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {old} RENAME TO {new}")

    def test_it_keeps_the_last_known_exercises_while_the_database_fails(self) -> None:
        catalogue = ExerciseCatalogue()
        catalogue.refresh()
        known = find_squat(catalogue)
        catalogue.looked_at -= REFRESH_S
        with self.table_gone():
            catalogue.refresh()
        assert find_squat(catalogue) is known

    def test_it_fails_if_the_exercises_were_never_read(self) -> None:
        with self.table_gone(), pytest.raises(DatabaseError):
            ExerciseCatalogue().refresh()

    async def test_a_change_applies_once_the_database_is_back(self) -> None:
        catalogue = ExerciseCatalogue()
        rename_table = sync_to_async(self.rename_table)
        with patch("workouts.sockets.catalogue.REFRESH_S", 0.05):
            await catalogue.follow()
            await rename_table("workouts_exercise", "workouts_gone")
            try:
                began = catalogue.looked_at
                await self.wait_until(lambda: catalogue.looked_at > began + 0.1)  # it has failed
                assert find_squat(catalogue).gates == gates(450, max_per_minute=85)
            finally:
                await rename_table("workouts_gone", "workouts_exercise")
            await Exercise.objects.filter(slug="squat").aupdate(min_interval_ms=500)
            changed = gates(500, max_per_minute=85)
            await self.wait_until(lambda: find_squat(catalogue).gates == changed)
            catalogue.unfollow()

    async def test_it_goes_on_after_an_error_of_its_own(self) -> None:
        catalogue = FailingCatalogue()
        with patch("workouts.sockets.catalogue.REFRESH_S", 0.05):
            await catalogue.follow()
            await self.wait_until(lambda: catalogue.reads > 2)
        catalogue.unfollow()

    async def test_it_reads_no_more_once_nobody_follows(self) -> None:
        catalogue = ExerciseCatalogue()
        await catalogue.follow()
        await catalogue.follow()
        catalogue.unfollow()
        task = catalogue._task
        assert task is not None
        catalogue.unfollow()
        await asyncio.wait_for(asyncio.wait({task}), DEADLINE_S)
        assert task.cancelled()

    async def wait_until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while not condition():
                await asyncio.sleep(0.01)


class FailingCatalogue(ExerciseCatalogue):
    """Has a bug in every read after the first."""

    reads = 0

    def refresh(self) -> None:
        self.reads += 1
        if self.reads > 1:
            raise TypeError("a bug")
        super().refresh()
