"""The WebSocket side: frames in, answers out, each in its turn."""

import asyncio
import math
from collections import Counter
from collections.abc import Coroutine
from functools import partial
from typing import Any

import structlog
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import DatabaseError

from workouts.close_codes import CLOSE_POLICY, CLOSE_RESTART, CLOSE_TOO_BIG, CLOSE_TRY_LATER
from workouts.events.messages import NOBODY
from workouts.events.updates import get_publisher
from workouts.events.wall_reports import Changed, get_reporter
from workouts.exceptions import Code, WorkoutError
from workouts.identity import identify_socket
from workouts.live.clients import REDIS_AWAY
from workouts.live.counting.batching import (
    COUNTED,
    DEBOUNCED,
    DUPLICATE,
    PACE,
    SESSION_FULL,
    Verdict,
)
from workouts.live.counting.packing import Gates, RepKeys, pack_keys
from workouts.live.runtime import get_batcher, get_key_space, get_store
from workouts.sockets.catalogue import ExerciseLimits, catalogue
from workouts.sockets.frames import (
    MAX_ERRORS_IN_A_ROW,
    MAX_MESSAGE_BYTES,
    ErrorFrame,
    RejectReason,
    RepAck,
    RepStatus,
    decode_rep,
    encode_frame,
)
from workouts.sockets.reply_queue import Answer, ReplyQueue
from workouts.threads import for_redis, in_thread

DRAIN_S = 5.0
MAX_TOO_FAST_IN_A_ROW = 1000
NOTE_EVERY_S = 0.5
NOTE_DEADLINE_S = 3.0
BURST_S = 2  # so many seconds' messages may come at once
OUTCOMES: dict[int, tuple[RepStatus, RejectReason | None]] = {
    COUNTED: ("counted", None),
    DEBOUNCED: ("debounced", None),
    DUPLICATE: ("duplicate", None),
    PACE: ("rejected", "pace"),
    SESSION_FULL: ("rejected", "session_full"),
}
CLOSE_REASONS = {
    CLOSE_POLICY: f"{MAX_ERRORS_IN_A_ROW} errors in a row",
    CLOSE_TOO_BIG: f"a message over {MAX_MESSAGE_BYTES} bytes",
}
log = structlog.get_logger(__name__)
UNAVAILABLE = encode_frame(
    ErrorFrame(
        Code.UNAVAILABLE,
        "the live state did not answer in time; whether the rep was counted is not known",
    )
)


