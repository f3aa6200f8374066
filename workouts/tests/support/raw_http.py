"""Requests over bare TCP connections, as other clients would not send them."""

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self

from workouts.tests.support.service import Service

ANSWER_S = 30.0


class RawConnection:
    """A TCP connection on which each wait has a deadline."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def open(cls, service: Service) -> Self:
        return cls(*await asyncio.open_connection("127.0.0.1", service.port))

    def send(self, text: str) -> None:
        self.writer.write(text.encode())

    async def read_status(self) -> int:
        """Read one answer and return its status; 0 if the server closed the connection."""
        try:
            async with asyncio.timeout(ANSWER_S):
                head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
                if b"content-length:" in head:
                    length = int(head.split(b"content-length:")[1].split()[0])
                    await self.reader.readexactly(length)
        except (EOFError, OSError):
            return 0
        return int(head.split(maxsplit=2)[1])

    async def read_statuses(self) -> list[int]:
        """Return the statuses of all answers until the server closes the connection."""
        statuses = []
        while status := await self.read_status():
            statuses.append(status)
        return statuses

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.writer.transport.abort()
        with suppress(OSError):
            await self.writer.wait_closed()
