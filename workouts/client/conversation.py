"""What is said on one connection, and what the answers change."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from workouts.client.connection import Backoff
from workouts.client.frames import (
    ANSWERS,
    ERROR,
    FINISHED,
    HELLO,
    REP_ACK,
    SESSION_UPDATE,
    UNKNOWN_EXERCISE,
    WELCOME,
    Finished,
    Frame,
    WorkoutClientError,
)
from workouts.client.log import Finish, Log, Rep

MAX_UNANSWERED = 200
HELLO_S, MAX_HELLOS = (
    1.0,
    3,
)  # one that took longer tells the server a wrong clock, and is said again
Asked = str | Rep | Finish


@dataclass(eq=False)
class Conversation:
    """Frames out in the order of the log, answers in in the order of the frames."""

    log: Log
    device: str
    now_ms: Callable[[], int]
    _: KW_ONLY
    on_ack: Callable[[Rep, int], None] | None
    on_frame: Callable[[Frame], None] | None
    counts: dict[str, int]
    backoff: Backoff
    pause_due: bool = False
    unanswered: deque[Asked] = field(default_factory=deque)
    heard_at: float = 0.0

    def __post_init__(self) -> None:
        self._proven: set[str] = set()
        self._unknown: set[str] = set()
        self._hello_due = True
        self._hellos = 0
        self._hello_at = 0.0
        self._expect(WELCOME)

    def next_frame(self) -> dict[str, Any] | None:
        """Return what is to be said now, or None while an answer or a rep has to come first."""
        entry = self.log.next_entry()
        while isinstance(entry, Rep) and entry.exercise in self._unknown:
            self._drop(self.log.drop_coming(entry.exercise), UNKNOWN_EXERCISE)
            entry = self.log.next_entry()
        if self._hello_due:
            return None if self.unanswered else self._say_hello()
        if (
            entry is None
            or len(self.unanswered) >= MAX_UNANSWERED
            or (self.unanswered and self._goes_alone(entry))
        ):
            return None
        self._expect(entry)
        entry.sent = True
        if isinstance(entry, Finish):
            return {"event": "finish", "type": entry.exercise}
        self.log.position += 1
        return {
            "event": "rep_detected",
            "type": entry.exercise,
            "seq": entry.seq,
            "at": entry.at_ms,
        }

    def _say_hello(self) -> dict[str, Any]:
        self._expect(HELLO)
        self._hello_due = False
        self._hellos += 1
        self._hello_at = self.heard_at
        return {"event": "hello", "device": self.device, "now": self.now_ms()}

    def _goes_alone(self, entry: Rep | Finish) -> bool:
        """Return whether to wait for all answers first: many reps of an unknown exercise would be too many errors in a row.

        And no rep goes out before the hello is answered, or it would be settled before those that have to come again.
        """
        return (
            isinstance(entry, Finish)
            or entry.exercise not in self._proven
            or self.unanswered[0] == HELLO
        )

    def _expect(self, asked: Asked) -> None:
        if not self.unanswered:
            self.heard_at = asyncio.get_running_loop().time()
        self.unanswered.append(asked)

    def take(self, frame: Frame) -> None:
        """Take a frame of the server. Raises ConnectionError where it is out of order, WorkoutClientError for what is fatal."""
        tell(self.on_frame, frame)
        if frame.event == SESSION_UPDATE and frame.state == "finished" and frame.session_id:
            self.log.forget(frame.session_id)
        if frame.event not in ANSWERS or not self.unanswered:
            return
        asked = self.unanswered.popleft()
        self.heard_at = asyncio.get_running_loop().time()
        if not is_answer(frame, asked):
            raise ConnectionError(f"{frame} answers something else than {asked}")
        if frame.event == ERROR:
            self._take_error(asked, frame)
        elif isinstance(asked, Rep):
            self._proven.add(asked.exercise)
            if frame.status != "duplicate":
                asked.session_id = frame.session_id
            self._settle(asked, frame.status, frame.count)
        elif isinstance(asked, Finish):
            self._finish(asked, frame)
        elif asked == HELLO:
            self._take_hello(frame)

    def _take_hello(self, frame: Frame) -> None:
        if self.heard_at - self._hello_at > HELLO_S and self._hellos < MAX_HELLOS:
            self._hello_due = True
            return
        self._hellos = 0
        for rep in self.log.rewind(frame.last_seq):
            self._settle(rep, "settled", self.counts.get(rep.exercise, 0))

    def _take_error(self, asked: Asked, frame: Frame) -> None:
        if frame.code == "unavailable":
            self._hello_due = True
            self.backoff.failures += not self.pause_due
            self.pause_due = True
        elif isinstance(asked, Rep):
            self.log.refuse(asked)
            self._drop([asked], frame.code)
            if frame.code == UNKNOWN_EXERCISE:
                # for as long as this connection lasts: an error each would be too many in a row
                self._unknown.add(asked.exercise)
        elif isinstance(asked, Finish):
            self.log.entries.remove(asked)
            if not asked.answer.done():
                asked.answer.set_exception(WorkoutClientError(frame.code, frame.detail))
        else:
            raise WorkoutClientError(frame.code, frame.detail)

    def _drop(self, reps: list[Rep], code: str) -> None:
        for rep in reps:
            self._settle(rep, code, self.counts.get(rep.exercise, 0))

    def _settle(self, rep: Rep, status: str, count: int) -> None:
        rep.status = status
        rep.counted |= status == "counted"
        self.counts[rep.exercise] = count
        self.backoff.failures = 0
        tell(self.on_ack, rep, count)

    def _finish(self, finish: Finish, frame: Frame) -> None:
        self.log.complete(finish)
        self.counts[finish.exercise] = 0
        self.backoff.failures = 0
        if not finish.answer.done():
            finish.answer.set_result(Finished(frame.workout_id or 0, frame.count))


def is_answer(frame: Frame, asked: Asked) -> bool:
    """Return whether a frame can be the answer to what was asked: answers come in order, and name their rep."""
    if isinstance(asked, Rep):
        return frame.event in (REP_ACK, ERROR) and frame.seq in (asked.seq, None)
    return frame.event in (ERROR, FINISHED if isinstance(asked, Finish) else asked)


def tell(callback: Callable[..., None] | None, *args: Any) -> None:
    """Call back. Raises WorkoutClientError for whatever it raises: it is no lost connection."""
    if callback is None:
        return
    try:
        callback(*args)
    except Exception as error:
        raise WorkoutClientError("callback", f"{type(error).__name__}: {error}") from error
