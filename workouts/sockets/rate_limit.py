"""How many messages a socket may send."""

import math
import time
from collections.abc import Callable


class SocketRateLimit:
    """A token bucket of `burst` messages, filled by `per_second`.

    `clock` (seconds) is read only when the tokens run out, since a call per message would cost more
    than it is worth: after a silence the bucket may give two bursts instead of one.
    """

    __slots__ = ("_capacity", "_clock", "_filled_at", "_per_second", "_tokens", "refused_in_a_row")

    def __init__(
        self, per_second: int, burst: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_second = per_second
        self._capacity = self._tokens = float(burst)
        self._clock = clock
        self._filled_at = clock()
        self.refused_in_a_row = 0  # without a pause that fills the bucket

    @property
    def retry_after_ms(self) -> int:
        """The ms until the next token."""
        return math.ceil(1000 / self._per_second)

    def allows(self) -> bool:
        """Take a token and return whether there was one."""
        if self._tokens < 1:
            self._fill()
            if self._tokens < 1:
                self.refused_in_a_row += 1
                return False
        self._tokens -= 1
        return True

    def _fill(self) -> None:
        now = self._clock()
        self._tokens += (now - self._filled_at) * self._per_second
        self._filled_at = now
        if self._tokens >= self._capacity:
            self._tokens = self._capacity
            self.refused_in_a_row = 0
