"""How far a device's clock is off."""

MAX_HELLO_DELAY_MS = 10_000


class SocketClockOffset:
    """What is added to a device's times to get the server's: `ms`, as measured by its hellos.

    A hello can only be delayed, which makes the offset too large. So of several hellos before a rep
    the smallest offset counts, unless a new one is larger by 10 s or more: no hello takes that
    long, so the device's clock was set.
    """

    __slots__ = ("_is_used", "ms")

    def __init__(self) -> None:
        self.ms = 0
        self._is_used = True  # by a rep, since the last hello

    def measure(self, *, device_ms: int, server_ms: int) -> None:
        """Take both clocks: the device's when it sent a hello, the server's when it arrived."""
        offset_ms = server_ms - device_ms
        if self._is_used or offset_ms < self.ms or offset_ms - self.ms >= MAX_HELLO_DELAY_MS:
            self.ms = offset_ms
        self._is_used = False

    def correct(self, at_ms: int | None) -> int | None:
        """Return the time of a rep by the server's clock, None if the device gave none."""
        self._is_used = True
        return None if at_ms is None else at_ms + self.ms
