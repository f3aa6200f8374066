"""The frames of /ws/workout: what comes in, what goes out, and when the socket closes."""

from typing import Annotated, Any, Literal, TypeVar

import msgspec

from workouts.exceptions import Code, WorkoutError

SENIM_V1 = "senim.v1"
DEFAULT_EXERCISE = "squat"
MAX_MESSAGE_BYTES = 4096
MAX_ERRORS_IN_A_ROW = 20


MAX_WHOLE = 2**53 - 1  # what a double holds exactly, and so JavaScript and Lua
Whole = Annotated[int, msgspec.Meta(ge=1, le=MAX_WHOLE)]
Time = Annotated[int, msgspec.Meta(ge=0, le=MAX_WHOLE)]
DeviceId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,32}\Z")]


RepStatus = Literal["counted", "debounced", "duplicate", "rejected"]
RejectReason = Literal["pace", "session_full", "too_fast"]


class RepDetected(msgspec.Struct, frozen=True, gc=False):
    """One repetition, seen by the phone."""

    event: Literal["rep_detected"]
    type: str = DEFAULT_EXERCISE


class DeviceRep(msgspec.Struct, tag_field="event", tag="rep_detected", frozen=True, gc=False):
    """One repetition of a device (senim.v1): `seq` grows with every rep of the device, `at` is the device's clock in epoch ms."""

    type: str = DEFAULT_EXERCISE
    seq: Whole | None = None
    at: Time | None = None


class Hello(msgspec.Struct, tag_field="event", tag="hello", frozen=True, gc=False):
    """Names the device of this connection, and tells its clock in epoch ms."""

    device: DeviceId
    now: Time


class Finish(msgspec.Struct, tag_field="event", tag="finish", frozen=True, gc=False):
    """The verb of POST /workout/finish."""

    type: str = DEFAULT_EXERCISE


class Status(msgspec.Struct, tag_field="event", tag="status", frozen=True, gc=False):
    """Asks for the live sessions."""


class RepAck(
    msgspec.Struct, tag_field="event", tag="rep_ack", frozen=True, gc=False, omit_defaults=True
):
    """The answer to one repetition: `count` is the running total of this athlete and exercise."""

    type: str
    status: RepStatus
    count: int
    reason: RejectReason | None = None
    retry_after_ms: int | None = None
    seq: int | None = None
    session_id: str | None = None


class HelloAck(msgspec.Struct, tag_field="event", tag="hello", frozen=True, gc=False):
    """The highest seq that was settled of the device, and the server's clock in epoch ms when it read the hello."""

    device: str
    last_seq: int
    server_time: int


class SessionState(msgspec.Struct, frozen=True, gc=False):
    """A live session."""

    type: str
    count: int
    session_id: str


class Sessions(msgspec.Struct, tag_field="event", tag="sessions", frozen=True, gc=False):
    """The answer to `status`."""

    server_time: int
    sessions: list[SessionState]


class Welcome(msgspec.Struct, tag_field="event", tag="welcome", frozen=True, gc=False):
    """The first frame of a senim.v1 socket; without `sessions` where Redis could not be asked."""

    user_id: str
    server_time: int
    exercises: list[str]
    sessions: list[SessionState] | msgspec.UnsetType = msgspec.UNSET
    protocol: int = 1


class Finished(msgspec.Struct, tag_field="event", tag="finished", frozen=True, gc=False):
    """The answer to `finish`: the session is saved as this row."""

    type: str
    workout_id: int
    count: int


class SessionUpdate(
    msgspec.Struct,
    tag_field="event",
    tag="session_update",
    frozen=True,
    gc=False,
    omit_defaults=True,
):
    """What another device, or a finish, changed: the newest state."""

    type: str
    count: int
    session_id: str
    state: Literal["live", "finished"]
    workout_id: int | None = None


class ErrorFrame(
    msgspec.Struct, tag_field="event", tag="error", frozen=True, gc=False, omit_defaults=True
):
    """The answer to a message that was not understood, or that could not be handled now."""

    code: str
    detail: str
    seq: int | None = None


Incoming = DeviceRep | Hello | Finish | Status
Frame = RepAck | HelloAck | Sessions | Welcome | Finished | SessionUpdate | ErrorFrame


class _AnyEvent(msgspec.Struct):
    event: str
    seq: Any = None


T = TypeVar("T")
_rep_decoder = msgspec.json.Decoder(RepDetected)
_device_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Incoming)
_event_decoder = msgspec.json.Decoder(_AnyEvent)
_encode = msgspec.json.Encoder().encode
PLAIN_EVENTS = ("rep_detected",)
DEVICE_EVENTS = ("rep_detected", "hello", "finish", "status")


def decode_rep(text: str) -> RepDetected:
    """Return the rep in a text frame of a plain socket. Raises WorkoutError with the code that says what is wrong with it."""
    return _decode(_rep_decoder, text, PLAIN_EVENTS)


def decode_message(text: str) -> Incoming:
    """Return what is in a text frame of a senim.v1 socket. Raises WorkoutError with the code that says what is wrong with it."""
    message: Incoming = _decode(_device_decoder, text, DEVICE_EVENTS)
    return message


def _decode(decoder: msgspec.json.Decoder[T], text: str, known: tuple[str, ...]) -> T:
    try:
        return decoder.decode(text)
    except msgspec.ValidationError as error:
        raise _explain(text, str(error), known) from None
    except msgspec.DecodeError as error:
        raise WorkoutError(Code.INVALID_JSON, f"not JSON: {error}") from None
    except RecursionError:
        raise WorkoutError(Code.INVALID_MESSAGE, "nested too deeply") from None


def _explain(text: str, detail: str, known: tuple[str, ...]) -> WorkoutError:
    try:
        found = _event_decoder.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return WorkoutError(Code.INVALID_MESSAGE, detail)
    if found.event in known:
        return WorkoutError(
            Code.INVALID_MESSAGE,
            detail,
            seq=found.seq if known is DEVICE_EVENTS and is_seq(found.seq) else None,
        )
    return WorkoutError(
        Code.UNKNOWN_EVENT, f"event is {found.event[:40]!r}; known: {', '.join(known)}"
    )


def is_seq(value: Any) -> bool:
    return type(value) is int and 1 <= value <= MAX_WHOLE


def encode_frame(frame: Frame) -> str:
    """Return the text of a frame."""
    return _encode(frame).decode()
