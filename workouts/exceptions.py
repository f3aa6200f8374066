"""What can go wrong, by code: the same codes on the socket and over HTTP."""

from enum import StrEnum


class Code(StrEnum):
    INVALID_JSON = "invalid_json"
    INVALID_MESSAGE = "invalid_message"
    UNKNOWN_EVENT = "unknown_event"
    UNKNOWN_EXERCISE = "unknown_exercise"
    INVALID_USER_ID = "invalid_user_id"
    UNAVAILABLE = "unavailable"
    NOTHING_TO_FINISH = "nothing_to_finish"
    NOTHING_TO_APPEAL = "nothing_to_appeal"
    NOT_YOURS = "not_yours"


class WorkoutError(Exception):
    """A refusal that the client is told: a code for programs, a message for people, and the seq of the rep it is about."""

    def __init__(self, code: Code, message: str, *, seq: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.seq = seq
