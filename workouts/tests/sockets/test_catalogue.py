"""The exercises in memory: shared by many at once, fresh within seconds."""

import asyncio
import threading

from django.db import DatabaseError, connection
from django.test import SimpleTestCase, TestCase, TransactionTestCase

from workouts.models import Exercise
from workouts.sockets.catalogue import Catalogue
from workouts.tests.support.cast import gates


class RefreshTests(TestCase):
    def test_it_knows_the_exercises(self) -> None:
        catalogue = Catalogue()
        catalogue.refresh()
        squat = catalogue.find("squat")
        assert squat is not None
        assert squat.gates == gates(450, max_per_minute=85)
        assert len(catalogue.active_slugs()) == 16

    def test_it_looks_again_after_a_while(self) -> None:
        catalogue = Catalogue()
        catalogue.refresh()
        Exercise.objects.filter(slug="squat").update(
            active=False, min_interval_ms=500, max_per_minute=60, max_per_session=300
        )
        catalogue.looked_at -= 60
        catalogue.refresh()
        squat = catalogue.find("squat")
        assert squat is not None
        assert (squat.gates, squat.active) == (
            gates(500, max_per_minute=60, max_per_session=300),
            False,
        )
        assert "squat" not in catalogue.active_slugs()


class TogetherTests(TransactionTestCase):
    serialized_rollback = True

    def test_it_lets_nobody_go_before_the_first_look(self) -> None:
        catalogue, found = Catalogue(), []
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
            thread.join(20)
        assert len(found) == 6
        assert None not in found


class FailingCatalogue(Catalogue):
    """Its first looks fail, as while the database is away."""

    def __init__(self, failures: int) -> None:
        super().__init__()
        self.failures = failures
        self.looks = 0

    def refresh(self) -> None:
        self.looks += 1
        if self.looks <= self.failures:
            raise DatabaseError("away")


class FollowTests(SimpleTestCase):
    async def test_it_goes_on_looking_after_a_look_that_failed(self) -> None:
        catalogue = FailingCatalogue(1)
        catalogue.by_slug = {"squat": None}  # type: ignore[dict-item]
        await catalogue.follow()
        async with asyncio.timeout(20):
            while catalogue.looks < 2:
                await asyncio.sleep(0.05)
        catalogue.unfollow()
