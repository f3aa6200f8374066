"""Clients that send a rep, and the next one when it is answered, at once or at a pace."""

import asyncio
import contextlib
import random
import re
import time
from collections.abc import AsyncIterator, Iterable
from typing import Any

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from bench.services import Service

REP = b'{"event": "rep_detected", "type": "squat"}'
NUMBERED_REP = b'{"event": "rep_detected", "type": "squat", "seq": %d, "at": %d}'
HELLO = b'{"event": "hello", "device": "bench", "now": %d}'
UNASKED = b'{"event":"session_update"'  # what the athlete did on another connection
SENIM_V1 = {"Sec-WebSocket-Protocol": "senim.v1"}
CONNECTS_AT_ONCE = 20
DEADLINE_S = 60.0


class Tally:
    """The answers to all clients of one load."""

    def __init__(self, expected: str, interval_s: float = 0.0) -> None:
        self.expected = expected.encode()
        self.interval_s = interval_s
        self.running = True
        self.lost = 0
        self.clear()

    def clear(self) -> None:
        """Forget the answers so far."""
        self.as_expected = 0
        self.latencies_s: list[float] = []

    def figures(self) -> dict[str, float]:
        """Return the percentiles of the time to an answer, and how many were as expected."""
        ranked = sorted(self.latencies_s)
        return {
            "p50_ms": ranked[len(ranked) // 2] * 1e3,
            "p99_ms": ranked[len(ranked) * 99 // 100] * 1e3,
            "expected_share": self.as_expected / len(ranked),
        }


class Client(WSListener):
    """A plain socket."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport

    async def ready(self) -> None:
        """Wait until the socket takes reps."""

    def due(self) -> float:
        """Return when to send the next rep, by the event loop's clock."""
        now, interval_s = asyncio.get_running_loop().time(), self.tally.interval_s
        self.next_at = max(
            getattr(self, "next_at", now + random.random() * interval_s) + interval_s, now
        )
        return self.next_at

    def make_rep(self) -> bytes:
        return REP

    def send_rep(self) -> None:
        if not self.tally.running:
            return
        self.sent_at = time.perf_counter()
        self.transport.send(WSMsgType.TEXT, self.make_rep())

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT:
            self.hear(frame.get_payload_as_bytes())

    def hear(self, answer: bytes) -> None:
        """Count the answer to a rep, and send the next one."""
        tally = self.tally
        tally.latencies_s.append(time.perf_counter() - self.sent_at)
        tally.as_expected += tally.expected in answer
        if tally.interval_s:
            # by the clock, not by the answer: a slow answer must not lower the load
            asyncio.get_running_loop().call_at(self.due(), self.send_rep)
        elif tally.running:
            self.send_rep()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.tally.lost += self.tally.running


class NumberedClient(Client):
    """Sends the reps of senim.v1, but says no hello: what the echo is sent."""

    seq = 0

    def make_rep(self) -> bytes:
        self.seq += 1
        return NUMBERED_REP % (self.seq, now_ms())


class DeviceClient(NumberedClient):
    """A socket of senim.v1, which waits for the welcome, says hello, and goes on after last_seq."""

    def __init__(self, tally: Tally) -> None:
        super().__init__(tally)
        self._has_met: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def has_met(self) -> bool:
        return self._has_met.done()

    async def ready(self) -> None:
        await self._has_met

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type != WSMsgType.TEXT:
            return
        answer = frame.get_payload_as_bytes()
        if answer.startswith(UNASKED):
            return
        if self.has_met():
            self.hear(answer)
        else:
            self.meet(answer)

    def meet(self, answer: bytes) -> None:
        """Say hello after the welcome, and take up the numbers after it."""
        if b'"welcome"' in answer:
            self.transport.send(WSMsgType.TEXT, HELLO % now_ms())
        elif found := re.search(rb'"last_seq":\s*(\d+)', answer):
            self.seq = int(found[1])
            self._has_met.set_result(None)
        else:
            self._has_met.set_exception(RuntimeError(f"a hello was answered by {answer!r}"))

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        super().on_ws_disconnected(transport)
        if not self.has_met():
            self._has_met.set_exception(ConnectionError("the socket closed before the hello"))


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def choose_client(service: Service, dialect: str) -> type[Client]:
    """Return the kind of client for a dialect, plain or senim.v1."""
    if dialect == "plain":
        return Client
    return NumberedClient if service.name == "echo" else DeviceClient


def list_urls(service: Service, run: str, clients: int) -> list[str]:
    """Return an address for each of a run's athletes."""
    return [
        f"ws://{service.address}/ws/workout?user_id={run}-{client}" for client in range(clients)
    ]


async def connect(kind: type[Client], url: str, tally: Tally) -> Client:
    """Connect a client, and wait until it may send reps."""
    more: dict[str, Any] = {"extra_headers": SENIM_V1} if issubclass(kind, DeviceClient) else {}
    async with asyncio.timeout(DEADLINE_S):
        _, client = await ws_connect(
            lambda: kind(tally), url, websocket_handshake_timeout=DEADLINE_S, **more
        )
        await client.ready()
    return client


async def connect_all(
    kind: type[Client], urls: Iterable[str], tally: Tally, *, at_once: int = CONNECTS_AT_ONCE
) -> list[Client]:
    """Connect a client for each address, so many at a time.

    A handshake costs as much as many reps: all at once, the last would be late on a slow machine.
    """
    gate = asyncio.Semaphore(at_once)

    async def connect_one(url: str) -> Client:
        async with gate:
            return await connect(kind, url, tally)

    return await asyncio.gather(*map(connect_one, urls))


async def disconnect_all(clients: Iterable[Client]) -> None:
    clients = list(clients)
    for client in clients:
        client.transport.disconnect()
    await asyncio.gather(*(client.transport.wait_disconnected() for client in clients))


@contextlib.asynccontextmanager
async def closed_loop(
    urls: Iterable[str], expected: str, *, interval_s: float = 0.0, kind: type[Client] = Client
) -> AsyncIterator[Tally]:
    """Keep a client for each URL busy, or at one rep an interval.

    An answer is as expected if it contains the text.
    """
    tally = Tally(expected, interval_s)
    clients = await connect_all(kind, urls, tally)
    for client in clients:
        client.send_rep()
    try:
        yield tally
    finally:
        tally.running = False
        await disconnect_all(clients)
