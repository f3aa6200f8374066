"""The frames of /ws/workout, in and out."""

from typing import Annotated, Any, Literal

import msgspec

from workouts.exceptions import Code, WorkoutError
from workouts.loads import MAX_LOAD_KG, MIN_LOAD_KG

SENIM_V1 = "senim.v1"
DEFAULT_EXERCISE = "squat"
MAX_MESSAGE_BYTES = 4096

MAX_WHOLE = 2**53 - 1  # the largest that a double, so JavaScript and Lua, holds exactly
Whole = Annotated[int, msgspec.Meta(ge=1, le=MAX_WHOLE)]
Time = Annotated[int, msgspec.Meta(ge=0, le=MAX_WHOLE)]
# less than half of the smallest would be rounded to nothing
LoadKg = Annotated[float, msgspec.Meta(ge=float(MIN_LOAD_KG) / 2, le=float(MAX_LOAD_KG))]
DeviceId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,32}\Z")]

RepStatus = Literal["counted", "debounced", "duplicate", "rejected"]
RepReason = Literal["pace", "session_full", "too_fast", "other_device"]


class RepDetected(msgspec.Struct, frozen=True, gc=False):
    """A rep on a plain socket."""

    event: Literal["rep_detected"]
    type: str = DEFAULT_EXERCISE


class DeviceRep(msgspec.Struct, tag_field="event", tag="rep_detected", frozen=True, gc=False):
    """A rep on a senim.v1 socket.

    `seq` grows with every rep of the device; `at` is the device's clock in epoch ms.
    """

    type: str = DEFAULT_EXERCISE
    seq: Whole | None = None
    at: Time | None = None


class Hello(msgspec.Struct, tag_field="event", tag="hello", frozen=True, gc=False):
    """Names the device on this socket, and gives its clock in epoch ms."""

    device: DeviceId
    now: Time


class Finish(msgspec.Struct, tag_field="event", tag="finish", frozen=True, gc=False):
    """Finishes a workout, as POST /workout/finish does; the load is saved with it."""

    type: str = DEFAULT_EXERCISE
    load_kg: LoadKg | None = None


class Status(msgspec.Struct, tag_field="event", tag="status", frozen=True, gc=False):
    """Asks for the live sessions."""


class Authenticate(msgspec.Struct, tag_field="event", tag="authenticate", frozen=True, gc=False):
    """Brings a fresh access token for the athlete of this socket."""

    token: str


class RepAck(
    msgspec.Struct, tag_field="event", tag="rep_ack", frozen=True, gc=False, omit_defaults=True
):
    """The answer to a rep: `count` is the athlete's running total for the exercise."""

    type: str
    status: RepStatus
    count: int
    reason: RepReason | None = None
    retry_after_ms: int | None = None
    seq: int | None = None
    session_id: str | None = None


class HelloAck(msgspec.Struct, tag_field="event", tag="hello", frozen=True, gc=False):
    """The device's highest settled seq, and the server's clock in epoch ms as it read the hello."""

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
    """The first frame on a senim.v1 socket; without `sessions` if Redis is unavailable."""

    user_id: str
    server_time: int
    exercises: list[str]
    sessions: list[SessionState] | msgspec.UnsetType = msgspec.UNSET
    protocol: int = 1


class FinishAck(msgspec.Struct, tag_field="event", tag="finished", frozen=True, gc=False):
    """The answer to `finish`: the session is saved as this row.

    A finish that brought a load is told the row's load, or null.
    """

    type: str
    workout_id: int
    count: int
    load_kg: float | msgspec.UnsetType | None = msgspec.UNSET


class Authenticated(msgspec.Struct, tag_field="event", tag="authenticated", frozen=True, gc=False):
    """The answer to `authenticate`: the socket is closed at `expires_at` (epoch ms)."""

    expires_at: int


class SessionUpdate(
    msgspec.Struct,
    tag_field="event",
    tag="session_update",
    frozen=True,
    gc=False,
    omit_defaults=True,
):
    """The newest state of a session that another device, or a finish, changed."""

    type: str
    count: int
    session_id: str
    state: Literal["live", "finished"]
    workout_id: int | None = None


class ErrorFrame(
    msgspec.Struct, tag_field="event", tag="error", frozen=True, gc=False, omit_defaults=True
):
    """The answer to a message that is malformed, or cannot be handled now."""

    code: str
    detail: str
    seq: int | None = None


IncomingFrame = DeviceRep | Hello | Finish | Status | Authenticate
OutgoingFrame = (
    RepAck | HelloAck | Sessions | Welcome | FinishAck | Authenticated | SessionUpdate | ErrorFrame
)


class _AnyEvent(msgspec.Struct):
    event: str
    seq: Any = None


_rep_decoder = msgspec.json.Decoder(RepDetected)
_device_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(IncomingFrame)
_event_decoder = msgspec.json.Decoder(_AnyEvent)
_encode = msgspec.json.Encoder().encode
PLAIN_EVENTS = ("rep_detected",)
DEVICE_EVENTS = ("rep_detected", "hello", "finish", "status", "authenticate")


def decode_plain_frame(text: str) -> RepDetected:
    """Return the rep in a plain socket's text. Raises WorkoutError with the code for the error."""
    try:
        return _rep_decoder.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _explain_bad_frame(error, text, PLAIN_EVENTS) from None


def decode_senim_v1_frame(text: str) -> IncomingFrame:
    """Return the frame in a senim.v1 text. Raises WorkoutError with the code for the error."""
    try:
        message: IncomingFrame = _device_decoder.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _explain_bad_frame(error, text, DEVICE_EVENTS) from None
    return message


def _explain_bad_frame(error: Exception, text: str, known: tuple[str, ...]) -> WorkoutError:
    if isinstance(error, RecursionError):
        return WorkoutError(Code.INVALID_MESSAGE, "nested too deeply")
    if not isinstance(error, msgspec.ValidationError):
        return WorkoutError(Code.INVALID_JSON, f"not JSON: {error}")
    try:
        found = _event_decoder.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return WorkoutError(Code.INVALID_MESSAGE, str(error))
    if found.event not in known:
        return WorkoutError(
            Code.UNKNOWN_EVENT, f"event is {found.event[:40]!r}; known: {', '.join(known)}"
        )
    is_numbered = known is DEVICE_EVENTS and is_frame_seq(found.seq)
    return WorkoutError(Code.INVALID_MESSAGE, str(error), seq=found.seq if is_numbered else None)


def is_frame_seq(value: Any) -> bool:
    return type(value) is int and 1 <= value <= MAX_WHOLE


def encode_frame(frame: OutgoingFrame) -> bytes:
    """Return the text of a frame."""
    return _encode(frame)
