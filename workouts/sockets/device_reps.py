"""Reps from a device that numbers them: each seq counts at most once, however often it is sent.

A rep's path: count, the batcher's call, answer.
"""

from collections.abc import Awaitable

from workouts.exceptions import Code, WorkoutError
from workouts.live.counting.batching import BatchSource
from workouts.live.counting.packing import PackedRepKeys, pack_rep_keys, pack_rep_stamp
from workouts.live.counting.settling import PendingRep
from workouts.live.counting.verdicts import FORGOTTEN, RepResult
from workouts.live.runtime import get_redis_key_space
from workouts.sockets.acks import SocketAcks
from workouts.sockets.catalogue import catalogue
from workouts.sockets.clock_offset import SocketClockOffset
from workouts.sockets.frames import ErrorFrame, OutgoingFrame
from workouts.sockets.message_loop import SocketLoop
from workouts.sockets.reply_queue import Reply
from workouts.sockets.sequence import SocketSequence

NOT_SETTLED = "Redis did not answer; nothing from this seq on is settled until it is sent again"


class NumberedRep(PendingRep):
    """A device's rep and the place of its answer in one."""

    __slots__ = ("_reps", "_seq", "_slug", "frame")
    is_numbered = True

    def __init__(
        self,
        reps: "DeviceSocketReps",
        slug: str,
        seq: int,
        keys: PackedRepKeys,
        limits_and_stamp: bytes,
    ) -> None:
        self.keys = keys
        self.limits_and_stamp = limits_and_stamp
        self.frame: OutgoingFrame | bytes | None = None
        self._reps = reps
        self._slug = slug
        self._seq = seq

    def settle(self, result: RepResult | None) -> None:
        self._reps.answer(self, self._slug, self._seq, result)


class DeviceSocketReps:
    """Counts the numbered reps of one athlete's device on one socket."""

    def __init__(
        self, user_id: str, message_loop: SocketLoop, acks: SocketAcks, source: BatchSource
    ) -> None:
        self.device = ""  # until a hello names it
        self.sequence = SocketSequence()
        self.clock_offset = SocketClockOffset()
        self._user_id = user_id
        self._message_loop = message_loop
        self._replies = message_loop.replies
        self._acks = acks
        self._add = source.add
        self._keys: dict[str, PackedRepKeys] = {}

    def count(self, slug: str, seq: int, at_ms: int | None) -> Awaitable[None] | None:
        """Count a rep, and answer it once Redis has; return what the next has to wait for.

        Raises WorkoutError with its seq.
        """
        if not self.device:
            raise WorkoutError(
                Code.INVALID_MESSAGE, "a seq without a hello; say hello first", seq=seq
            )
        if not self.sequence.admit(seq):
            self._replies.put(ErrorFrame(Code.UNAVAILABLE, NOT_SETTLED, seq))
            if self.sequence.is_full:
                self._message_loop.restart()
            return None
        try:
            exercise = catalogue.get_active(slug)
        except WorkoutError as error:
            error.seq = seq
            raise
        keys = self._keys.get(slug)
        if keys is None:
            space = get_redis_key_space()
            memory = space.device(self._user_id, self.device)
            keys = self._keys[slug] = pack_rep_keys(space.live(self._user_id, slug), memory)
        stamp = pack_rep_stamp(
            self.device,
            seq,
            self.clock_offset.correct(at_ms),
            self.sequence.ask(seq),
            self.clock_offset.ms,
        )
        rep = NumberedRep(self, slug, seq, keys, exercise.gates.with_stamp(stamp))
        self._replies.add(rep)
        return self._add(rep)

    def answer(self, reply: Reply, slug: str, seq: int, result: RepResult | None) -> None:
        """Answer a rep, with its result or None."""
        if result is not None and result[0] != FORGOTTEN:
            self.sequence.settle(seq)
            self._replies.fill(reply, self._acks.take(slug, result, seq))
            return
        self.sequence.fail(seq)
        self._replies.fill(reply, ErrorFrame(Code.UNAVAILABLE, NOT_SETTLED, seq))
        if result is not None or self.sequence.is_full:
            # a failover lost what was acknowledged: a new hello says from where to send again
            self._message_loop.restart()
