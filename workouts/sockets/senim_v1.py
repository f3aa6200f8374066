"""The senim.v1 side of the socket: devices that number their reps, and may send any of them again."""

import asyncio
import uuid
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from heapq import heappop, heappush
from typing import Any, Literal, TypeVar

import django.db
import msgspec
import structlog

from workouts.clock import now_ms
from workouts.close_codes import CLOSE_RESTART
from workouts.events.messages import SessionNews
from workouts.events.updates import get_feed
from workouts.exceptions import Code, WorkoutError
from workouts.live.clients import REDIS_AWAY
from workouts.live.counting.batching import FORGOTTEN, Verdict
from workouts.live.counting.packing import Gates, RepKeys, pack_keys
from workouts.live.runtime import get_key_space, get_store
from workouts.services.devices import REDIS_DEADLINE_S, meet_device
from workouts.services.finishing import finish_workout
from workouts.sockets.catalogue import catalogue
from workouts.sockets.frames import (
    SENIM_V1,
    DeviceRep,
    ErrorFrame,
    Finish,
    Finished,
    Frame,
    Hello,
    HelloAck,
    Sessions,
    SessionState,
    SessionUpdate,
    Welcome,
    decode_message,
    encode_frame,
)
from workouts.sockets.plain import WorkoutConsumer, find_exercise
from workouts.sockets.reply_queue import Answer
from workouts.threads import for_database, for_redis, in_thread

NOT_SETTLED = (
    "the live state did not answer; nothing from this seq on is settled until it comes again"
)
FINISH_DEADLINE_S = 6.0  # one that is under way at a SIGTERM is answered before the process ends
MAX_HELLO_DELAY_MS = 10_000
LISTEN_DEADLINE_S = 1.0
RESTART_DRAIN_S = 1.0
MAX_BLOCKED = 10_000  # of one socket; beyond them a new hello is the shorter way
T = TypeVar("T")
log = structlog.get_logger(__name__)


