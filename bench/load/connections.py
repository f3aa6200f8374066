"""Loads of connections: one after the other, and a whole gym's that come back together."""

import asyncio
import time

from picows import WSMsgType, WSTransport

from bench.load.clients import (
    DEADLINE_S,
    NUMBERED_REP,
    DeviceClient,
    Tally,
    choose_client,
    connect,
    connect_all,
    disconnect_all,
    list_urls,
    now_ms,
)
from bench.load.window import Window
from bench.services import Service

WORKERS, ATHLETES = 20, 200
WARM_UP_S = 0.5
RESENT_REPS, RESENT_INTERVAL_MS = 3, 100


async def measure_connections(
    service: Service, *, run: str, dialect: str, is_known: bool, seconds: float
) -> dict[str, float]:
    """Measure connections that come and go: the handshake, the hello of senim.v1, the end.

    Athletes who are known have counted a rep before: their devices come back. The others are new.
    """
    kind, urls = choose_client(service, dialect), list_urls(service, run, ATHLETES)
    if is_known:
        await count_first_reps(service, run=run, dialect=dialect, athletes=ATHLETES)
    begun, done, is_over = 0, 0, asyncio.Event()
    tally = Tally(service.expected)
    tally.running = False  # nobody sends reps, and whoever goes is not lost

    async def come_and_go() -> None:
        nonlocal begun, done
        while not is_over.is_set():
            begun += 1
            url = urls[begun % ATHLETES] + ("" if is_known else f"-{begun}")
            await disconnect_all([await connect(kind, url, tally)])
            done += 1

    workers = [asyncio.create_task(come_and_go()) for _ in range(WORKERS)]
    await asyncio.sleep(WARM_UP_S)
    before = done
    with Window(service) as window:
        await asyncio.sleep(seconds)
        number = done - before
    is_over.set()
    await asyncio.gather(*workers)
    return window.figures(number)


async def count_first_reps(service: Service, *, run: str, dialect: str, athletes: int) -> None:
    """Have each athlete connect and count a rep. Raises RuntimeError if one does not count."""
    tally = Tally(service.expected)
    urls = list_urls(service, run, athletes)
    clients = await connect_all(choose_client(service, dialect), urls, tally)
    for client in clients:
        client.send_rep()
    tally.running = False  # one is enough
    async with asyncio.timeout(DEADLINE_S):
        while len(tally.latencies_s) < len(clients):  # noqa: ASYNC110 (an event would cost each rep)
            await asyncio.sleep(0.01)
    await disconnect_all(clients)
    if tally.as_expected < len(clients):
        raise RuntimeError(f"{service.name}: {tally.as_expected} of {len(clients)} reps counted")


class ReturningClient(DeviceClient):
    """Sends the reps that it made while it was away, all at once, after the hello."""

    def __init__(self, tally: Tally) -> None:
        super().__init__(tally)
        self._unsettled = RESENT_REPS
        self._is_settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def ready(self) -> None:
        """Wait until these reps are settled."""
        await super().ready()
        await self._is_settled

    def meet(self, answer: bytes) -> None:
        super().meet(answer)
        if self.has_met():
            self.send_missed_reps()

    def hear(self, answer: bytes) -> None:
        super().hear(answer)
        self._unsettled -= 1
        if not self._unsettled:
            self._is_settled.set_result(None)

    def send_missed_reps(self) -> None:
        self.sent_at, first_ms = time.perf_counter(), now_ms() - RESENT_REPS * RESENT_INTERVAL_MS
        for number in range(RESENT_REPS):
            self.seq += 1
            rep = NUMBERED_REP % (self.seq, first_ms + number * RESENT_INTERVAL_MS)
            self.transport.send(WSMsgType.TEXT, rep)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        super().on_ws_disconnected(transport)
        if not self._is_settled.done():
            self._is_settled.set_exception(ConnectionError("the socket closed before the acks"))


async def measure_return(service: Service, *, run: str, athletes: int) -> dict[str, float]:
    """Measure devices that all come back at once: hello, and their missed reps until each counts.

    Raises RuntimeError if one does not count.
    """
    tally = Tally(service.expected)
    tally.running = False  # no reps but the missed ones
    urls = list_urls(service, run, athletes)
    with Window(service) as window:
        began_at = time.perf_counter()
        clients = await connect_all(ReturningClient, urls, tally, at_once=athletes)
        seconds = time.perf_counter() - began_at
    await disconnect_all(clients)
    if tally.as_expected < RESENT_REPS * athletes:
        raise RuntimeError(f"{service.name}: {tally.as_expected} reps of {athletes} counted")
    return window.figures(athletes) | {"seconds": seconds}
