"""The connection: one task that connects, says hello, sends and listens, and then reconnects."""

import asyncio
import contextlib
import logging
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from types import TracebackType
from typing import Any, NoReturn, Self

import msgspec
import websockets

from workouts.client.connection import (
    BACKOFF_MAX_S,
    ReconnectBackoff,
    build_client_socket_url,
    jittered_reconnect_s,
    raise_fatal_client_error,
    read_reconnect_after_s,
    start_client_clock,
)
from workouts.client.conversation import ClientConversation
from workouts.client.frames import Finished, Frame, WorkoutClientError, decode_frame
from workouts.client.journal import ClientJournal, Rep
from workouts.client.tokens import ClientToken, TokenSource

SENIM_V1 = websockets.Subprotocol("senim.v1")
ANSWER_TIMEOUT_S = 5.0
# for requests that take the server to the database, for up to 6 s
SLOW_ANSWER_FACTOR = 2
LEAVE_TIMEOUT_S = 10.0
CLOSE_TIMEOUT_S = 1.0
MAX_LOAD_KG = 1000

log = logging.getLogger(__name__)


@dataclass(eq=False)
class WorkoutClient:
    """Counts an athlete's reps, online or offline, in one event loop.

    `async with` starts it, and on exit waits until everything is settled.
    """

    url: str
    # without one, the athlete of the token, and else the guest
    user_id: str | None = None
    _: KW_ONLY
    # an access token, or a coroutine function that returns a fresh one. It may raise OSError if
    # that cannot be had now, and is asked again later; any other error ends the client
    token: TokenSource | None = None
    # made once; keep it between runs if you can
    device: str = field(default_factory=lambda: secrets.token_hex(8))
    # must be above every seq the device used before; by default the time in ms
    first_seq: int | None = None
    headers: Mapping[str, str] | None = None
    # called with every rep that gets a verdict, and the running count
    on_ack: Callable[[Rep, int], None] | None = None
    # called with every frame from the server; mainly useful for session_update
    on_frame: Callable[[Frame], None] | None = None
    now_ms: Callable[[], int] = field(default_factory=start_client_clock)
    # takes the number of failures in a row and returns a wait in seconds
    backoff: Callable[[int], float] = jittered_reconnect_s
    answer_timeout_s: float = ANSWER_TIMEOUT_S
    # by exercise, as last acknowledged by the server
    counts: dict[str, int] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", self.device):
            raise ValueError(f"device is {self.device!r}; it takes 1 to 32 letters, digits, _ or -")
        self._address = build_client_socket_url(self.url, self.user_id)
        self._journal = ClientJournal(self.first_seq or self.now_ms())
        self._backoff = ReconnectBackoff(self.backoff)
        self._token = ClientToken(self.token)
        self._wake, self._progress = asyncio.Event(), asyncio.Event()
        self._error: Exception | None = None  # one that retrying does not fix
        self._closed: Exception | None = None
        self._is_error_raised = False
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._task is None:
            return  # closed by hand: close() returned the number of unsettled reps
        if kind is not None:
            await self.close()
            return
        unsettled = await self.close(LEAVE_TIMEOUT_S)
        if self._error is not None and (unsettled or not self._is_error_raised):
            raise self._error
        if unsettled:
            raise WorkoutClientError("unsettled", f"{unsettled} reps may not be settled")

    @property
    def held(self) -> list[Rep]:
        """Every rep whose workout is not known to be finished."""
        return self._journal.reps()

    def rep(self, exercise: str = "squat", *, at_ms: int | None = None) -> Rep:
        """Record a rep seen now, or at `at_ms` on this client's clock, to be sent when possible."""
        check_client_exercise(exercise)
        self._check_usable()
        rep = self._journal.add_rep(exercise, self.now_ms() if at_ms is None else at_ms)
        self._wake.set()
        return rep

    async def finish(self, exercise: str = "squat", *, load_kg: float | None = None) -> Finished:
        """Finish the workout after everything recorded so far, and return its id and total.

        The load is saved with it; the answer has the one that was, since the workout may be
        finished already. Waits as long as it takes. Raises WorkoutClientError, with the code
        `nothing_to_finish` if there was no workout.
        """
        check_client_exercise(exercise)
        if load_kg is not None and not 0 < load_kg <= MAX_LOAD_KG:
            raise ValueError(f"load_kg is {load_kg}; it has to be over 0 and at most {MAX_LOAD_KG}")
        self._check_usable()
        answer = asyncio.get_running_loop().create_future()
        finish = self._journal.add_finish(exercise, answer, load_kg)
        self._wake.set()
        try:
            return await finish.answer
        except WorkoutClientError as error:
            self._is_error_raised |= error is self._error
            raise
        finally:
            self._journal.withdraw(finish)
            self._wake.set()

    async def settled(self, timeout_s: float | None = None) -> None:
        """Wait until every rep has a verdict and every finish its answer.

        Raises TimeoutError and WorkoutClientError.
        """
        async with asyncio.timeout(timeout_s):
            while not self._journal.is_settled():
                self._check_usable()
                self._progress.clear()
                await self._progress.wait()

    async def close(self, wait_s: float = 0.0) -> int:
        """Disconnect, after up to `wait_s` for answers; return how many reps are unsettled."""
        try:
            if wait_s and self._error is None:
                with contextlib.suppress(TimeoutError):
                    await self.settled(wait_s)
        finally:
            task, self._task = self._task, None
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            self._closed = self._error or WorkoutClientError("closed", "the client is closed")
            self._fail_finishes(self._closed)
        return sum(rep.status is None for rep in self.held)

    def _check_usable(self) -> None:
        if error := self._error or self._closed:
            self._is_error_raised = True
            raise error

    def _fail_finishes(self, error: Exception) -> None:
        for finish in self._journal.finishes():
            if not finish.answer.done():
                finish.answer.set_exception(error)
        self._progress.set()

    async def _run(self) -> None:
        clock = asyncio.get_running_loop().time
        try:
            while True:
                began = clock()
                try:
                    await self._connect()
                except (OSError, EOFError, websockets.WebSocketException) as error:
                    if not self._token.survives(error):
                        raise_fatal_client_error(error)
                    self._backoff.failures = (
                        1 if clock() - began > BACKOFF_MAX_S else self._backoff.failures + 1
                    )
                    wait_s = self._backoff.wait_s(at_least_s=read_reconnect_after_s(error))
                    if isinstance(error, OSError) and self._backoff.failures == 1:
                        log.warning("no service answers at %s yet; still trying", self.url)
                    log.info(
                        "reconnecting in %.2f s: %s", wait_s, str(error) or type(error).__name__
                    )
                    await asyncio.sleep(wait_s)
        except Exception as error:
            self._error = error
            self._fail_finishes(error)

    async def _connect(self) -> None:
        """Stay connected until the connection is lost, and raise the reason."""
        options: dict[str, Any] = {
            "open_timeout": self.answer_timeout_s,
            "close_timeout": CLOSE_TIMEOUT_S,
            "compression": None,
        }
        token = await self._token.get()
        headers = dict(self.headers or {}) | ({"Authorization": f"Bearer {token}"} if token else {})
        async with websockets.connect(
            self._address, subprotocols=[SENIM_V1], additional_headers=headers, **options
        ) as socket:
            if socket.subprotocol != SENIM_V1:
                raise WorkoutClientError(
                    "no_senim_v1", f"the server at {self.url} does not speak {SENIM_V1}"
                )
            self._conversation = ClientConversation(
                self._journal,
                self.device,
                self.now_ms,
                on_ack=self.on_ack,
                on_frame=self.on_frame,
                counts=self.counts,
                backoff=self._backoff,
            )
            tasks = [
                asyncio.create_task(self._listen(socket)),
                asyncio.create_task(self._send(socket)),
            ]
            if self._token.is_renewable:
                tasks.append(asyncio.create_task(self._renew(token)))
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            # the listener's error comes first: it knows the close code
            raise next(outcome for outcome in outcomes if isinstance(outcome, Exception))

    async def _listen(self, socket: websockets.ClientConnection) -> None:
        while True:
            text = await socket.recv()
            try:
                frame = decode_frame(text)
            except msgspec.DecodeError as error:
                log.warning("ignored a frame that cannot be decoded: %s", error)
            else:
                self._take(frame)

    async def _send(self, socket: websockets.ClientConnection) -> None:
        while True:
            self._wake.clear()
            if self._conversation.pause_due and not self._conversation.unanswered:
                self._conversation.pause_due = False
                await asyncio.sleep(self._backoff.wait_s())
            while (frame := self._next_frame()) is not None:
                async with asyncio.timeout(self.answer_timeout_s):
                    await socket.send(msgspec.json.encode(frame), text=True)
            self._progress.set()  # unsent reps may have been settled: dropped, for example
            async with asyncio.timeout_at(self._deadline()):
                await self._wake.wait()

    async def _renew(self, token: str) -> NoReturn:
        await self._conversation.welcomed.wait()
        self._token.accept()
        await self._token.keep_fresh(token, self._conversation.server_now_s, self._authenticate)

    def _authenticate(self, token: str) -> None:
        self._conversation.fresh_token = token
        self._wake.set()

    def _deadline(self) -> float | None:
        unanswered = self._conversation.unanswered
        if not unanswered:
            return None
        factor = 1 if isinstance(unanswered[0], Rep) else SLOW_ANSWER_FACTOR
        return self._conversation.heard_at + self.answer_timeout_s * factor

    def _next_frame(self) -> dict[str, Any] | None:
        return self._conversation.next_frame()

    def _take(self, frame: Frame) -> None:
        self._conversation.take(frame)
        self._wake.set()
        self._progress.set()


def check_client_exercise(slug: str) -> None:
    """Raise ValueError if the text cannot be an exercise."""
    if not re.fullmatch(r"[a-z0-9_]{1,32}", slug):
        raise ValueError(f"exercise is {slug!r}; it takes 1 to 32 lowercase letters, digits or _")
