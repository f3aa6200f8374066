"""How much one socket may send before it has to wait for its turn to be read."""

import time
from collections.abc import Callable

# in bytes: what a frame costs the server beside its own bytes, which is most of its cost
FRAME_COST = 64
# An athlete makes at most 4 reps a second, of about 50 bytes on a plain socket and 90 on a
# senim.v1 one. A phone that reconnects sends up to 70 reps at once before it has to wait.
BYTES_PER_SECOND = 2048
CAPACITY = 8192
# Pings, pongs and empty fragments that may come without a message between them. A client that
# pings every second and trains once a day stays far below both.
MAX_IDLE_FRAMES = 1000
IDLE_FRAMES_PER_SECOND = 10


class FrameBudget:
    """Token buckets of one socket: bytes of frames, and frames that carry nothing.

    `clock` (s) is read only when a bucket runs out, since it would cost more than the rest. So
    after a silence a bucket may give twice its capacity. Whoever sees a whole message sets
    `idle_frames_left` to MAX_IDLE_FRAMES again.
    """

    __slots__ = ("_bytes", "_clock", "_filled_at", "_idle_filled_at", "idle_frames_left")

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._bytes = CAPACITY
        self.idle_frames_left = MAX_IDLE_FRAMES
        self._filled_at = self._idle_filled_at = clock()

    def allows(self) -> bool:
        """Return whether the socket may be read at once."""
        if self._bytes > 0:
            return True
        now = self._clock()
        grown = int((now - self._filled_at) * BYTES_PER_SECOND)
        if grown > 0:
            self._bytes = min(CAPACITY, self._bytes + grown)
            self._filled_at = now
        return self._bytes > 0

    def spend(self, number_of_bytes: int, frames: int) -> None:
        """Take what was read, which may be more than there is; a debt is capped at one capacity."""
        left = self._bytes - number_of_bytes - frames * FRAME_COST
        self._bytes = left if left > -CAPACITY else -CAPACITY

    def take_idle_frame(self) -> bool:
        """Note a frame that carries nothing; return False if there were too many of them."""
        self.idle_frames_left -= 1
        if self.idle_frames_left > 0:
            return True
        now = self._clock()
        self.idle_frames_left += int((now - self._idle_filled_at) * IDLE_FRAMES_PER_SECOND)
        self.idle_frames_left = min(self.idle_frames_left, MAX_IDLE_FRAMES)
        self._idle_filled_at = now
        return self.idle_frames_left > 0
