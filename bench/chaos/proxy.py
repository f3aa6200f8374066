"""A small TCP proxy between clients and apps, which cuts, deafens, stalls and refuses."""

import asyncio
import random
from collections import Counter
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

CHUNK_BYTES = 65536


class Link:
    """A socket through the proxy; nothing flows while `up` (to the app) or `down` is cleared."""

    def __init__(self, client: asyncio.StreamWriter, app: asyncio.StreamWriter) -> None:
        self.writers = (client, app)
        self.up = asyncio.Event()
        self.down = asyncio.Event()
        self.heal()

    def heal(self) -> None:
        self.up.set()
        self.down.set()

    def abort(self) -> None:
        self.heal()
        for writer in self.writers:
            writer.transport.abort()


class Proxy:
    """Passes each socket to an app, or to the other one if the first refuses."""

    def __init__(self, ports: list[int], seed: int) -> None:
        self.ports = ports
        self.chance = random.Random(f"proxy {seed}")
        self.links: set[Link] = set()
        self.held: set[Link] = set()  # opened while sockets were stalled
        self.refusing = self.holding = False
        self.done: Counter[str] = Counter()
        self.sockets_hit = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> int:
        """Listen, and return the port."""
        self.server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return int(self.server.sockets[0].getsockname()[1])

    def close(self) -> None:
        self.server.close()
        for link in list(self.links):
            link.abort()

    # --- faults

    async def cut(self, share: float, lasts_s: float) -> None:
        """Reset a share of the sockets, with what is in flight in them."""
        for link in self._choose("cut", share):
            link.abort()

    async def deafen(self, share: float, lasts_s: float) -> None:
        """Hold back answers, then reset: the service did the work, but the ack is lost."""
        self._spawn(self._hold("deafen", share, lasts_s, ("down",), abort=True))

    async def stall(self, share: float, lasts_s: float) -> None:
        """Hold a share of the sockets for a while, then pass everything at once, as a radio does.

        New sockets are held too, so that a hello, which sets the clock's offset, comes late.
        """
        self.holding = True
        self._spawn(self._hold("stall", share, lasts_s, ("up", "down"), abort=False))

    async def refuse(self, share: float, lasts_s: float) -> None:
        """Reset every new socket for a while."""
        self.done["refuse"] += 1
        self.refusing = True
        await asyncio.sleep(lasts_s)
        self.refusing = False

    def heal(self) -> None:
        self.refusing = self.holding = False
        for link in self.links:
            link.heal()

    def _choose(self, kind: str, share: float) -> list[Link]:
        self.done[kind] += 1
        chosen = [link for link in self.links if self.chance.random() < share]
        self.sockets_hit += len(chosen)
        return chosen

    async def _hold(
        self, kind: str, share: float, lasts_s: float, ways: tuple[str, ...], *, abort: bool
    ) -> None:
        links = self._choose(kind, share)
        for link in links:
            for way in ways:
                getattr(link, way).clear()
        await asyncio.sleep(lasts_s)
        for link in links:
            if abort:
                link.abort()
            link.heal()
        if kind == "stall":
            self._release()

    def _release(self) -> None:
        self.holding = False
        for link in self.held:
            link.heal()
        self.held.clear()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- passing on

    async def _accept(
        self, client_reader: asyncio.StreamReader, client: asyncio.StreamWriter
    ) -> None:
        reached = None if self.refusing else await self._connect()
        if reached is None:
            client.transport.abort()
            return
        app_reader, app = reached
        link = Link(client, app)
        if self.holding:
            link.up.clear()
            self.held.add(link)
        self.links.add(link)
        try:
            # as on a broken path, the first side that ends also ends the other
            passing = [
                asyncio.create_task(pump(client_reader, app, link.up)),
                asyncio.create_task(pump(app_reader, client, link.down)),
            ]
            await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
            for task in passing:
                task.cancel()
            await asyncio.wait(passing)
        finally:
            self.links.discard(link)
            for writer in link.writers:
                writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        for port in self.chance.sample(self.ports, len(self.ports)):
            with suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", port)
        return None


async def pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, flows: asyncio.Event
) -> None:
    """Pass on data while it may flow; the first chunk is the handshake, which always may."""
    shaken_hands = False
    with suppress(OSError):
        while chunk := await reader.read(CHUNK_BYTES):
            if shaken_hands:
                await flows.wait()
            shaken_hands = True
            writer.write(chunk)
            await writer.drain()
