"""When the garbage collector looks at everything."""

import gc

from django.test import SimpleTestCase

from senim.garbage import COLLECT_EVERY_S, MANY_CLOSED, FullCollections


class Node:
    """Refers to itself, as what a closed socket leaves behind does."""

    freed = 0

    def __init__(self) -> None:
        self.node = self

    def __del__(self) -> None:
        Node.freed += 1


class FullCollectionTests(SimpleTestCase):
    def setUp(self) -> None:
        self.now = 1000.0
        self.collections = FullCollections(clock=lambda: self.now)
        Node.freed = 0
        gc.disable()
        self.addCleanup(gc.enable)

    def close_connections(self, number: int) -> None:
        for _ in range(number):
            self.collections.note_closed_connection()

    def test_it_collects_once_many_connections_closed(self) -> None:
        Node()
        self.close_connections(MANY_CLOSED - 1)
        assert not self.collections.collect_if_due()
        assert Node.freed == 0
        self.close_connections(1)
        assert self.collections.collect_if_due()
        assert Node.freed == 1
        assert not self.collections.collect_if_due()

    def test_it_collects_every_ten_minutes_anyway(self) -> None:
        self.now += COLLECT_EVERY_S
        assert self.collections.collect_if_due()
        assert not self.collections.collect_if_due()

    def test_a_long_collection_is_followed_by_a_long_rest(self) -> None:
        self.close_connections(MANY_CLOSED)
        times = iter([1000.0, 1000.0, 1000.0, 1001.0, 1100.0, 1201.0, 1201.0, 1201.0])
        collections = FullCollections(clock=lambda: next(times))
        for due in (True, False, True):  # it took 1 s, so it rests for 200
            for _ in range(MANY_CLOSED):
                collections.note_closed_connection()
            assert collections.collect_if_due() is due
