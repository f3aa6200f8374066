"""The hot path to Redis: reps that arrive in one turn of the event loop share one script call.

No rep is ever sent twice: where the answer is lost, the rep is "unavailable".
"""

import asyncio
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from redis.asyncio.sentinel import SentinelConnectionPool

from workouts.live.clients import REDIS_AWAY, connect_async, is_cluster
from workouts.live.counting.calls import ClusterCalls, SingleCalls
from workouts.live.counting.packing import Gates, RepKeys, bulk, pack_call
from workouts.live.counting.topology import Topology
from workouts.live.keys import slot_of

ANSWER_DEADLINE_S = 1.8  # a client has its answer within 2 s
MAX_BATCH = 500  # bounds how long one call keeps Redis from others: about 10 ms
COUNTED, DEBOUNCED, DUPLICATE, FORGOTTEN, PACE, SESSION_FULL = range(1, 7)

log = structlog.get_logger(__name__)


# What became of a rep: one of the above, the running count, ms until the next can count, and for a rep
# of a device the id of its live session; None: no answer in time. Plain tuples: a batch makes thousands of them a second.
Verdict = tuple[Any, ...]
Settle = Callable[[Any], None]
PendingRep = tuple[
    RepKeys, bytes, Settle, bool
]  # what it says to the script; whether it is of a device


class RepBatcher:
    """Counts reps for one event loop: in one lane to a single server, in one for each hash tag to a cluster."""

    def __init__(self, url: str, *, now_ms: Callable[[], int] | None = None) -> None:
        self._topology = Topology(url) if is_cluster(url) else None
        self._pool = None if self._topology else connect_async(url).connection_pool
        self._now_ms = now_ms
        self._lanes: dict[int, Lane] = {}

    def submit(self, keys: RepKeys, gates: Gates, settle: Settle, *, said: bytes = b"") -> None:
        """Count a rep in the next batch; `settle` is called with the verdict, in order of submission for each athlete.

        Of a device, `said` is what device.lua reads, and the keys hold its memory.
        """
        number = keys.tag if self._topology else 0
        lane = self._lanes.get(number)
        if lane is None:
            calls = (
                ClusterCalls(self._topology, slot_of(number))
                if self._topology
                else SingleCalls(self._pool)
            )
            lane = self._lanes[number] = Lane(calls, self._now_ms)
        lane.submit(
            (keys, gates.of_device + bulk(said) if said else gates.of_plain, settle, said != b"")
        )

    async def settled(self) -> None:
        """Wait until every rep that was submitted has its verdict."""
        for lane in self._lanes.values():
            await lane.settled()

    async def close(self) -> None:
        """Wait for what is under way, then disconnect."""
        await self.settled()
        for lane in self._lanes.values():
            await lane.close()
        if self._topology:
            await self._topology.close()
        elif isinstance(self._pool, SentinelConnectionPool):
            await self._pool.sentinel_manager.aclose()


class Lane:
    """Reps that go to Redis one call after another; what arrives during one call makes up the next."""

    def __init__(self, calls: SingleCalls | ClusterCalls, now_ms: Callable[[], int] | None) -> None:
        self._calls = calls
        self._now_ms = now_ms
        self._pending: list[PendingRep] = []
        self._task: asyncio.Task[None] | None = None

    def submit(self, rep: PendingRep) -> None:
        self._pending.append(rep)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._work())

    async def settled(self) -> None:
        if self._task is not None:
            await asyncio.shield(self._task)

    async def close(self) -> None:
        await self._calls.close()

    async def _work(self) -> None:
        try:
            while self._pending:
                batch, self._pending = self._pending[:MAX_BATCH], self._pending[MAX_BATCH:]
                verdicts = await self._ask(batch)
                if verdicts is None:
                    # what was queued behind a failed call would wait for a second deadline
                    batch, self._pending = batch + self._pending, []
                    verdicts = [None] * len(batch)
                for rep, verdict in zip(batch, verdicts, strict=True):
                    rep[2](verdict)
        finally:
            self._task = None

    async def _ask(self, batch: list[PendingRep]) -> Sequence[Verdict | None] | None:
        now_ms = b"%d" % self._now_ms() if self._now_ms else b""
        call = pack_call([rep[:2] for rep in batch], now_ms, str(uuid.uuid4())[:-4].encode())
        try:
            async with asyncio.timeout(ANSWER_DEADLINE_S):
                reply = await self._calls.call(call)
            return unpack_reply(batch, *reply)
        except (*REDIS_AWAY, OSError, TimeoutError) as error:
            log.warning(
                "redis_unavailable", reps=len(batch), error=str(error) or type(error).__name__
            )
        except Exception:
            log.exception(
                "reps_not_counted", reps=len(batch)
            )  # a slip of ours must not leave sockets without an answer
        await self._calls.drop()
        return None


def unpack_reply(
    batch: list[PendingRep], numbers: list[int], session_ids: list[bytes]
) -> list[Verdict]:
    """Return the verdicts in a reply of rep.lua."""
    verdicts = zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True)
    if not session_ids:
        return [*verdicts]
    ids = iter(session_ids)
    return [
        (*verdict, next(ids)) if rep[3] else verdict
        for rep, verdict in zip(batch, verdicts, strict=True)
    ]
