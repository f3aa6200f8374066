"""The connection: one task that connects, says hello, sends, listens, and begins again."""

import asyncio
import contextlib
import logging
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from types import TracebackType
from typing import Any, Self

import msgspec
import websockets

from workouts.client.connection import (
    BACKOFF_MAX_S,
    Backoff,
    full_jitter,
    raise_fatal,
    socket_address,
    start_clock,
)
from workouts.client.conversation import Conversation
from workouts.client.frames import Finished, Frame, WorkoutClientError, decode_frame
from workouts.client.log import Log, Rep

SENIM_V1 = websockets.Subprotocol("senim.v1")
ANSWER_TIMEOUT_S = 5.0
CHORE_PATIENCE = 2  # times as long, for what the server asks the database: it gives that 6 s
LEAVE_TIMEOUT_S = 10.0
CLOSE_TIMEOUT_S = 1.0

log = logging.getLogger(__name__)


@dataclass(eq=False)
class WorkoutClient:
    """Counts an athlete's reps, online or not. For one event loop; `async with` starts it and leaves when all is settled."""

    url: str
    user_id: str = "guest"
    _: KW_ONLY
    device: str = field(
        default_factory=lambda: secrets.token_hex(8)
    )  # made once and kept, where there is a place to keep it
    first_seq: int | None = (
        None  # above all that the device used before; unset, the clock's ms are taken for that
    )
    headers: Mapping[str, str] | None = None
    on_ack: Callable[[Rep, int], None] | None = (
        None  # called with each rep that got a verdict, and the running count
    )
    on_frame: Callable[[Frame], None] | None = (
        None  # called with each frame of the server, a session_update above all
    )
    now_ms: Callable[[], int] = field(default_factory=start_clock)
    backoff: Callable[[int], float] = (
        full_jitter  # from the number of failures in a row to a wait in s
    )
    answer_timeout_s: float = ANSWER_TIMEOUT_S
    counts: dict[str, int] = field(
        default_factory=dict, init=False
    )  # by exercise, as the server last said

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", self.device):
            raise ValueError(
                f"device is {self.device!r}; it takes 1 to 32 of letters, digits, _ and -"
            )
        self._address = socket_address(self.url, self.user_id)
        self._log = Log(self.first_seq or self.now_ms())
        self._backoff = Backoff(self.backoff)
        self._wake, self._progress = asyncio.Event(), asyncio.Event()
        self._error: Exception | None = None  # what trying again does not mend
        self._closed: Exception | None = None
        self._is_error_told = False
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
            return  # closed by hand, which told the number
        if kind is not None:
            await self.close()
            return
        left = await self.close(LEAVE_TIMEOUT_S)
        if self._error is not None and (left or not self._is_error_told):
            raise self._error
        if left:
            raise WorkoutClientError("unsettled", f"{left} reps are not known to be settled")

    @property
    def held(self) -> list[Rep]:
        """Every rep whose workout is not known to be finished."""
        return self._log.reps()

    def rep(self, exercise: str = "squat", *, at_ms: int | None = None) -> Rep:
        """Take down a repetition seen now, or at `at_ms` by this client's clock; it is sent when it can be."""
        self._check(exercise)
        rep = self._log.add_rep(exercise, self.now_ms() if at_ms is None else at_ms)
        self._wake.set()
        return rep

    async def finish(self, exercise: str = "squat") -> Finished:
        """Finish the workout after all that was taken down before, and return its id and total, however long that takes.

        Raises WorkoutClientError, with the code `nothing_to_finish` where there was no workout.
        """
        self._check(exercise)
        finish = self._log.add_finish(exercise, asyncio.get_running_loop().create_future())
        self._wake.set()
        try:
            return await finish.answer
        except WorkoutClientError as error:
            self._is_error_told |= error is self._error
            raise
        finally:
            self._log.withdraw(finish)
            self._wake.set()

    async def settled(self, timeout_s: float | None = None) -> None:
        """Wait until every rep has a verdict and every finish its answer. Raises TimeoutError, WorkoutClientError."""
        async with asyncio.timeout(timeout_s):
            while not self._log.is_settled():
                self._check()
                self._progress.clear()
                await self._progress.wait()

    async def close(self, wait_s: float = 0.0) -> int:
        """Disconnect, after waiting up to `wait_s` for what is not settled, and return how many reps still are not."""
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
            self._let_go(self._closed)
        return sum(rep.status is None for rep in self.held)

    def _check(self, exercise: str = "") -> None:
        if exercise and not re.fullmatch(r"[a-z0-9_]{1,32}", exercise):
            raise ValueError(
                f"exercise is {exercise!r}; it takes 1 to 32 of small letters, digits and _"
            )
        if error := self._error or self._closed:
            self._is_error_told = True
            raise error

    def _let_go(self, error: Exception) -> None:
        for finish in self._log.finishes():
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
                    raise_fatal(error)
                    self._backoff.failures = (
                        1 if clock() - began > BACKOFF_MAX_S else self._backoff.failures + 1
                    )
                    wait_s = self._backoff.wait_s()
                    log.info(
                        "reconnecting in %.2f s: %s", wait_s, str(error) or type(error).__name__
                    )
                    await asyncio.sleep(wait_s)
        except Exception as error:
            self._error = error
            self._let_go(error)

    async def _connect(self) -> None:
        """Stay connected until the connection is lost, and raise how it was."""
        options: dict[str, Any] = {
            "open_timeout": self.answer_timeout_s,
            "close_timeout": CLOSE_TIMEOUT_S,
            "compression": None,
        }
        async with websockets.connect(
            self._address, subprotocols=[SENIM_V1], additional_headers=self.headers, **options
        ) as socket:
            if socket.subprotocol != SENIM_V1:
                raise WorkoutClientError(
                    "no_senim_v1", f"the server at {self.url} does not speak {SENIM_V1}"
                )
            self._talk = self._begin()
            tasks = [
                asyncio.create_task(self._listen(socket)),
                asyncio.create_task(self._send(socket)),
            ]
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            # the listener's first: it knows the close code
            raise next(outcome for outcome in outcomes if isinstance(outcome, Exception))

    def _begin(self) -> Conversation:
        talk = (self._log, self.device, self.now_ms)
        return Conversation(
            *talk,
            on_ack=self.on_ack,
            on_frame=self.on_frame,
            counts=self.counts,
            backoff=self._backoff,
        )

    async def _listen(self, socket: websockets.ClientConnection) -> None:
        while True:
            text = await socket.recv()
            try:
                frame = decode_frame(text)
            except msgspec.DecodeError as error:
                log.warning("a frame that was not understood: %s", error)
            else:
                self._take(frame)

    async def _send(self, socket: websockets.ClientConnection) -> None:
        while True:
            self._wake.clear()
            if self._talk.pause_due and not self._talk.unanswered:
                self._talk.pause_due = False
                await asyncio.sleep(self._backoff.wait_s())
            while (frame := self._next_frame()) is not None:
                async with asyncio.timeout(self.answer_timeout_s):
                    await socket.send(msgspec.json.encode(frame), text=True)
            self._progress.set()  # what is not sent may be settled all the same
            async with asyncio.timeout_at(self._deadline()):
                await self._wake.wait()

    def _deadline(self) -> float | None:
        asked = self._talk.unanswered
        if not asked:
            return None
        return self._talk.heard_at + self.answer_timeout_s * (
            1 if isinstance(asked[0], Rep) else CHORE_PATIENCE
        )

    def _next_frame(self) -> dict[str, Any] | None:
        return self._talk.next_frame()

    def _take(self, frame: Frame) -> None:
        self._talk.take(frame)
        self._wake.set()
        self._progress.set()
