"""The frames of /ws/workout: what comes in, what goes out, and when the socket closes."""

from typing import Literal

import msgspec

from workouts.exceptions import Code, WorkoutError

DEFAULT_EXERCISE = "squat"
MAX_MESSAGE_BYTES = 4096
MAX_ERRORS_IN_A_ROW = 20

CLOSE_POLICY = 1008
CLOSE_TOO_BIG = 1009
CLOSE_RESTART = 1012
CLOSE_TRY_LATER = 1013


class RepDetected(msgspec.Struct, frozen=True, gc=False):
    """One repetition, seen by the phone."""

    event: Literal["rep_detected"]
    type: str = DEFAULT_EXERCISE


class RepAck(msgspec.Struct, tag_field="event", tag="rep_ack", frozen=True, gc=False, omit_defaults=True):
    """The answer to one repetition: `count` is the running total of this athlete and exercise."""

    type: str
    status: Literal["counted", "debounced"]
    count: int
    retry_after_ms: int | None = None


class ErrorFrame(msgspec.Struct, tag_field="event", tag="error", frozen=True, gc=False):
    """The answer to a message that was not understood, or that could not be handled now."""

    code: str
    detail: str


class _AnyEvent(msgspec.Struct):
    event: str


_rep_decoder = msgspec.json.Decoder(RepDetected)
_event_decoder = msgspec.json.Decoder(_AnyEvent)
_encode = msgspec.json.Encoder().encode


def decode_rep(text: str) -> RepDetected:
    """Return the rep in a text frame. Raises WorkoutError with the code that says what is wrong with it."""
    try:
        return _rep_decoder.decode(text)
    except msgspec.ValidationError as error:
        raise _explain(text, str(error)) from None
    except msgspec.DecodeError as error:
        raise WorkoutError(Code.INVALID_JSON, f"not JSON: {error}") from None
    except RecursionError:
        raise WorkoutError(Code.INVALID_MESSAGE, "nested too deeply") from None


def _explain(text: str, detail: str) -> WorkoutError:
    try:
        event = _event_decoder.decode(text).event
    except (msgspec.DecodeError, RecursionError):
        return WorkoutError(Code.INVALID_MESSAGE, detail)
    if event == "rep_detected":
        return WorkoutError(Code.INVALID_MESSAGE, detail)
    return WorkoutError(Code.UNKNOWN_EVENT, f"event is {event[:40]!r}; known: rep_detected")


def encode_frame(frame: RepAck | ErrorFrame) -> str:
    """Return the text of a frame."""
    return _encode(frame).decode()
