"""The hot path to Redis: reps that arrive in one turn of the event loop share one script call.

Each socket is a source of reps, and sources take turns, so a flood waits behind itself. No rep is
ever sent twice: if the answer is lost, the rep has no result.
"""

import asyncio
import time
import uuid
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import Context
from logging import ERROR

from django.conf import settings

from workouts.live import scripts
from workouts.live.clients import REDIS_AWAY
from workouts.live.counting.calls import CallTarget, ClusterCalls, SingleServerCalls
from workouts.live.counting.packing import (
    PackedGates,
    PackedRepKeys,
    pack_rep_call,
)
from workouts.live.counting.settling import (
    CallbackRep,
    PendingRep,
    Settle,
    count_settled_batch,
    settle_batch,
)
from workouts.live.counting.verdicts import RepResult
from workouts.log_limits import limit_log
from workouts.outages import log_outage

ANSWER_DEADLINE_S = 1.8  # a client has its answer within 2 s, the wait for a turn included
MIN_CALL_S = 0.15  # what is left of the 2 s for a rep that is sent at the last moment
# a rep in a backlog gives up while a call has 0.5 s left: if that fails, everybody's reps fail
BACKLOG_DEADLINE_S = 1.3
MAX_BATCH = 500  # bounds how long one call keeps Redis from others: about 10 ms
# of a batch, for sources that wait for another turn. Floods fill it every time, and a rep takes
# about 50 us of Redis and the event loop: a rep from another socket waits 3 ms for them. With half
# as many, calls would cost a quarter more per rep
MAX_BACKLOG = 64
# 8 calls of 5 ms for a backlog, so that its deadline is kept on a machine 20 times slower as well.
# Sources that would have more than their share of it are told to wait
MAX_PENDING = 512
# a person makes one rep at a time, and two devices or a stutter make two or three
MAX_REPS_A_TURN = 4


class RepBatcher:
    """Counts reps for one event loop, in one lane for a single server, or one per hash tag."""

    def __init__(self, url: str, *, now_ms: Callable[[], int] | None = None) -> None:
        self._target = CallTarget(url, scripts.REP)
        self._now_ms = now_ms
        self._lanes: dict[int, BatchLane] = {}

    def open_source(self, tag: int) -> "BatchSource":
        """Return a source for the reps of one socket; `tag` is its athlete's."""
        number = self._target.number_lane(tag)
        return BatchSource(self._lanes.get(number) or self._open_lane(number))

    async def settled(self) -> None:
        """Wait until every submitted rep has its result."""
        for lane in self._lanes.values():
            await lane.settled()

    async def close(self) -> None:
        """Wait for the calls in flight, then disconnect."""
        await self.settled()
        for lane in self._lanes.values():
            await lane.close()
        await self._target.close()

    def _open_lane(self, number: int) -> "BatchLane":
        lane = self._lanes[number] = BatchLane(self._target.open_lane(number), self._now_ms)
        return lane


class BatchSource:
    """One socket's reps, which are counted in the order of their submission."""

    __slots__ = ("_lane", "_turn", "pending")

    def __init__(self, lane: "BatchLane") -> None:
        self._lane = lane
        self._turn: asyncio.Future[None] | None = None
        self.pending: list[PendingRep] = []  # an empty deque takes ten times the memory

    def submit(
        self, keys: PackedRepKeys, gates: PackedGates, settle: Settle, *, stamp: bytes = b""
    ) -> asyncio.Future[None] | None:
        """Do as add() with a rep that calls `settle` with its result.

        A device's rep has a stamp, and its keys include the device's memory.
        """
        return self.add(CallbackRep(keys, gates, settle, stamp))

    def add(self, rep: PendingRep) -> asyncio.Future[None] | None:
        """Count a rep when it is this source's turn, and settle it with its result.

        The result is None if Redis did not answer in time, or if the rep waited for too long to be
        sent.

        Returns this source's next turn if it has more than its share pending: a caller that awaits
        it before the next rep is only slowed, and one that does not may wait for too long.
        """
        if not self.pending:
            self._lane.line_up(self)
        rep.submitted_at = time.monotonic()
        self.pending.append(rep)
        if len(self.pending) <= MAX_REPS_A_TURN or not self._lane.is_crowded_by(self):
            return None
        if self._turn is None or self._turn.done():
            self._turn = asyncio.get_running_loop().create_future()
        return self._turn

    def take_turn(self, most: int) -> list[PendingRep]:
        """Remove and return the first pending reps, at most so many."""
        if self._turn is not None:
            self._end_wait()
        pending = self.pending
        if len(pending) <= most:
            self.pending = []
            return pending
        self.pending = pending[most:]
        return pending[:most]

    def give_up(self) -> None:
        """Give every pending rep the result None.

        All of them, since a device's rep may not be settled before the one that it follows.
        """
        self._end_wait()
        pending, self.pending = self.pending, []
        results = [None] * len(pending)
        settle_batch(pending, results)
        count_settled_batch(results)

    def _end_wait(self) -> None:
        if self._turn is not None and not self._turn.done():
            self._turn.set_result(None)
        self._turn = None


