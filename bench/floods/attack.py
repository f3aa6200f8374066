"""One attack: its clients, until when they go on, and what they got done."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from workouts.simulation.raw_socket import (
    SimulatedHandshakeRefused,
    SimulatedRawSocket,
    SocketClosed,
)

# short, but not so short that the reconnecting alone is the attack
RECONNECT_S = 0.1
STARTED_AT_ONCE, START_PAUSE_S = 50, 0.05
# ValueError: an answer that was cut is no answer
CUT = (OSError, EOFError, ValueError, asyncio.LimitOverrunError)
Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Attack:
    """What all clients of one kind share; `ends_at` is by time.monotonic()."""

    url: str
    ends_at: float
    done: Counter[str] = field(default_factory=Counter)

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    def is_on(self) -> bool:
        return time.monotonic() < self.ends_at

    def connect(self, user_id: str, subprotocol: str = "") -> Awaitable[SimulatedRawSocket]:
        return SimulatedRawSocket.connect(
            self.url, f"/ws/workout?user_id={user_id}", subprotocol=subprotocol
        )

    @contextlib.asynccontextmanager
    async def open_stream(self) -> AsyncIterator[Stream]:
        """Open a TCP connection, and reset it at the end."""
        parts = urlsplit(self.url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            yield reader, writer
        finally:
            writer.transport.abort()

    async def pour(
        self, writer: asyncio.StreamWriter, data: bytes, name: str, number: int, most: float = 1e12
    ) -> None:
        """Write the data again and again, as fast as it is read, `most` bytes in all.

        Counts `number` under the name each time.
        """
        written = 0
        while self.is_on() and written < most:
            writer.write(data)
            written += len(data)
            self.done[name] += number
            await writer.drain()
            await asyncio.sleep(0)  # drain alone yields to nobody while there is space


Client = Callable[[Attack, int], Awaitable[Any]]


async def attack_with(attack: Attack, client: Client, number: int) -> None:
    """Run this many clients until the attack ends; one that is cut comes again."""
    async with asyncio.TaskGroup() as group:
        for which in range(number):
            group.create_task(keep_up(attack, client, which))
            if which % STARTED_AT_ONCE == STARTED_AT_ONCE - 1:
                await asyncio.sleep(START_PAUSE_S)


async def keep_up(attack: Attack, client: Client, which: int) -> None:
    while attack.is_on():
        try:
            async with asyncio.timeout(attack.ends_at - time.monotonic()):
                await client(attack, which)
                attack.done["ended"] += 1
        except SocketClosed as closed:
            attack.done[f"closed {closed.code} {closed.reason}".strip()] += 1
        except SimulatedHandshakeRefused as refused:
            attack.done[f"refused {refused.status}"] += 1
        except TimeoutError:
            attack.done["alive" if not attack.is_on() else "timed out"] += 1
        except CUT:
            attack.done["cut"] += 1
        await asyncio.sleep(RECONNECT_S)
