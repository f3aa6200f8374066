"""A circuit breaker: spares callers the wait for a service that is unavailable."""

import threading
import time


class CircuitBreaker:
    """Opens after a failure and closes after a success. Thread-safe.

    While it is open, it lets one caller in `retry_s` seconds try.
    """

    def __init__(self, retry_s: float) -> None:
        self._retry_s = retry_s
        self._lock = threading.Lock()
        self._is_open = False
        self._try_at = 0.0

    def allows(self) -> bool:
        """Return whether the caller may try now. One that tries must record() how it went."""
        with self._lock:
            if not self._is_open:
                return True
            now = time.monotonic()
            if now < self._try_at:
                return False
            self._try_at = now + self._retry_s
            return True

    def record(self, *, works: bool) -> None:
        """Record whether the service answered."""
        with self._lock:
            self._is_open = not works
            self._try_at = time.monotonic() + self._retry_s
