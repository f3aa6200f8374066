"""The senim.v1 side of the socket: devices that number their reps, and may send any of them again."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Literal, TypeVar

import django.db
import structlog
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer

from workouts.catalogue import catalogue
from workouts.consumers import WorkoutConsumer, find_exercise
from workouts.events import Changed, athlete_group
from workouts.exceptions import Code, WorkoutError
from workouts.live.batching import COUNTED, DUPLICATE, FORGOTTEN, Verdict
from workouts.live.clients import REDIS_AWAY
from workouts.live.runtime import get_key_space, get_store
from workouts.outbox import Answer
from workouts.protocol import (
    CLOSE_RESTART,
    SENIM_V1,
    DeviceRep,
    ErrorFrame,
    Finish,
    Finished,
    Frame,
    Hello,
    HelloAck,
    RepAck,
    Sessions,
    SessionState,
    SessionUpdate,
    Status,
    Welcome,
    decode_message,
    encode_frame,
)
from workouts.services import finish_workout, meet_device

NOT_SETTLED = "the live state did not answer; nothing from this seq on is settled until it comes again"
CHORE_DEADLINE_S = 8.0
T = TypeVar("T")
log = structlog.get_logger(__name__)


class DeviceConsumer(WorkoutConsumer):
    """Counts the reps of one athlete's device, each `seq` at most once, whatever was sent again."""

    subprotocol = SENIM_V1

    async def serve(self, receive: Any) -> None:
        self.device = ""
        self.memory = b""
        self.clock_offset_ms = 0
        self.known_seq = 0  # the highest that this socket knows as settled
        self.blocked_seq: int | None = None  # nothing above it is settled until it comes again
        self.unsettled = 0
        self.quiet = asyncio.Event()
        self.quiet.set()
        # first listen, then look: what changes in between is told twice, never not at all
        listener = await self.listen()
        try:
            await self.outbox_chore(self.outbox.reserve(), self.welcome)
            await self.receive_frames(receive)
        finally:
            if listener is not None:
                listener.cancel()
                with suppress(asyncio.CancelledError):
                    await listener

    def handle_message(self, text: str | None) -> None:
        if text is None:
            raise WorkoutError(Code.INVALID_MESSAGE, "a binary message; send text")
        message = decode_message(text)
        if isinstance(message, DeviceRep):
            if message.seq is None:
                self.count_rep(message.type)
            else:
                self.count_device_rep(message.type, message.seq, message.at)
            return
        acts: dict[type, Callable[[Any], Any]] = {Hello: self.meet, Finish: self.finish, Status: self.tell_status}
        act = acts[type(message)]
        self.chore = self.outbox_chore(self.outbox.reserve(), partial(act, message))

    async def outbox_chore(self, answer: Answer, act: Callable[[], Any]) -> None:
        """Do what takes more than a script call, and answer with the frame it returns, or the error it raises."""
        frame: Frame
        try:
            frame = await act()
        except WorkoutError as error:
            frame = ErrorFrame(error.code, error.message)
        except (*REDIS_AWAY, django.db.Error, TimeoutError) as error:
            log.warning("chore_not_done", error=str(error).strip())
            frame = ErrorFrame(Code.UNAVAILABLE, "Redis or the database cannot be reached; try again")
        self.outbox.fill(answer, encode_frame(frame))

    # --- reps

    def count_device_rep(self, slug: str, seq: int, at: int | None) -> None:
        try:
            exercise = find_exercise(slug)
        except WorkoutError as error:
            error.seq = seq
            raise
        if not self.device:
            raise WorkoutError(Code.INVALID_MESSAGE, "a seq without a hello; say hello first", seq=seq)
        if self.blocked_seq is not None and seq > self.blocked_seq:
            self.outbox.put(encode_frame(ErrorFrame(Code.UNAVAILABLE, NOT_SETTLED, seq)))
            return
        time_ms = "-" if at is None else at + self.clock_offset_ms
        said = f"{self.device} {seq} {time_ms} {self.known_seq}".encode()
        settle = partial(self.answer_device_rep, self.outbox.reserve(), slug, seq)
        self.unsettled += 1
        self.quiet.clear()
        self.batcher.submit(self.keys_of(slug), exercise.min_interval_ms, settle, memory=self.memory, said=said)

    def answer_device_rep(self, answer: Answer, slug: str, seq: int, verdict: Verdict | None) -> None:
        self.unsettled -= 1
        if not self.unsettled:
            self.quiet.set()
        if verdict is None or verdict[0] == FORGOTTEN:
            self.blocked_seq = seq if self.blocked_seq is None else min(seq, self.blocked_seq)
            self.outbox.fill(answer, encode_frame(ErrorFrame(Code.UNAVAILABLE, NOT_SETTLED, seq)))
            if verdict is not None:
                # a failover lost what this socket has acknowledged: a new hello says from where to send again
                asyncio.get_running_loop().create_task(self.restart())
            return
        if self.blocked_seq is not None and seq >= self.blocked_seq:
            self.blocked_seq = None
        self.known_seq = max(self.known_seq, seq)
        self.outbox.fill(answer, encode_frame(self.describe(slug, seq, verdict)))

    def describe(self, slug: str, seq: int, verdict: Verdict) -> RepAck:
        kind, count, retry_after_ms, raw_id = verdict
        session_id = raw_id.decode() or None
        if kind == COUNTED:
            self.publisher.note(Changed(self.user_id, slug), self.channel_name)
        elif kind == DUPLICATE:
            return RepAck(slug, "duplicate", count, seq=seq, session_id=session_id)
        status: Literal["counted", "debounced"] = "counted" if kind == COUNTED else "debounced"
        return RepAck(slug, status, count, retry_after_ms or None, seq, session_id)

    async def restart(self) -> None:
        if self.closed:
            return
        self.closed = True
        await self.outbox.drain(1)
        with suppress(Exception):
            await self.close(CLOSE_RESTART)

    # --- chores

    async def welcome(self) -> Welcome:
        sessions = await self.in_thread(self.read_sessions)
        return Welcome(self.user_id, now_ms(), sessions, catalogue.active_slugs())

    async def meet(self, hello: Hello) -> HelloAck:
        if self.device and hello.device != self.device:
            raise WorkoutError(Code.INVALID_MESSAGE, f"this socket is device {self.device}; another device takes another socket")
        await self.quiet.wait()
        last_seq = await self.in_thread(partial(meet_device, user_id=self.user_id, device=hello.device))
        self.device = hello.device
        self.memory = get_key_space().device(self.user_id, hello.device)
        self.known_seq, self.blocked_seq = last_seq, None
        server_time = now_ms()
        self.clock_offset_ms = server_time - hello.now
        return HelloAck(hello.device, last_seq, server_time)

    async def finish(self, message: Finish) -> Finished:
        if catalogue.find(message.type) is None:
            raise WorkoutError(Code.UNKNOWN_EXERCISE, f"type is {message.type[:40]!r}; known: {', '.join(catalogue.active_slugs())}")
        await self.quiet.wait()
        if self.blocked_seq is not None:
            raise WorkoutError(Code.UNAVAILABLE, f"the rep of seq {self.blocked_seq} is not settled; send it again first")
        session = await self.in_thread(partial(finish_workout, user_id=self.user_id, exercise_type=message.type, origin=self.channel_name))
        return Finished(message.type, session.pk, session.total_reps)

    async def tell_status(self, message: Status) -> Sessions:
        await self.quiet.wait()
        return Sessions(now_ms(), await self.in_thread(self.read_sessions))

    def read_sessions(self) -> list[SessionState]:
        live = get_store().live_sessions(self.user_id, sorted(catalogue.by_slug))
        return [SessionState(session.exercise_type, session.reps, session.session_id) for session in live]

    async def in_thread(self, act: Callable[[], T]) -> T:
        # a thread of its own: one slow database call must not hold up the others
        async with asyncio.timeout(CHORE_DEADLINE_S):
            done: T = await database_sync_to_async(act, thread_sensitive=False)()
        return done

    # --- what other devices change

    async def listen(self) -> asyncio.Task[None] | None:
        """Join the athlete's group. A socket that cannot still counts; it is told less."""
        layer = get_channel_layer()
        self.channel_name = ""
        try:
            self.channel_name = await layer.new_channel()
            await layer.group_add(athlete_group(self.user_id), self.channel_name)
        except (*REDIS_AWAY, OSError) as error:
            log.warning("updates_not_listened_to", error=str(error))
            return None
        return asyncio.get_running_loop().create_task(self.relay(layer))

    async def relay(self, layer: Any) -> None:
        try:
            while True:
                event = await layer.receive(self.channel_name)
                # one that reads so slowly hears of the next change, or asks
                if event["origin"] != self.channel_name and not self.outbox.is_full():
                    self.outbox.put(encode_frame(describe_update(event)))
        finally:
            with suppress(*REDIS_AWAY, OSError):
                await layer.group_discard(athlete_group(self.user_id), self.channel_name)


def describe_update(event: dict[str, Any]) -> SessionUpdate:
    state: Literal["live", "finished"] = "finished" if event["workout_id"] else "live"
    return SessionUpdate(event["exercise_type"], event["count"], event["session_id"], state, event["workout_id"])


def now_ms() -> int:
    return time.time_ns() // 1_000_000


async def workout_socket(scope: Any, receive: Any, send: Any) -> None:
    """Serve a socket as the device it offers to be, or as a plain one."""
    consumer = DeviceConsumer() if SENIM_V1 in scope.get("subprotocols", ()) else WorkoutConsumer()
    await consumer(scope, receive, send)