class DeviceConsumer(WorkoutConsumer):
    """Counts the reps of one athlete's device, each `seq` at most once, whatever was sent again."""

    subprotocol = SENIM_V1

    async def serve(self, receive: Any) -> None:
        self.name = uuid.uuid4().hex
        self.device = ""
        self.device_keys: dict[str, RepKeys] = {}
        self.clock_offset_ms = 0
        self.is_clock_new = False  # no rep went by it yet
        self.known_seq = 0  # the highest that this socket knows as settled
        self.asked_seq = (
            0  # the highest that is on its way: what follows it may be settled only where it was
        )
        self.blocked: list[
            int
        ] = []  # a heap of those that were told unavailable: nothing above one is settled until it comes again
        self.unsettled = 0
        self.quiet = asyncio.Event()
        self.quiet.set()
        self.restarting: asyncio.Task[None] | None = None
        # first listen, then look: what changes in between is told twice, never not at all
        feed = get_feed()
        first = self.replies.reserve()
        listening = feed.join(self.user_id, self.hear)
        try:
            await asyncio.wait({listening}, timeout=LISTEN_DEADLINE_S)
            await self.answer_with(first, self.welcome)
            await self.receive_frames(receive)
        finally:
            feed.leave(self.user_id, self.hear)

    def handle_message(self, text: str | None) -> None:
        if text is None:
            raise WorkoutError(Code.INVALID_MESSAGE, "a binary message; send text")
        message = decode_message(text)
        act: Callable[[], Any]
        match message:
            case DeviceRep(type=slug, seq=int(seq), at=at):
                self.count_device_rep(slug, seq, at)
                return
            case DeviceRep(type=slug):
                self.count_rep(slug)
                return
            case Hello(device=device, now=device_time):
                if self.device not in ("", device):
                    raise WorkoutError(
                        Code.INVALID_MESSAGE,
                        f"this socket is device {self.device}; another device takes another socket",
                    )
                act = partial(self.meet, device, device_time, now_ms())
            case Finish(type=slug):
                if catalogue.find(slug) is None:  # one that is switched off can still be finished
                    find_exercise(slug)
                act = partial(self.finish, slug)
            case _:
                act = self.tell_status
        self.chore = self.answer_with(self.replies.reserve(), act)

    async def answer_with(self, answer: Answer, act: Callable[[], Any]) -> None:
        """Do what takes more than a script call, and answer with the frame it returns, or the error it raises."""
        frame: Frame = ErrorFrame(
            Code.UNAVAILABLE, "Redis or the database cannot be reached; try again"
        )
        try:
            frame = await act()
        except WorkoutError as error:
            frame = ErrorFrame(error.code, error.message)
        except (*REDIS_AWAY, django.db.Error, TimeoutError) as error:
            log.warning("chore_not_done", error=str(error).strip() or type(error).__name__)
        except Exception:
            log.exception("chore_failed")  # a slip of ours must not cost the client its socket
        self.replies.fill(answer, encode_frame(frame))

    # --- reps

    def count_device_rep(self, slug: str, seq: int, at: int | None) -> None:
        if not self.device:
            raise WorkoutError(
                Code.INVALID_MESSAGE, "a seq without a hello; say hello first", seq=seq
            )
        if self.blocked and seq > self.blocked[0]:
            self.block(seq)
            self.replies.put(encode_frame(ErrorFrame(Code.UNAVAILABLE, NOT_SETTLED, seq)))
            return
        while self.blocked and self.blocked[0] == seq:
            heappop(self.blocked)
        try:
            exercise = find_exercise(slug)
        except WorkoutError as error:
            error.seq = seq
            raise
        self.is_clock_new = False
        time_ms = "-" if at is None else at + self.clock_offset_ms
        # those on their way count as known: a failover between two calls must not settle this one without them
        known_seq = max(self.known_seq, self.asked_seq) if seq > self.asked_seq else self.known_seq
        self.asked_seq = max(self.asked_seq, seq)
        said = f"{self.device} {seq} {time_ms} {known_seq} {self.clock_offset_ms}".encode()
        self.begin()
        settle = partial(self.answer_device_rep, self.replies.reserve(), slug, seq)
        self.batcher.submit(
            self.device_keys_of(slug), exercise.gates, partial(self.settle, settle), said=said
        )

    def submit(self, slug: str, gates: Gates) -> None:
        self.begin()
        settle = partial(self.answer_rep, self.replies.reserve(), slug)
        self.batcher.submit(self.keys_of(slug), gates, partial(self.settle, settle))

    def device_keys_of(self, slug: str) -> RepKeys:
        keys = self.device_keys.get(slug)
        if keys is None:
            space = get_key_space()
            keys = self.device_keys[slug] = pack_keys(
                space.live(self.user_id, slug), space.device(self.user_id, self.device)
            )
        return keys

    def begin(self) -> None:
        self.unsettled += 1
        self.quiet.clear()

    def settle(self, settle: Callable[[Verdict | None], None], verdict: Verdict | None) -> None:
        settle(verdict)
        self.unsettled -= 1
        if not self.unsettled:
            self.quiet.set()

    def answer_device_rep(
        self, answer: Answer, slug: str, seq: int, verdict: Verdict | None
    ) -> None:
        if verdict is None or verdict[0] == FORGOTTEN:
            self.block(seq)
            self.asked_seq = 0
            self.replies.fill(answer, encode_frame(ErrorFrame(Code.UNAVAILABLE, NOT_SETTLED, seq)))
            if verdict is not None:
                # a failover lost what this socket has acknowledged: a new hello says from where to send again
                self.restart()
            return
        self.known_seq = max(self.known_seq, seq)
        self.replies.fill(answer, encode_frame(self.take_verdict(slug, verdict, seq)))

    def block(self, seq: int) -> None:
        heappush(self.blocked, seq)
        if len(self.blocked) > MAX_BLOCKED:
            self.restart()

    def restart(self) -> None:
        """Have the client connect and say hello again."""
        if not self.closed:
            self.closed = True
            self.restarting = asyncio.get_running_loop().create_task(self.close_for_restart())

    async def close_for_restart(self) -> None:
        await self.replies.drain(RESTART_DRAIN_S)
        with suppress(Exception):
            await self.close(CLOSE_RESTART)

    # --- chores

    async def welcome(self) -> Welcome:
        sessions: list[SessionState] | msgspec.UnsetType = msgspec.UNSET
        try:
            sessions = await self.ask_redis(self.read_sessions)
        except (*REDIS_AWAY, TimeoutError) as error:
            log.warning("welcome_without_sessions", error=str(error) or type(error).__name__)
        return Welcome(self.user_id, now_ms(), catalogue.active_slugs(), sessions)

    async def meet(self, device: str, device_time: int, read_at: int) -> HelloAck:
        await self.quiet.wait()
        last_seq = await meet_device(user_id=self.user_id, device=device)
        self.device = device
        self.known_seq, self.asked_seq = last_seq, 0
        self.blocked = sorted(seq for seq in self.blocked if seq > last_seq)
        self.set_clock(read_at - device_time)
        return HelloAck(device, last_seq, read_at)

    def set_clock(self, offset_ms: int) -> None:
        """Take the offset of a hello; of several before a rep the smallest, as a hello can only be slow on its way."""
        if self.is_clock_new and offset_ms - self.clock_offset_ms < MAX_HELLO_DELAY_MS:
            offset_ms = min(offset_ms, self.clock_offset_ms)
        self.is_clock_new = True
        self.clock_offset_ms = offset_ms

    async def finish(self, slug: str) -> Finished:
        await self.quiet.wait()
        if self.blocked:
            raise WorkoutError(
                Code.UNAVAILABLE,
                f"the rep of seq {self.blocked[0]} is not settled; send it again first",
            )
        if await self.is_forgotten():
            self.restart()
            raise WorkoutError(
                Code.UNAVAILABLE,
                "acknowledged reps were lost; say hello, send them again, and finish then",
            )
        act = partial(finish_workout, user_id=self.user_id, exercise_type=slug, origin=self.name)
        session = await in_thread(for_database, act, timeout_s=FINISH_DEADLINE_S)
        return Finished(slug, session.pk, session.total_reps)

    async def is_forgotten(self) -> bool:
        """Return whether a failover lost what this socket has acknowledged."""
        return self.known_seq > 0 and await self.ask_redis(self.read_memory) < self.known_seq

    def read_memory(self) -> int:
        return get_store().meet_device(self.user_id, self.device, 0)

    async def tell_status(self) -> Sessions:
        await self.quiet.wait()
        return Sessions(now_ms(), await self.ask_redis(self.read_sessions))

    def read_sessions(self) -> list[SessionState]:
        live = get_store().live_sessions(self.user_id, sorted(catalogue.by_slug))
        return [
            SessionState(session.exercise_type, session.reps, session.session_id)
            for session in live
        ]

    async def ask_redis(self, ask: Callable[[], T]) -> T:
        return await in_thread(for_redis, ask, timeout_s=REDIS_DEADLINE_S)

    # --- what other devices change

    def hear(self, news: SessionNews) -> None:
        # one that reads so slowly hears of the next change, or asks
        if news.origin != self.name and not self.replies.is_full():
            self.replies.put(encode_frame(describe_update(news)))


def describe_update(news: SessionNews) -> SessionUpdate:
    state: Literal["live", "finished"] = "finished" if news.workout_id else "live"
    return SessionUpdate(news.exercise_type, news.reps, news.session_id, state, news.workout_id)


async def workout_socket(scope: Any, receive: Any, send: Any) -> None:
    """Serve a socket as the device it offers to be, or as a plain one."""
    consumer = DeviceConsumer() if SENIM_V1 in scope.get("subprotocols", ()) else WorkoutConsumer()
    await consumer(scope, receive, send)