class BatchLane:
    """Sends reps to Redis one call after another; what arrives during a call makes up the next.

    Sources that had nothing pending go first, as in the fq_codel scheduler (RFC 8290): however many
    floods are queued, a rep from another socket is in the next call.
    """

    def __init__(
        self, calls: SingleServerCalls | ClusterCalls, now_ms: Callable[[], int] | None
    ) -> None:
        self._calls = calls
        self._now_ms = now_ms
        # a source is in one of them while it has reps pending
        self._new_sources: deque[BatchSource] = deque()
        self._backlog: deque[BatchSource] = deque()
        self._task: asyncio.Task[None] | None = None
        # of its own: a batch must not log under the request ID of one of its sockets
        self._context = Context()

    def line_up(self, source: BatchSource) -> None:
        """Give a source that is about to have a rep pending its first turn."""
        self._new_sources.append(source)
        if self._task is None:
            loop = asyncio.get_running_loop()
            self._task = loop.create_task(self._send_batches(), context=self._context)

    def is_crowded_by(self, source: BatchSource) -> bool:
        """Return whether too much would be pending if all sources had as many reps as this one."""
        sources = len(self._new_sources) + len(self._backlog)
        return len(source.pending) * sources > MAX_PENDING

    async def settled(self) -> None:
        if self._task is not None:
            await asyncio.shield(self._task)

    async def close(self) -> None:
        await self._calls.close()

    async def _send_batches(self) -> None:
        try:
            while self._new_sources or self._backlog:
                batch = self._take_batch()
                if not batch:
                    continue
                submitted_at = min([rep.submitted_at for rep in batch])
                results = await self._count_batch(batch, submitted_at)
                waited_s, settled = time.monotonic() - submitted_at, results or [None] * len(batch)
                settle_batch(batch, settled)
                count_settled_batch(settled, waited_s)
                if results is None:
                    # what queued up behind a failed call would wait for a second deadline
                    self._give_up()
        finally:
            self._task = None

    def _take_batch(self) -> list[PendingRep]:
        """Take the next turns; a source whose first rep waited for too long gives up instead."""
        batch: list[PendingRep] = []
        now = time.monotonic()
        for sources, room, deadline_s in (
            (self._new_sources, MAX_BATCH - MAX_BACKLOG, ANSWER_DEADLINE_S),
            (self._backlog, MAX_BACKLOG, BACKLOG_DEADLINE_S),
        ):
            end = len(batch) + room
            while sources and len(batch) < end:
                source = sources.popleft()
                if now - source.pending[0].submitted_at > deadline_s:
                    source.give_up()
                    continue
                batch += source.take_turn(min(MAX_REPS_A_TURN, end - len(batch)))
                if source.pending:
                    self._backlog.append(source)
        return batch

    def _give_up(self) -> None:
        for sources in (self._new_sources, self._backlog):
            while sources:
                sources.popleft().give_up()

    async def _count_batch(
        self, batch: list[PendingRep], submitted_at: float
    ) -> Sequence[RepResult | None] | None:
        now_ms = b"%d" % self._now_ms() if self._now_ms else b""
        call = pack_rep_call(batch, now_ms, str(uuid.uuid4())[:-4].encode())
        left_s = submitted_at + ANSWER_DEADLINE_S - time.monotonic()
        try:
            async with asyncio.timeout(max(left_s, MIN_CALL_S)):
                reply = await self._calls.call(call)
            return unpack_batch_results(batch, *reply)
        except (*REDIS_AWAY, OSError, TimeoutError) as error:
            log_outage("redis_unavailable", error, reps=len(batch))
        except Exception:
            # a bug here must not leave sockets without an answer
            limit_log("counting_failed", level=ERROR, exc_info=True, reps=len(batch))
        await self._calls.drop()
        return None


def unpack_batch_results(
    batch: list[PendingRep], numbers: list[int], session_ids: list[bytes]
) -> list[RepResult]:
    """Return the results in a reply of rep.lua. Raises ValueError unless each rep has one."""
    results = [*zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True)]
    if len(results) != len(batch):
        raise ValueError(f"rep.lua answered {len(results)} of {len(batch)} reps")
    if not session_ids:
        return results
    ids = iter(session_ids)
    return [
        (*result, next(ids)) if rep.is_numbered else result
        for rep, result in zip(batch, results, strict=True)
    ]


_batchers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, RepBatcher] = (
    weakref.WeakKeyDictionary()
)


def get_rep_batcher() -> RepBatcher:
    """Return the batcher of the running event loop."""
    loop = asyncio.get_running_loop()
    batcher = _batchers.get(loop)
    if batcher is None:
        batcher = _batchers[loop] = RepBatcher(settings.REDIS_URL)
    return batcher
