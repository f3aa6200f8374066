"""Spares callers the wait for a part that is away."""

import threading
import time


class CircuitBreaker:
    """After a failure only one caller in `retry_s` seconds is to try the part again, until one succeeds. Safe in threads."""

    def __init__(self, retry_s: float) -> None:
        self._retry_s = retry_s
        self._lock = threading.Lock()
        self._broken = False
        self._try_at = 0.0

    def allows(self) -> bool:
        """Return whether to try the part now; then tell what came of it."""
        with self._lock:
            if not self._broken:
                return True
            now = time.monotonic()
            if now < self._try_at:
                return False
            self._try_at = now + self._retry_s
            return True

    def tell(self, *, works: bool) -> None:
        """Tell whether the part answered."""
        with self._lock:
            self._broken = not works
            self._try_at = time.monotonic() + self._retry_s
