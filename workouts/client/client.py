"""The connection: one task that connects, says hello, sends, listens, and begins again."""

import asyncio
import contextlib
import logging
import re
import secrets
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from types import TracebackType
from typing import Any, Self

import msgspec
import websockets

from workouts.client.connection import BACKOFF_MAX_S, full_jitter, raise_fatal, socket_address, wall_clock_ms
from workouts.client.frames import (
    ANSWERS,
    ERROR,
    FINISHED,
    HELLO,
    REP_ACK,
    WELCOME,
    Finished,
    Frame,
    WorkoutClientError,
    decode_frame,
)
from workouts.client.log import Finish, Log, Rep

SENIM_V1 = websockets.Subprotocol("senim.v1")
MAX_UNANSWERED = 200
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
    device: str = field(default_factory=lambda: secrets.token_hex(8))  # made once and kept, where there is a place to keep it
    first_seq: int | None = None  # above all that the device used before; unset, the clock's ms are taken for that
    headers: Mapping[str, str] | None = None
    on_ack: Callable[[Rep, int], None] | None = None  # called with each rep that got a verdict, and the running count
    on_frame: Callable[[Frame], None] | None = None  # called with each frame of the server, a session_update above all
    now_ms: Callable[[], int] = wall_clock_ms
    backoff: Callable[[int], float] = full_jitter  # from the number of failures in a row to a wait in s
    answer_timeout_s: float = ANSWER_TIMEOUT_S
    counts: dict[str, int] = field(default_factory=dict, init=False)  # by exercise, as the server last said

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", self.device):
            raise ValueError(f"device is {self.device!r}; it takes 1 to 32 of letters, digits, _ and -")
        self._address = socket_address(self.url, self.user_id)
        self._log = Log(self.first_seq or self.now_ms())
        self._unanswered: deque[str | Rep | Finish] = deque()
        self._proven: set[str] = set()
        self._hello_due = self._pause_due = False
        self._failures = 0
        self._heard_at = 0.0
        self._wake, self._progress = asyncio.Event(), asyncio.Event()
        self._error: Exception | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._task is None:
            return  # closed by hand, which told the number
        left = await self.close(LEAVE_TIMEOUT_S if kind is None else 0.0)
        if left and kind is None:
            raise WorkoutClientError("unsettled", f"{left} reps are not known to be settled")

    @property
    def held(self) -> list[Rep]:
        """Every rep whose workout is not known to be finished."""
        return self._log.reps()

    def rep(self, exercise: str = "squat", *, at_ms: int | None = None) -> Rep:
        """Take down a repetition seen now, or at `at_ms` by this client's clock; it is sent when it can be."""
        self._check()
        rep = self._log.add_rep(exercise, self.now_ms() if at_ms is None else at_ms)
        self._wake.set()
        return rep

    async def finish(self, exercise: str = "squat") -> Finished:
        """Finish the workout after all that was taken down before, and return its id and total, however long that takes.

        Raises WorkoutClientError, with the code `nothing_to_finish` where there was no workout.
        """
        self._check()
        finish = self._log.add_finish(exercise, asyncio.get_running_loop().create_future())
        self._wake.set()
        try:
            return await finish.answer
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
            if wait_s:
                with contextlib.suppress(TimeoutError):
                    await self.settled(wait_s)
        finally:
            task, self._task = self._task, None
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            self._fail(WorkoutClientError("closed", "the client is closed"))
        return sum(rep.status is None for rep in self.held)

    def _check(self) -> None:
        if self._error is not None:
            raise self._error

    def _fail(self, error: Exception) -> None:
        self._error = self._error or error
        for finish in self._log.finishes():
            if not finish.answer.done():
                finish.answer.set_exception(self._error)
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
                    self._failures = 1 if clock() - began > BACKOFF_MAX_S else self._failures + 1
                    wait_s = self.backoff(self._failures)
                    log.info("reconnecting in %.2f s: %s", wait_s, str(error) or type(error).__name__)
                    await asyncio.sleep(wait_s)
        except Exception as error:
            self._fail(error)

    async def _connect(self) -> None:
        """Stay connected until the connection is lost, and raise how it was."""
        options: dict[str, Any] = {"open_timeout": self.answer_timeout_s, "close_timeout": CLOSE_TIMEOUT_S, "compression": None}
        async with websockets.connect(self._address, subprotocols=[SENIM_V1], additional_headers=self.headers, **options) as socket:
            if socket.subprotocol != SENIM_V1:
                raise WorkoutClientError("no_senim_v1", f"the server at {self.url} does not speak {SENIM_V1}")
            self._unanswered.clear()
            self._proven.clear()
            self._pause_due, self._hello_due = False, True
            self._expect(WELCOME)
            tasks = [asyncio.create_task(self._listen(socket)), asyncio.create_task(self._send(socket))]
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            # the listener's first: it knows the close code
            raise next(outcome for outcome in outcomes if isinstance(outcome, Exception))

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
            if self._pause_due and not self._unanswered:
                self._pause_due = False
                await asyncio.sleep(self.backoff(self._failures))
            while (frame := self._next_frame()) is not None:
                async with asyncio.timeout(self.answer_timeout_s):
                    await socket.send(msgspec.json.encode(frame), text=True)
            async with asyncio.timeout_at(self._deadline()):
                await self._wake.wait()

    def _deadline(self) -> float | None:
        if not self._unanswered:
            return None
        patience = 1 if isinstance(self._unanswered[0], Rep) else CHORE_PATIENCE
        return self._heard_at + self.answer_timeout_s * patience

    def _next_frame(self) -> dict[str, Any] | None:
        entry = self._log.next_entry()
        if self._hello_due:
            return None if self._unanswered else self._say_hello()
        if entry is None or len(self._unanswered) >= MAX_UNANSWERED or (self._unanswered and self._goes_alone(entry)):
            return None
        self._expect(entry)
        entry.sent = True
        if isinstance(entry, Finish):
            return {"event": "finish", "type": entry.exercise}
        self._log.position += 1
        return {"event": "rep_detected", "type": entry.exercise, "seq": entry.seq, "at": entry.at_ms}

    def _say_hello(self) -> dict[str, Any]:
        self._expect(HELLO)
        self._hello_due = False
        return {"event": "hello", "device": self.device, "now": self.now_ms()}

    def _goes_alone(self, entry: Rep | Finish) -> bool:
        """Return whether to wait for all answers first: many reps of an unknown exercise would be too many errors in a row.

        And no rep goes out before the hello is answered, or it would be settled before those that have to come again.
        """
        return isinstance(entry, Finish) or entry.exercise not in self._proven or self._unanswered[0] == HELLO

    def _expect(self, asked: str | Rep | Finish) -> None:
        if not self._unanswered:
            self._heard_at = asyncio.get_running_loop().time()
        self._unanswered.append(asked)

    def _take(self, frame: Frame) -> None:
        if self.on_frame is not None:
            self.on_frame(frame)
        if frame.event not in ANSWERS or not self._unanswered:
            return
        asked = self._unanswered.popleft()
        self._heard_at = asyncio.get_running_loop().time()
        if not is_answer(frame, asked):
            raise ConnectionError(f"{frame} answers something else than {asked}")
        if frame.event == ERROR:
            self._take_error(asked, frame)
        elif isinstance(asked, Rep):
            self._proven.add(asked.exercise)
            self._settle(asked, frame.status, frame.count)
        elif isinstance(asked, Finish):
            self._finished(asked, frame)
        elif asked == HELLO:
            for rep in self._log.rewind(frame.last_seq):
                self._settle(rep, "settled", self.counts.get(rep.exercise, 0))
        self._wake.set()
        self._progress.set()

    def _take_error(self, asked: str | Rep | Finish, frame: Frame) -> None:
        if frame.code == "unavailable":
            self._hello_due = True
            self._failures += not self._pause_due
            self._pause_due = True
        elif isinstance(asked, Rep):
            for rep in self._log.refuse(asked, whole_exercise=frame.code == "unknown_exercise"):
                self._settle(rep, frame.code, self.counts.get(rep.exercise, 0))
        elif isinstance(asked, Finish):
            self._log.entries.remove(asked)
            if not asked.answer.done():
                asked.answer.set_exception(WorkoutClientError(frame.code, frame.detail))
        else:
            raise WorkoutClientError(frame.code, frame.detail)

    def _settle(self, rep: Rep, status: str, count: int) -> None:
        rep.status = status
        rep.counted |= status == "counted"
        self.counts[rep.exercise] = count
        self._failures = 0
        if self.on_ack is not None:
            self.on_ack(rep, count)

    def _finished(self, finish: Finish, frame: Frame) -> None:
        self._log.complete(finish)
        self.counts[finish.exercise] = 0
        self._failures = 0
        if not finish.answer.done():
            finish.answer.set_result(Finished(frame.workout_id or 0, frame.count))


def is_answer(frame: Frame, asked: str | Rep | Finish) -> bool:
    """Return whether a frame can be the answer to what was asked: answers come in order, and name their rep."""
    if isinstance(asked, Rep):
        return frame.event in (REP_ACK, ERROR) and frame.seq in (asked.seq, None)
    return frame.event in (ERROR, FINISHED if isinstance(asked, Finish) else asked)