class WorkoutConsumer(AsyncWebsocketConsumer):
    """Counts the reps of one athlete's phone, on a plain socket.

    The message loop is its own: the stock one starts two tasks a message and costs four times all the rest.
    A rep is handed over to the batcher and the next frame is read; the replies keeps the answers in order.
    """

    subprotocol: str | None = None
    name = NOBODY  # of a plain socket: its reps are news to every device

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope = scope
        self.base_send = send
        self.replies = ReplyQueue(send)
        self.errors_in_a_row = 0
        self.closed = False
        self.keys_by_exercise: dict[str, RepKeys] = {}
        self.counts: dict[str, int] = {}
        self.changed: dict[str, Changed] = {}
        self.messages_left = float(BURST_S * settings.SENIM_MAX_MESSAGES_PER_SECOND)
        self.messages_since = asyncio.get_running_loop().time()
        self.too_fast_in_a_row = 0
        self.too_fast: Counter[str] = Counter()  # by exercise, to be counted with the session
        self.chore: Coroutine[Any, Any, None] | None = None
        await receive()
        if await self.connect():
            self.reporter.arrive(self.user_id)
            try:
                await self.serve(receive)
            finally:
                self.reporter.leave(self.user_id)
                self.replies.abandon()
                catalogue.unfollow()

    async def serve(self, receive: Any) -> None:
        await self.receive_frames(receive)

    async def connect(self) -> bool:
        """Accept the socket; one that cannot be served is told why by its close code, which a browser sees only then."""
        await self.accept(self.subprotocol)
        try:
            self.user_id = identify_socket(self.scope)
            await catalogue.follow()
        except WorkoutError as error:
            await self.close(CLOSE_POLICY, error.message)
        except DatabaseError:
            await self.close(CLOSE_TRY_LATER, "the database cannot be reached")
        else:
            self.batcher = get_batcher()
            self.publisher = get_publisher()
            self.reporter = get_reporter()
            return True
        return False

    async def receive_frames(self, receive: Any) -> None:
        close_code = None
        while close_code is None:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                # 1012 comes from this server: it stops, and the client waits for its answers
                if message.get("code") != CLOSE_RESTART or self.closed:
                    return
                close_code = CLOSE_RESTART
            else:
                close_code = self.receive_frame(message.get("text"))
                if self.chore is not None:
                    chore, self.chore = self.chore, None
                    await chore
                if self.replies.is_full():
                    await self.replies.room()
        await self.replies.drain(DRAIN_S)
        reason = (
            "too many messages"
            if self.too_fast_in_a_row >= MAX_TOO_FAST_IN_A_ROW
            else CLOSE_REASONS.get(close_code)
        )
        await self.close(close_code, reason)

    def receive_frame(self, text: str | None) -> int | None:
        """Handle one message (None: a binary one), and return the close code where it was one too many or too big."""
        if text is not None and is_too_big(text):
            return CLOSE_TOO_BIG
        try:
            self.handle_message(text)
        except WorkoutError as error:
            self.replies.put(encode_frame(ErrorFrame(error.code, error.message, error.seq)))
            self.errors_in_a_row += 1
            return CLOSE_POLICY if self.errors_in_a_row >= MAX_ERRORS_IN_A_ROW else None
        self.errors_in_a_row = 0
        return CLOSE_POLICY if self.too_fast_in_a_row >= MAX_TOO_FAST_IN_A_ROW else None

    def handle_message(self, text: str | None) -> None:
        """Handle a message (None: a binary one). What has to be waited for, before the next is read, is left in `chore`."""
        if text is None:
            raise WorkoutError(Code.INVALID_MESSAGE, "a binary message; send text")
        self.count_rep(decode_rep(text).type)

    def count_rep(self, slug: str) -> None:
        exercise = find_exercise(slug)
        self.messages_left -= 1
        if self.messages_left < 0 and self.is_too_fast():
            self.reject_too_fast(slug)
            return
        self.submit(slug, exercise.gates)

    def submit(self, slug: str, gates: Gates) -> None:
        self.batcher.submit(
            self.keys_of(slug), gates, partial(self.answer_rep, self.replies.reserve(), slug)
        )

    def is_too_fast(self) -> bool:
        """Return whether more messages came than the time since the last look allows."""
        now, rate = asyncio.get_running_loop().time(), settings.SENIM_MAX_MESSAGES_PER_SECOND
        self.messages_left = min(
            BURST_S * rate, self.messages_left + (now - self.messages_since) * rate
        )
        self.messages_since = now
        if self.messages_left >= BURST_S * rate:
            self.too_fast_in_a_row = 0  # it paused
        return self.messages_left < 0

    def reject_too_fast(self, slug: str) -> None:
        self.messages_left += 1
        self.too_fast_in_a_row += 1
        if not self.too_fast:
            self.noting = asyncio.get_running_loop().create_task(self.note_too_fast())
        self.too_fast[slug] += 1
        wait_ms = math.ceil(1000 / settings.SENIM_MAX_MESSAGES_PER_SECOND)
        self.replies.put(
            encode_frame(RepAck(slug, "rejected", self.counts.get(slug, 0), "too_fast", wait_ms))
        )

    async def note_too_fast(self) -> None:
        """Count what is refused from now on for a while with the session: one call for many, as a flood must not become one of Redis."""
        await asyncio.sleep(NOTE_EVERY_S)
        refused, self.too_fast = self.too_fast, Counter()
        try:
            for slug, number in refused.items():
                note = partial(get_store().note_refused, self.user_id, slug, "too_fast", number)
                await in_thread(for_redis, note, timeout_s=NOTE_DEADLINE_S)
        except (*REDIS_AWAY, TimeoutError) as error:
            log.warning("refusals_not_noted", error=str(error) or type(error).__name__)

    def keys_of(self, slug: str) -> RepKeys:
        keys = self.keys_by_exercise.get(slug)
        if keys is None:
            keys = self.keys_by_exercise[slug] = pack_keys(get_key_space().live(self.user_id, slug))
        return keys

    def answer_rep(self, answer: Answer, slug: str, verdict: Verdict | None) -> None:
        if verdict is None:
            text = UNAVAILABLE
        elif verdict[0] == COUNTED:  # nearly all of them, so without what only the others need
            self.counts[slug] = verdict[1]
            self.note_change(slug, verdict[1])
            text = encode_frame(RepAck(slug, "counted", verdict[1]))
        else:
            text = encode_frame(self.take_verdict(slug, verdict))
        self.replies.fill(answer, text)

    def note_change(self, slug: str, count: int) -> None:
        changed = self.changed.get(slug)
        if changed is None:
            changed = self.changed[slug] = Changed(self.user_id, slug)
        self.publisher.note(changed, self.name)
        if self.reporter.watched:
            self.reporter.note(changed, count)

    def take_verdict(self, slug: str, verdict: Verdict, seq: int | None = None) -> RepAck:
        """Note what a verdict changes, and return the answer to its rep."""
        kind, count, wait_ms, *session_id = verdict
        self.counts[slug] = count
        if kind == COUNTED:
            self.note_change(slug, count)
        elif kind == SESSION_FULL:
            wait_ms = (
                settings.SENIM_IDLE_MINUTES * 60_000
            )  # or until it is finished, if that is sooner
        status, reason = OUTCOMES[kind]
        return RepAck(
            slug,
            status,
            count,
            reason,
            wait_ms or None,
            seq,
            session_id[0].decode() or None if session_id else None,
        )


def find_exercise(slug: str) -> ExerciseLimits:
    """Return an exercise that is switched on. Raises WorkoutError(unknown_exercise)."""
    exercise = catalogue.find(slug)
    if exercise is None or not exercise.active:
        raise WorkoutError(
            Code.UNKNOWN_EXERCISE,
            f"type is {slug[:40]!r}; known: {', '.join(catalogue.active_slugs())}",
        )
    return exercise


def is_too_big(text: str) -> bool:
    """Return whether a text is over the limit in UTF-8, where a character takes up to 4 bytes."""
    length = len(text)
    return length > MAX_MESSAGE_BYTES or (
        length * 4 > MAX_MESSAGE_BYTES and len(text.encode()) > MAX_MESSAGE_BYTES
    )


class UnknownAddressConsumer(AsyncWebsocketConsumer):
    """Refuses a handshake at an address that no consumer has."""

    async def connect(self) -> None:
        await self.close()
