"""The server's frames and errors."""

from dataclasses import dataclass

import msgspec

WELCOME, HELLO, REP_ACK, FINISHED, ERROR = "welcome", "hello", "rep_ack", "finished", "error"
AUTHENTICATED = "authenticated"
SESSION_UPDATE, UNKNOWN_EXERCISE = "session_update", "unknown_exercise"
ANSWERS = (WELCOME, HELLO, REP_ACK, FINISHED, AUTHENTICATED, ERROR)


class WorkoutClientError(Exception):
    """An error that retrying does not fix.

    `code` is the server's error code or close code, or `closed`, `unsettled`, `callback` or, if the
    source of tokens failed, `token`.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


@dataclass(slots=True, frozen=True)
class Finished:
    """The answer to a finish; if that brought a load, with the session's."""

    workout_id: int
    count: int
    load_kg: float | None = None


class Frame(msgspec.Struct, frozen=True):
    """Any frame from the server; fields that it lacks have their defaults."""

    event: str
    type: str = ""
    status: str = ""
    reason: str = ""
    count: int = 0
    seq: int | None = None
    last_seq: int = 0
    workout_id: int | None = None
    load_kg: float | None = None
    session_id: str | None = None
    state: str = ""
    server_time: int = 0
    code: str = ""
    detail: str = ""


decode_frame = msgspec.json.Decoder(Frame).decode
