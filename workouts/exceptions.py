"""Errors that clients are told about. The socket and the HTTP API use the same codes."""

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
    TOKEN_MISSING = "token_missing"  # noqa: S105
    TOKEN_INVALID = "token_invalid"  # noqa: S105
    TOKEN_EXPIRED = "token_expired"  # noqa: S105
    DEVICE_REVOKED = "device_revoked"
    NOT_ALLOWED = "not_allowed"
    INVITATION_INVALID = "invitation_invalid"
    INVITATION_USED = "invitation_used"
    INVITATION_EXPIRED = "invitation_expired"
    TOO_MANY_TRIES = "too_many_tries"


class WorkoutError(Exception):
    """An error to send to the client: a code for programs and a message for people.

    `seq` is set if the error is about a numbered rep, and `retry_after_s` if the client should wait
    for so long.
    """

    def __init__(
        self,
        code: Code,
        message: str,
        *,
        seq: int | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.seq = seq
        self.retry_after_s = retry_after_s
