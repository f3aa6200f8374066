"""The memory of a service: its process and its workers, without its Redis."""

import threading
from collections.abc import Callable

from bench.processes import read_rss_kib

READ_EVERY_S = 0.2


def read_rss_mb(pid: int) -> float:
    """Return the resident memory of a service's processes; 0 if it has ended."""
    return read_rss_kib(pid) / 1024


class MemoryWatch(threading.Thread):
    """Records the most memory that a service uses, and calls once if it is over a limit."""

    def __init__(self, pid: int, limit_mb: float, on_limit: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self.pid, self.limit_mb, self.on_limit = pid, limit_mb, on_limit
        self.most_mb, self.is_over_limit = 0.0, False
        self._is_done = threading.Event()

    def run(self) -> None:
        while not self._is_done.wait(READ_EVERY_S):
            self.most_mb = max(self.most_mb, read_rss_mb(self.pid))
            if self.most_mb > self.limit_mb and not self.is_over_limit:
                self.is_over_limit = True
                self.on_limit()

    def stop(self) -> None:
        self._is_done.set()
        self.join()
