"""The garbage collector, kept from making every rep wait.

A full collection looks at each object: 100 ms for all that Senim loads, and as much again for 2,000
sockets. Python starts one whenever a quarter of the objects are new, so a crowd that connects would
cause several in a row. But sockets need them: what a closed one leaves behind refers to itself.
"""

import gc
import threading
import time
from collections.abc import Callable

from senim.allocator import give_memory_back

# the first two generations, which are young, are bounded by 2,000 and 20,000 objects: 4 ms
THRESHOLDS = (2_000, 10, 1_000_000)
LOOK_EVERY_S = 5.0
COLLECT_EVERY_S = 600.0
MANY_CLOSED = 200  # connections: 5 MB
MAX_SHARE = 0.005  # of the time may go into full collections


class FullCollections:
    """Starts full collections now and then: after many connections closed, or ten minutes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._closed = 0
        self._collected_at = clock()
        self._rest_s = 0.0

    def note_closed_connection(self) -> None:
        self._closed += 1

    def collect_if_due(self) -> bool:
        """Collect if it is time, and return whether it was."""
        rested_s = self._clock() - self._collected_at
        if rested_s < self._rest_s or (self._closed < MANY_CLOSED and rested_s < COLLECT_EVERY_S):
            return False
        self._closed = 0
        began = self._clock()
        gc.collect()
        give_memory_back()
        self._collected_at = self._clock()
        self._rest_s = (self._collected_at - began) / MAX_SHARE
        return True

    def run(self) -> None:
        while True:
            time.sleep(LOOK_EVERY_S)
            self.collect_if_due()


full_collections = FullCollections()


def spare_event_loop() -> None:
    """Leave out what is loaded now from collections, and start full ones only now and then."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    threading.Thread(target=full_collections.run, name="garbage", daemon=True).start()
