"""Log lines that clients can cause: one a second of each kind is written, however many there are.

The rest are counted, and the next line of the same kind says how many there were.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import structlog

EVERY_S = 1.0
log = structlog.get_logger(__name__)


class LogLimit:
    """Writes at most one line a second for each event and kind. Threads may share it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._next_at: dict[tuple[str, str], float] = {}
        self._left_out: Counter[tuple[str, str]] = Counter()

    def write(
        self, event: str, *, kind: str = "", level: int = logging.WARNING, **fields: Any
    ) -> None:
        """Log a line, or count it if the last one of its kind is less than a second old.

        Both names come from a small set in the code, never from a client. A line after some that
        were left out says how many: `repeats=N`.
        """
        key = (event, kind)
        with self._lock:
            now = self._clock()
            if now < self._next_at.get(key, now):
                self._left_out[key] += 1
                return
            self._next_at[key] = now + EVERY_S
            left_out = self._left_out.pop(key, 0)
        if kind:
            fields["kind"] = kind
        if left_out:
            fields["repeats"] = left_out
        log.log(level, event, **fields)


limit_log = LogLimit().write
