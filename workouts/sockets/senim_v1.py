"""A senim.v1 socket: numbered reps, requests that take more than a script call, updates."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from decimal import Decimal
from functools import partial
from logging import ERROR
from typing import Literal, assert_never

import django.db
import msgspec

from workouts.clock import now_ms
from workouts.events.messages import SessionNews
from workouts.events.updates import get_channel_update_feed
from workouts.exceptions import Code, WorkoutError
from workouts.live.clients import REDIS_AWAY
from workouts.live.counting.batching import get_rep_batcher
from workouts.live.greeting.batching import get_greeting_batcher
from workouts.live.keys import hash_tag_of_user
from workouts.live.runtime import get_live_store
from workouts.loads import load_to_number, round_load_kg
from workouts.log_limits import limit_log
from workouts.metrics import requests
from workouts.outages import log_outage
from workouts.services.devices import REDIS_DEADLINE_S, find_last_seq_of_device
from workouts.services.finishing import finish_workout
from workouts.sockets.acks import SocketAcks
from workouts.sockets.authentication import check_socket_token
from workouts.sockets.catalogue import catalogue
from workouts.sockets.device_reps import DeviceSocketReps
from workouts.sockets.frames import (
    Authenticate,
    Authenticated,
    DeviceRep,
    ErrorFrame,
    Finish,
    FinishAck,
    Hello,
    HelloAck,
    OutgoingFrame,
    Sessions,
    SessionState,
    SessionUpdate,
    Status,
    Welcome,
    decode_senim_v1_frame,
)
from workouts.sockets.message_loop import Receive, SocketLoop
from workouts.sockets.plain import PlainSocketReps
from workouts.sockets.rate_limit import SocketRateLimit
from workouts.sockets.server_stop import get_server_stop
from workouts.sockets.token_watch import SocketToken
from workouts.threads import for_finishes, in_thread

FINISH_DEADLINE_S = 6.0  # once the server stops, server_stop.GRACE_S
LISTEN_DEADLINE_S = 1.0
# hello, status, finish and authenticate cost as much as a hundred reps. A client says hello once a
# connection (up to three times while it measures its clock), finishes a few times an hour, and
# brings a fresh token once; more is read slowly
REQUESTS_AT_ONCE = 20
REQUESTS_PER_S = 1
DROPPED = ErrorFrame(Code.UNAVAILABLE, "the client is gone")  # so nobody reads it
Build = Callable[[], Awaitable[OutgoingFrame]]


class DeviceSocket:
    """Serves one athlete's device, and tells it about changes made elsewhere."""

    def __init__(
        self, user_id: str, message_loop: SocketLoop, token: SocketToken | None = None
    ) -> None:
        self._user_id = user_id
        self._token = token
        self._message_loop = message_loop
        self._replies = message_loop.replies
        self._name = uuid.uuid4().hex
        self.acks = SocketAcks(user_id, self._name)
        self._source = get_rep_batcher().open_source(hash_tag_of_user(user_id))
        self._device_reps = DeviceSocketReps(user_id, message_loop, self.acks, self._source)
        self._plain_reps: PlainSocketReps | None = None  # most devices number all their reps
        self._request_limit = SocketRateLimit(REQUESTS_PER_S, burst=REQUESTS_AT_ONCE)
        self._finished_alone: frozenset[str] = frozenset()  # exercises, since the client is gone

    @property
    def device(self) -> str:
        """The device that said hello, "" before it has."""
        return self._device_reps.device

    async def serve(self, receive: Receive) -> None:
        """Greet the device, then handle its messages."""
        # listen first, then look: a change in between is sent twice, rather than never
        feed = get_channel_update_feed()
        first = self._replies.reserve()
        listening = feed.join(self._user_id, self._hear)
        try:
            if not listening.done():  # another socket of the athlete has joined before
                await asyncio.wait({listening}, timeout=LISTEN_DEADLINE_S)
            self._replies.fill(first, await build_answer_frame("welcome", self._welcome))
            await self._message_loop.run(receive, self._handle_message)
        finally:
            feed.leave(self._user_id, self._hear)

    def _handle_message(self, text: str) -> Awaitable[None] | None:
        match decode_senim_v1_frame(text):
            case DeviceRep(type=slug, seq=int(seq), at=at):
                return self._device_reps.count(slug, seq, at)
            case DeviceRep(type=slug):
                return self._count_plain_rep(slug)
            case Hello(device=device, now=device_ms):
                if self._device_reps.device not in ("", device):
                    raise WorkoutError(
                        Code.INVALID_MESSAGE,
                        f"this socket is device {self._device_reps.device};"
                        " another device takes another socket",
                    )
                meet = partial(self._meet, device, device_ms, now_ms())
                return self._answer("hello", meet, self._is_hello_due)
            case Finish(type=slug, load_kg=number):
                if catalogue.find(slug) is None:  # one that is switched off can still be finished
                    catalogue.get_active(slug)
                is_due = partial(self._is_finish_due, slug)
                load_kg = None if number is None else round_load_kg(number)
                return self._answer("finish", partial(self._finish, slug, load_kg), is_due)
            case Status():
                return self._answer("status", self._tell_status)
            case Authenticate(token=text):
                if self._token is None:
                    raise WorkoutError(Code.UNKNOWN_EVENT, "this service takes no tokens")
                return self._answer("authenticate", partial(self._renew, self._token, text))
            case _ as never:
                assert_never(never)

    def _count_plain_rep(self, slug: str) -> Awaitable[None] | None:
        if self._plain_reps is None:
            self._plain_reps = PlainSocketReps(
                self._user_id, self._replies, self.acks, self._source
            )
        return self._plain_reps.count(slug)

    async def _answer(
        self, request: str, build: Build, is_due: Callable[[], bool] = lambda: False
    ) -> None:
        """Answer a request, once all reps before it are settled.

        Once the client is gone, only what `is_due` is done.
        """
        # reserved before the wait: a restart meanwhile closes the socket only after this answer
        reply = self._replies.reserve()
        if not (self._replies.is_closed or self._request_limit.allows()):
            await get_server_stop().pause(self._request_limit.retry_after_ms / 1000)
            self._request_limit.allows()  # takes what has come in meanwhile
        await self._replies.wait_for_earlier()
        is_dropped = self._replies.is_closed and not is_due()
        self._replies.fill(
            reply, DROPPED if is_dropped else await build_answer_frame(request, build)
        )

    def _is_hello_due(self) -> bool:
        return not self._device_reps.device  # the reps that follow it still count

    def _is_finish_due(self, slug: str) -> bool:
        is_due = slug not in self._finished_alone
        self._finished_alone |= {slug}
        return is_due

    async def _welcome(self) -> Welcome:
        sessions: list[SessionState] | msgspec.UnsetType = msgspec.UNSET
        try:
            sessions = await self._read_sessions()
        except (*REDIS_AWAY, TimeoutError) as error:
            log_outage("welcome_sessions_failed", error)
        return Welcome(self._user_id, now_ms(), catalogue.active_slugs(), sessions)

    async def _meet(self, device: str, device_ms: int, server_ms: int) -> HelloAck:
        last_seq = await find_last_seq_of_device(user_id=self._user_id, device=device)
        reps = self._device_reps
        reps.device = device
        reps.sequence.reset(last_seq)
        reps.clock_offset.measure(device_ms=device_ms, server_ms=server_ms)
        return HelloAck(device, last_seq, server_ms)

    async def _finish(self, slug: str, load_kg: Decimal | None) -> FinishAck:
        blocked_seq = self._device_reps.sequence.first_blocked
        if blocked_seq is not None:
            raise WorkoutError(
                Code.UNAVAILABLE,
                f"the rep of seq {blocked_seq} is not settled; send it again first",
            )
        if await self._is_forgotten():
            self._message_loop.restart()
            raise WorkoutError(
                Code.UNAVAILABLE,
                "acknowledged reps were lost; say hello, send them again, and finish then",
            )
        finish = partial(
            finish_workout,
            user_id=self._user_id,
            exercise_type=slug,
            load_kg=load_kg,
            origin=self._name,
        )
        session = await in_thread(for_finishes, finish, timeout_s=FINISH_DEADLINE_S)
        saved_kg = msgspec.UNSET if load_kg is None else load_to_number(session.load_kg)
        return FinishAck(slug, session.pk, session.total_reps, saved_kg)

    async def _is_forgotten(self) -> bool:
        """Return whether a failover lost reps that this socket has acknowledged."""
        known, device = self._device_reps.sequence.known, self._device_reps.device
        if not known:
            return False
        read_last_seq = partial(get_live_store().raise_last_seq, self._user_id, device, 0)
        # as a finish: a flood of statuses must not delay it
        last_seq = await in_thread(for_finishes, read_last_seq, timeout_s=REDIS_DEADLINE_S)
        return last_seq < known

    async def _tell_status(self) -> Sessions:
        return Sessions(now_ms(), await self._read_sessions())

    async def _renew(self, token: SocketToken, text: str) -> Authenticated:
        token.replace(await check_socket_token(text))
        return Authenticated(token.expires_at_ms)

    async def _read_sessions(self) -> list[SessionState]:
        exercises = sorted(catalogue.by_slug)
        live = await get_greeting_batcher().read_sessions(self._user_id, exercises)
        return [
            SessionState(session.exercise_type, session.reps, session.session_id)
            for session in live
        ]

    def _hear(self, news: SessionNews) -> None:
        # a client that reads too slowly hears of the next change, or asks
        if news.origin != self._name and not self._replies.is_full():
            self._replies.put(build_update_frame(news))


async def build_answer_frame(request: str, build: Build) -> OutgoingFrame:
    """Return the frame that answers a request, or an error frame if that cannot be built."""
    result = "failed"
    try:
        async with get_server_stop().bounding():
            frame = await build()
        result = "done"
        return frame
    except WorkoutError as error:
        result = error.code
        return ErrorFrame(error.code, error.message)
    except (*REDIS_AWAY, django.db.Error, TimeoutError) as error:
        result = Code.UNAVAILABLE
        log_outage("request_failed", error, kind=request)
    except Exception:
        # a bug here must not close the client's socket
        limit_log("request_failed", kind=request, level=ERROR, exc_info=True)
    finally:
        requests.labels(request, result).inc()
    return ErrorFrame(Code.UNAVAILABLE, "Redis or the database cannot be reached; try again")


def build_update_frame(news: SessionNews) -> SessionUpdate:
    state: Literal["live", "finished"] = "finished" if news.workout_id else "live"
    return SessionUpdate(news.exercise_type, news.reps, news.session_id, state, news.workout_id)
