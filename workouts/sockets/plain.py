"""Reps without a seq: the whole of a plain socket, and allowed on a senim.v1 one.

A rep's path: handle_message, count, the batcher's call, answer.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable
from functools import partial

from django.conf import settings

from workouts.close_codes import CLOSE_POLICY
from workouts.exceptions import Code
from workouts.live.clients import REDIS_AWAY
from workouts.live.counting.batching import BatchSource
from workouts.live.counting.packing import PackedRepKeys, pack_rep_keys
from workouts.live.counting.settling import PendingRep
from workouts.live.counting.verdicts import RepResult
from workouts.live.runtime import get_live_store, get_redis_key_space
from workouts.metrics import count_refusal_metric
from workouts.outages import log_outage
from workouts.sockets.acks import SocketAcks
from workouts.sockets.catalogue import catalogue
from workouts.sockets.frames import ErrorFrame, OutgoingFrame, decode_plain_frame
from workouts.sockets.message_loop import CloseSocket
from workouts.sockets.rate_limit import SocketRateLimit
from workouts.sockets.reply_queue import ReplyQueue
from workouts.threads import for_notes, in_thread

BURST_S = 2  # this many seconds' worth of reps may come at once
MAX_TOO_FAST_IN_A_ROW = 1000
NOTE_EVERY_S = 0.5
NOTE_DEADLINE_S = 3.0
UNAVAILABLE = ErrorFrame(
    Code.UNAVAILABLE, "Redis did not answer in time; the rep may or may not have been counted"
)


class PlainRep(PendingRep):
    """A rep and the place of its answer in one."""

    __slots__ = ("_reps", "_slug", "frame")

    def __init__(
        self, reps: "PlainSocketReps", slug: str, keys: PackedRepKeys, limits: bytes
    ) -> None:
        self.keys = keys
        self.limits_and_stamp = limits
        self.frame: OutgoingFrame | bytes | None = None
        self._reps = reps
        self._slug = slug

    def settle(self, result: RepResult | None) -> None:
        # taken even if the client is gone: the athlete's other devices and the walls hear of it
        reps = self._reps
        reps.replies.fill(
            self, UNAVAILABLE if result is None else reps.acks.take(self._slug, result)
        )


class PlainSocketReps:
    """Counts one athlete's reps that carry no seq."""

    def __init__(
        self, user_id: str, replies: ReplyQueue, acks: SocketAcks, source: BatchSource
    ) -> None:
        self._user_id = user_id
        self.replies = replies
        self.acks = acks
        per_second = settings.SENIM_MAX_MESSAGES_PER_SECOND
        self._rate_limit = SocketRateLimit(per_second, burst=BURST_S * per_second)
        self._add = source.add
        self._keys: dict[str, PackedRepKeys] = {}
        # by exercise, until noted with the session; most sockets never have one
        self._too_fast: Counter[str] | None = None
        self._noting: asyncio.Task[None] | None = None

    def handle_message(self, text: str) -> Awaitable[None] | None:
        return self.count(decode_plain_frame(text).type)

    def count(self, slug: str) -> Awaitable[None] | None:
        """Count a rep, and answer it once Redis has; return what the next has to wait for."""
        exercise = catalogue.get_active(slug)
        if not self._rate_limit.allows():
            self._reject_too_fast(slug)
            return None
        keys = self._keys.get(slug)
        if keys is None:
            keys = self._keys[slug] = pack_rep_keys(get_redis_key_space().live(self._user_id, slug))
        rep = PlainRep(self, slug, keys, exercise.gates.of_plain)
        self.replies.add(rep)
        return self._add(rep)

    def _reject_too_fast(self, slug: str) -> None:
        if self._too_fast is None:
            self._too_fast = Counter()
        self._too_fast[slug] += 1
        if self._noting is None:
            self._noting = asyncio.get_running_loop().create_task(self._note_too_fast())
        ack = self.acks.reject_too_fast(slug, self._rate_limit.retry_after_ms)
        self.replies.put(ack)
        if self._rate_limit.refused_in_a_row >= MAX_TOO_FAST_IN_A_ROW:
            raise CloseSocket(CLOSE_POLICY, "too many messages")

    async def _note_too_fast(self) -> None:
        """Note refusals with the session, many in one call: Redis must not get the flood."""
        await asyncio.sleep(NOTE_EVERY_S)
        refused, self._too_fast, self._noting = self._too_fast or Counter(), None, None
        count_refusal_metric("too_fast", refused.total(), user_id=self._user_id)
        try:
            for slug, number in refused.items():
                note = partial(
                    get_live_store().note_refused, self._user_id, slug, "too_fast", number
                )
                await in_thread(for_notes, note, timeout_s=NOTE_DEADLINE_S)
        except (*REDIS_AWAY, TimeoutError) as error:
            log_outage("refusals_lost", error)
