"""What a socket's consumer receives."""

import asyncio

from uvicorn._types import ASGIReceiveEvent


class ReceiveQueue:
    """A queue with one reader. asyncio's has room for many, and takes ten times the memory."""

    __slots__ = ("_reader", "events")

    def __init__(self) -> None:
        self.events: list[ASGIReceiveEvent] = []
        self._reader: asyncio.Future[None] | None = None

    @property
    def is_waited_for(self) -> bool:
        """Whether it is empty and its reader waits."""
        return self._reader is not None and not self._reader.done()

    def put_nowait(self, event: ASGIReceiveEvent) -> None:
        self.events.append(event)
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    async def get(self) -> ASGIReceiveEvent:
        while not self.events:
            self._reader = asyncio.get_running_loop().create_future()
            await self._reader
        return self.events.pop(0)

    def qsize(self) -> int:
        return len(self.events)

    def empty(self) -> bool:
        return not self.events
