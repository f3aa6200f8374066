"""The hot path to Redis: reps that arrive in one turn of the event loop share one script call.

No rep is ever sent twice: if the answer is lost, the rep has no result.
"""

import asyncio
import time
import uuid
import weakref
from collections.abc import Callable, Sequence
from contextvars import Context
from logging import ERROR

from django.conf import settings
from redis.asyncio.sentinel import SentinelConnectionPool

from workouts.live.clients import REDIS_AWAY, connect_async, is_cluster
from workouts.live.counting.calls import ClusterCalls, SingleCalls
from workouts.live.counting.packing import Gates, RepKeys, bulk, pack_call
from workouts.live.counting.topology import Topology
from workouts.live.counting.verdicts import RepResult
from workouts.live.keys import slot_of
from workouts.log_limits import limit_log
from workouts.metrics import count_batch
from workouts.outages import log_outage

ANSWER_DEADLINE_S = 1.8  # a client has its answer within 2 s
MAX_BATCH = 500  # bounds how long one call keeps Redis from others: about 10 ms


Settle = Callable[[RepResult | None], None]
PendingRep = tuple[RepKeys, bytes, Settle, bool]  # keys, limits and stamp, settle, has a stamp


class RepBatcher:
    """Counts reps for one event loop, in one lane for a single server, or one per hash tag."""

    def __init__(self, url: str, *, now_ms: Callable[[], int] | None = None) -> None:
        self._topology = Topology(url) if is_cluster(url) else None
        self._pool = None if self._topology else connect_async(url).connection_pool
        self._now_ms = now_ms
        self._lanes: dict[int, Lane] = {}

    def submit(self, keys: RepKeys, gates: Gates, settle: Settle, *, stamp: bytes = b"") -> None:
        """Count a rep in the next batch, and call `settle` with its result.

        The result is None if Redis did not answer in time. Each athlete's results come in the order
        of submission. A device's rep has a stamp, and its keys include the device's memory.
        """
        number = keys.tag if self._topology else 0
        lane = self._lanes.get(number) or self._open_lane(number)
        if stamp:
            lane.submit((keys, gates.of_device + bulk(stamp), settle, True))
        else:
            lane.submit((keys, gates.of_plain, settle, False))

    async def settled(self) -> None:
        """Wait until every submitted rep has its result."""
        for lane in self._lanes.values():
            await lane.settled()

    async def close(self) -> None:
        """Wait for the calls in flight, then disconnect."""
        await self.settled()
        for lane in self._lanes.values():
            await lane.close()
        if self._topology:
            await self._topology.close()
        elif isinstance(self._pool, SentinelConnectionPool):
            await self._pool.sentinel_manager.aclose()

    def _open_lane(self, number: int) -> "Lane":
        calls = (
            ClusterCalls(self._topology, slot_of(number))
            if self._topology
            else SingleCalls(self._pool)
        )
        lane = self._lanes[number] = Lane(calls, self._now_ms)
        return lane


class Lane:
    """Sends reps to Redis one call after another; what arrives during a call makes up the next."""

    def __init__(self, calls: SingleCalls | ClusterCalls, now_ms: Callable[[], int] | None) -> None:
        self._calls = calls
        self._now_ms = now_ms
        self._pending: list[PendingRep] = []
        self._task: asyncio.Task[None] | None = None
        # of its own: a batch must not log under the request ID of one of its sockets
        self._context = Context()

    def submit(self, rep: PendingRep) -> None:
        self._pending.append(rep)
        if self._task is None:
            loop = asyncio.get_running_loop()
            self._task = loop.create_task(self._work(), context=self._context)

    async def settled(self) -> None:
        if self._task is not None:
            await asyncio.shield(self._task)

    async def close(self) -> None:
        await self._calls.close()

    async def _work(self) -> None:
        try:
            while self._pending:
                began = time.monotonic()
                batch, self._pending = self._pending[:MAX_BATCH], self._pending[MAX_BATCH:]
                results = await self._count(batch)
                if results is None:
                    # what queued up behind a failed call would wait for a second deadline
                    batch, self._pending = batch + self._pending, []
                    results = [None] * len(batch)
                count_batch(results, time.monotonic() - began)
                for rep, result in zip(batch, results, strict=True):
                    rep[2](result)
        finally:
            self._task = None

    async def _count(self, batch: list[PendingRep]) -> Sequence[RepResult | None] | None:
        now_ms = b"%d" % self._now_ms() if self._now_ms else b""
        call = pack_call([rep[:2] for rep in batch], now_ms, str(uuid.uuid4())[:-4].encode())
        try:
            async with asyncio.timeout(ANSWER_DEADLINE_S):
                reply = await self._calls.call(call)
            return unpack_reply(batch, *reply)
        except (*REDIS_AWAY, OSError, TimeoutError) as error:
            log_outage("redis_unavailable", error, reps=len(batch))
        except Exception:
            # a bug here must not leave sockets without an answer
            limit_log("counting_failed", level=ERROR, exc_info=True, reps=len(batch))
        await self._calls.drop()
        return None


def unpack_reply(
    batch: list[PendingRep], numbers: list[int], session_ids: list[bytes]
) -> list[RepResult]:
    """Return the results in a reply of rep.lua."""
    results = zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True)
    if not session_ids:
        return [*results]
    ids = iter(session_ids)
    return [
        (*result, next(ids)) if rep[3] else result
        for rep, result in zip(batch, results, strict=True)
    ]


_batchers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, RepBatcher] = (
    weakref.WeakKeyDictionary()
)


def get_batcher() -> RepBatcher:
    """Return the batcher of the running event loop."""
    loop = asyncio.get_running_loop()
    batcher = _batchers.get(loop)
    if batcher is None:
        batcher = _batchers[loop] = RepBatcher(settings.REDIS_URL)
    return batcher
