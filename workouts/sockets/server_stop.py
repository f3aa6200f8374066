"""The server's stop, which ends what sockets wait for."""

import asyncio
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

# For requests in progress, all that are still queued included. Almost all take milliseconds; one
# that is given up may still be done, as after any timeout.
GRACE_S = 3.0


class ServerStop:
    """Knows whether the event loop's server is stopping."""

    def __init__(self) -> None:
        self._begun = asyncio.Event()
        self._ends_at: float | None = None
        self._bounded: set[asyncio.Timeout] = set()

    def begin(self) -> None:
        """End every pause now, and every bounded wait in GRACE_S. Only the first call counts."""
        if self._ends_at is not None:
            return
        self._ends_at = asyncio.get_running_loop().time() + GRACE_S
        self._begun.set()
        for timeout in self._bounded:
            timeout.reschedule(self._ends_at)

    async def pause(self, seconds: float) -> None:
        """Sleep for so long, or until the server stops."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._begun.wait()

    @asynccontextmanager
    async def bounding(self) -> AsyncIterator[None]:
        """Give up the block, with TimeoutError, GRACE_S after the server begins to stop."""
        async with asyncio.timeout_at(self._ends_at) as timeout:
            self._bounded.add(timeout)
            try:
                yield
            finally:
                self._bounded.discard(timeout)


_stops: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, ServerStop] = (
    weakref.WeakKeyDictionary()
)


def get_server_stop() -> ServerStop:
    """Return the stop of the running event loop's server."""
    loop = asyncio.get_running_loop()
    stop = _stops.get(loop)
    if stop is None:
        stop = _stops[loop] = ServerStop()
    return stop
