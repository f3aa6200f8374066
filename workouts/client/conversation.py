"""The frames sent on one connection, and what their answers change."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from workouts.client.connection import ReconnectBackoff
from workouts.client.frames import (
    ANSWERS,
    AUTHENTICATED,
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
from workouts.client.journal import ClientJournal, Finish, Rep

MAX_UNANSWERED = 200
OTHER_DEVICE = "other_device"
HELLO_S = 1.0  # a slower hello gives the server a wrong clock, so it is sent again
MAX_HELLOS = 3
Request = str | Rep | Finish
log = logging.getLogger(__name__)


@dataclass(eq=False)
class ClientConversation:
    """Sends frames in the journal's order, and takes answers in the order of the frames."""

    journal: ClientJournal
    device: str
    now_ms: Callable[[], int]
    _: KW_ONLY
    on_ack: Callable[[Rep, int], None] | None
    on_frame: Callable[[Frame], None] | None
    counts: dict[str, int]
    backoff: ReconnectBackoff
    pause_due: bool = False
    unanswered: deque[Request] = field(default_factory=deque)
    heard_at: float = 0.0
    fresh_token: str = ""  # to be sent next
    welcomed: asyncio.Event = field(default_factory=asyncio.Event)
    server_ahead_s: float = 0.0  # of the event loop's clock

    def __post_init__(self) -> None:
        self._known: set[str] = set()  # exercises that the server has acknowledged
        self._unknown: set[str] = set()
        self._hello_due = True
        self._hellos = 0
        self._hello_at = 0.0
        self._expect(WELCOME)

    def server_now_s(self) -> float:
        """Return the server's time (Unix time, s), as far as its welcome told."""
        return asyncio.get_running_loop().time() + self.server_ahead_s

    def next_frame(self) -> dict[str, Any] | None:
        """Return the next frame to send, or None until there is an answer or a new entry."""
        if self.fresh_token:
            return self._authenticate()
        entry = self.journal.next_entry()
        while isinstance(entry, Rep) and entry.exercise in self._unknown:
            self._drop(self.journal.drop_unsent(entry.exercise), UNKNOWN_EXERCISE)
            entry = self.journal.next_entry()
        if self._hello_due:
            return None if self.unanswered else self._say_hello()
        if (
            entry is None
            or len(self.unanswered) >= MAX_UNANSWERED
            or (self.unanswered and self._must_go_alone(entry))
        ):
            return None
        self._expect(entry)
        entry.sent = True
        if isinstance(entry, Finish):
            return build_finish_frame(entry)
        self.journal.position += 1
        return {
            "event": "rep_detected",
            "type": entry.exercise,
            "seq": entry.seq,
            "at": entry.at_ms,
        }

    def _authenticate(self) -> dict[str, Any]:
        self._expect(AUTHENTICATED)
        token, self.fresh_token = self.fresh_token, ""
        return {"event": "authenticate", "token": token}

    def _say_hello(self) -> dict[str, Any]:
        self._expect(HELLO)
        self._hello_due = False
        self._hellos += 1
        self._hello_at = self.heard_at
        return {"event": "hello", "device": self.device, "now": self.now_ms()}

    def _must_go_alone(self, entry: Rep | Finish) -> bool:
        """Return whether an entry has to wait until everything sent before is answered.

        An exercise's first rep does, because many reps of an unknown exercise would be too many
        errors in a row. So does a rep after a hello: sent at once, it would be settled before the
        lower seqs that have to be sent again.
        """
        return (
            isinstance(entry, Finish)
            or entry.exercise not in self._known
            or self.unanswered[0] == HELLO
        )

    def _expect(self, request: Request) -> None:
        if not self.unanswered:
            self.heard_at = asyncio.get_running_loop().time()
        self.unanswered.append(request)

    def take(self, frame: Frame) -> None:
        """Take a frame from the server.

        Raises ConnectionError if it is out of order and WorkoutClientError for a fatal error.
        """
        call_client_callback(self.on_frame, frame)
        if frame.event == SESSION_UPDATE and frame.state == "finished" and frame.session_id:
            self.journal.forget(frame.session_id)
        if frame.event not in ANSWERS or not self.unanswered:
            return
        request = self.unanswered.popleft()
        self.heard_at = asyncio.get_running_loop().time()
        if not is_answer_to_client(frame, request):
            raise ConnectionError(f"{frame} does not answer {request}")
        if frame.event == ERROR:
            self._take_error(request, frame)
        elif isinstance(request, Rep):
            self._known.add(request.exercise)
            status = OTHER_DEVICE if frame.reason == OTHER_DEVICE else frame.status
            if status != "duplicate":
                request.session_id = frame.session_id
            self._settle(request, status, frame.count)
        elif isinstance(request, Finish):
            self._finish(request, frame)
        elif request == HELLO:
            self._take_hello(frame)
        elif request == WELCOME:
            self.server_ahead_s = frame.server_time / 1000 - self.heard_at
            self.welcomed.set()

    def _take_hello(self, frame: Frame) -> None:
        if self.heard_at - self._hello_at > HELLO_S and self._hellos < MAX_HELLOS:
            self._hello_due = True
            return
        self._hellos = 0
        for rep in self.journal.rewind(frame.last_seq):
            self._settle(rep, "settled", self.counts.get(rep.exercise, 0))

    def _take_error(self, request: Request, frame: Frame) -> None:
        if request == AUTHENTICATED:
            # the socket goes on until its token expires; then the client reconnects
            log.warning("a fresh token was refused: %s %s", frame.code, frame.detail)
        elif frame.code == "unavailable":
            self._hello_due = True
            self.backoff.failures += not self.pause_due
            self.pause_due = True
        elif isinstance(request, Rep):
            self.journal.refuse(request)
            self._drop([request], frame.code)
            if frame.code == UNKNOWN_EXERCISE:
                # for the rest of this connection: an error for each would be too many in a row
                self._unknown.add(request.exercise)
        elif isinstance(request, Finish):
            self.journal.entries.remove(request)
            if not request.answer.done():
                request.answer.set_exception(WorkoutClientError(frame.code, frame.detail))
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
        call_client_callback(self.on_ack, rep, count)

    def _finish(self, finish: Finish, frame: Frame) -> None:
        self.journal.complete(finish)
        self.counts[finish.exercise] = 0
        self.backoff.failures = 0
        if not finish.answer.done():
            finish.answer.set_result(Finished(frame.workout_id or 0, frame.count, frame.load_kg))


def build_finish_frame(finish: Finish) -> dict[str, Any]:
    frame = {"event": "finish", "type": finish.exercise}
    return frame if finish.load_kg is None else {**frame, "load_kg": finish.load_kg}


def is_answer_to_client(frame: Frame, request: Request) -> bool:
    """Return whether a frame can answer a request: answers come in order and name their rep."""
    if isinstance(request, Rep):
        return frame.event in (REP_ACK, ERROR) and frame.seq in (request.seq, None)
    return frame.event in (ERROR, FINISHED if isinstance(request, Finish) else request)


def call_client_callback(callback: Callable[..., None] | None, *args: Any) -> None:
    """Call a callback. Raises WorkoutClientError for its errors: reconnecting cannot fix them."""
    if callback is None:
        return
    try:
        callback(*args)
    except Exception as error:
        raise WorkoutClientError("callback", f"{type(error).__name__}: {error}") from error
