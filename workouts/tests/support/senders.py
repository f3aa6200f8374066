"""Devices under load that resend as docs/protocol.md requires, and record their answers."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from workouts.live.clients import REDIS_AWAY, connect_to_redis
from workouts.live.counting.batching import RepBatcher
from workouts.live.counting.packing import pack_rep_keys, pack_rep_stamp
from workouts.live.counting.verdicts import COUNTED, DUPLICATE, FORGOTTEN
from workouts.live.keys import RedisKeySpace, hash_tag_of_user
from workouts.live.sessions import SessionName
from workouts.live.store import LiveStore
from workouts.tests.support.cast import gates, new_athlete

SPACE = RedisKeySpace("failover")
DEVICE = "phone"
EVERY_S = 0.02
AFTER_FAILURE_S = 0.1
STEP_MS = 1000
FINISH_DEADLINE_S = 15


@dataclass
class Sender:
    """An athlete's device: a numbered rep every 20 ms, a second apart by its own clock."""

    batcher: RepBatcher
    store: LiveStore
    user_id: str = field(default_factory=new_athlete)
    started_ms: int = field(default_factory=lambda: int((time.time() - 20 * 3600) * 1000))
    seq: int = 0  # the highest that was made
    known: int = 0  # the highest that is settled, as this socket knows
    acknowledged: int = 0  # the highest that was ever answered
    lost: int = 0  # acknowledged, but forgotten by the server
    unanswered: int = 0
    forgotten: int = 0
    counted: int = 0
    longest_wait_s: float = 0.0
    answered_at: float = 0.0

    def __post_init__(self) -> None:
        self.source = self.batcher.open_source(hash_tag_of_user(self.user_id))

    async def work(self, stop: asyncio.Event) -> None:
        """Make reps until told to stop, and go on until all of them are settled."""
        while not stop.is_set() or self.known < self.seq:
            if not stop.is_set():
                self.seq += 1
            while self.known < self.seq:
                if await self.send(self.known + 1) == FORGOTTEN:
                    await self.say_hello()
            await asyncio.sleep(EVERY_S)

    async def send(self, seq: int) -> int:
        """Send a rep, and return its verdict, or 0 without one: then the caller sends it again."""
        at = self.started_ms + seq * STEP_MS
        keys = pack_rep_keys(SPACE.live(self.user_id, "squat"), SPACE.device(self.user_id, DEVICE))
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        sent_at = time.monotonic()
        self.source.submit(
            keys, gates(1), answer.set_result, stamp=pack_rep_stamp(DEVICE, seq, at, self.known)
        )
        verdict = await answer
        self.longest_wait_s = max(self.longest_wait_s, time.monotonic() - sent_at)
        if verdict is None or verdict[0] == FORGOTTEN:
            self.unanswered += verdict is None
            self.forgotten += verdict is not None
            await asyncio.sleep(AFTER_FAILURE_S)
            return verdict[0] if verdict else 0
        assert verdict[0] in (COUNTED, DUPLICATE), verdict
        self.counted += verdict[0] == COUNTED
        self.known, self.acknowledged = seq, max(seq, self.acknowledged)
        self.answered_at = time.monotonic()
        return int(verdict[0])

    async def say_hello(self) -> None:
        """Ask which seq was settled last, until there is an answer."""
        while True:
            with suppress(*REDIS_AWAY):
                self.known = await asyncio.to_thread(
                    self.store.raise_last_seq, self.user_id, DEVICE, 0
                )
                self.lost += max(0, self.acknowledged - self.known)
                return
            await asyncio.sleep(AFTER_FAILURE_S)

    def seal(self) -> list[str]:
        """Seal, and retry while Redis or its replica is unavailable, as a client retries a 503."""
        deadline = time.monotonic() + FINISH_DEADLINE_S
        while True:
            try:
                return self.store.seal(self.user_id, "squat")
            except REDIS_AWAY:
                if time.monotonic() > deadline:
                    raise
            time.sleep(AFTER_FAILURE_S)

    def check_book(self) -> None:
        """Seal the session: every rep that was made is in it, once."""
        (session_id,) = self.seal()
        sealed = self.store.read(SessionName(self.user_id, "squat", session_id))
        assert sealed is not None
        seqs = [(rep.at_ms - self.started_ms) / STEP_MS for rep in sealed.reps]
        assert seqs == [*range(1, self.seq + 1)]
        assert sealed.device_seqs == {DEVICE: self.seq}


@dataclass
class Crowd:
    """Many devices at once on one batcher and one store."""

    url: str
    size: int = 40
    senders: list[Sender] = field(default_factory=list)

    def play(self, happen: Callable[["Crowd"], Awaitable[None]]) -> None:
        """Send reps while things happen, then until all are settled; then check every session."""
        store = LiveStore(connect_to_redis(self.url), SPACE.prefix)
        try:
            # in the main thread: a server ends with the thread that started it
            asyncio.run(self._play(store, happen))
            for sender in self.senders:
                sender.check_book()
        finally:
            store.client.close()

    async def _play(self, store: LiveStore, happen: Callable[["Crowd"], Awaitable[None]]) -> None:
        batcher = RepBatcher(self.url)
        self.senders = [Sender(batcher, store) for _ in range(self.size)]
        stop = asyncio.Event()
        work = [asyncio.create_task(sender.work(stop)) for sender in self.senders]
        try:
            async with asyncio.timeout(120):
                await happen(self)
                stop.set()
                await asyncio.gather(*work)
        finally:
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)
            await batcher.close()

    async def answered_after(
        self, moment: float, senders: list[Sender], deadline_s: float = 60
    ) -> float:
        """Wait until each sender was answered after the moment (monotonic).

        Return how long the last one took (s).
        """
        deadline = time.monotonic() + deadline_s
        while not all(sender.answered_at > moment for sender in senders):
            assert time.monotonic() < deadline, "some have no answer"
            await asyncio.sleep(0.02)
        return max(sender.answered_at for sender in senders) - moment

    def longest_wait_s(self) -> float:
        return max(sender.longest_wait_s for sender in self.senders)

    def lost(self) -> int:
        return sum(sender.lost for sender in self.senders)

    def tell(self, name: str, **more: object) -> None:
        """Print the figures (with pytest -s)."""
        reps, unanswered, forgotten = (
            sum(getattr(sender, what) for sender in self.senders)
            for what in ("seq", "unanswered", "forgotten")
        )
        figures = {
            "reps": reps,
            "unanswered": unanswered,
            "forgotten": forgotten,
            "lost": self.lost(),
            **more,
        }
        print(  # noqa: T201
            f"\n{name}: longest wait {self.longest_wait_s():.2f} s,",
            ", ".join(f"{what} {value}" for what, value in figures.items()),
        )
