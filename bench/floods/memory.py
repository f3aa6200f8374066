"""The memory of a service: its process and its workers, without its Redis."""

import re
import threading
from collections.abc import Callable
from pathlib import Path

READ_EVERY_S = 0.2


def read_rss_mb(pid: int) -> float:
    """Return the resident memory of a Python process and its Python children (proc_pid_status(5)).

    0 if it has ended.
    """
    try:
        found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0.0
    own_mb = int(found[1]) / 1024 if found else 0.0
    return own_mb + sum(read_rss_mb(int(child)) for child in children if is_python(int(child)))


def is_python(pid: int) -> bool:
    try:
        return "python" in Path(f"/proc/{pid}/exe").readlink().name
    except OSError:
        return False


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
