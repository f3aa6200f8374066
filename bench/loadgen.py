"""Clients that send a rep, and the next one when it is answered, at once or at a pace."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Iterable

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

REP = b'{"event": "rep_detected", "type": "squat"}'
CONNECTS_AT_ONCE = 20


class Tally:
    """The answers to all clients of one load."""

    def __init__(self, expected: bytes, interval_s: float = 0.0) -> None:
        self.expected = expected
        self.interval_s = interval_s
        self.running = True
        self.lost = 0
        self.clear()

    def clear(self) -> None:
        """Forget the answers so far."""
        self.as_expected = 0
        self.latencies_s: list[float] = []


class Client(WSListener):
    def __init__(self, tally: Tally) -> None:
        self.tally = tally

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport

    def due(self) -> float:
        """Return when to send the next rep, by the event loop's clock."""
        now, interval_s = asyncio.get_running_loop().time(), self.tally.interval_s
        self.next_at = max(
            getattr(self, "next_at", now + random.random() * interval_s) + interval_s, now
        )
        return self.next_at

    def send_rep(self) -> None:
        if not self.tally.running:
            return
        self.sent_at = time.perf_counter()
        self.transport.send(WSMsgType.TEXT, REP)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type != WSMsgType.TEXT:
            return
        tally = self.tally
        tally.latencies_s.append(time.perf_counter() - self.sent_at)
        tally.as_expected += tally.expected in frame.get_payload_as_bytes()
        if tally.interval_s:
            # by the clock, not by the answer: a slow answer must not lower the load
            asyncio.get_running_loop().call_at(self.due(), self.send_rep)
        elif tally.running:
            self.send_rep()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.tally.lost += self.tally.running


@contextlib.asynccontextmanager
async def closed_loop(
    urls: Iterable[str], expected: bytes, *, interval_s: float = 0.0
) -> AsyncIterator[Tally]:
    """Keep a client for each URL busy, or at one rep an interval.

    An answer is as expected if it contains the bytes.
    """
    tally = Tally(expected, interval_s)
    # a handshake costs as much as many reps: all at once, the last would time out on a slow machine
    gate = asyncio.Semaphore(CONNECTS_AT_ONCE)
    clients = await asyncio.gather(*(connect(url, tally, gate) for url in urls))
    for client in clients:
        client.send_rep()
    try:
        yield tally
    finally:
        tally.running = False
        for client in clients:
            client.transport.disconnect()
        await asyncio.gather(*(client.transport.wait_disconnected() for client in clients))


async def connect(url: str, tally: Tally, gate: asyncio.Semaphore) -> Client:
    async with gate:
        _, client = await ws_connect(lambda: Client(tally), url)
    return client
