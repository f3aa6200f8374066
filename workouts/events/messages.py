"""The messages that processes send each other over the channel layer.

A message is a dict with a `type` on the wire. It is built by `encode_channel_message` and read by
`decode_message`, nowhere else. During a rolling restart processes of two versions talk to each
other: a new field needs a default, fields that a reader doesn't know are ignored, and a message of
an unknown type is skipped.
"""

from typing import Any, NamedTuple

import msgspec

NOBODY = ""  # the origin of news that every socket has to hear


class SessionNews(msgspec.Struct, frozen=True, tag_field="type", tag="session.update"):
    """Tell an athlete's sockets the state of a session.

    `workout_id` is the row of a finished session, None while it is live. `origin` names the socket
    that made the change and so knows already.
    """

    user_id: str
    exercise_type: str
    reps: int
    session_id: str
    workout_id: int | None = None
    origin: str = NOBODY


class WallWatch(msgspec.Struct, frozen=True, tag_field="type", tag="wall.watch"):
    """Tell the processes with phones which athletes a process with walls watches.

    Reports go to `channel`. `user_ids` is None for everyone and empty once no wall is open;
    `fresh` asks for all who are connected.
    """

    channel: str
    user_ids: frozenset[str] | None
    fresh: bool = False


class RepReport(NamedTuple):
    """An athlete's newest count, and when that rep was counted (epoch ms)."""

    user_id: str
    exercise_type: str
    reps: int
    at_ms: int


class WallReport(
    msgspec.Struct, frozen=True, tag_field="type", tag="wall.report", omit_defaults=True
):
    """Tell one process with walls what the athletes it watches do.

    `number` counts the reports from `source` to this process, so that a gap shows. `moves` says who
    came (true) or left, `present` everyone connected; None where that wasn't asked for.
    """

    source: str
    number: int
    reps: list[RepReport] = []
    moves: dict[str, bool] = {}
    present: list[str] | None = None


class WallFinished(msgspec.Struct, frozen=True, tag_field="type", tag="wall.finished"):
    """Tell the processes with walls that a session was saved, `at` this time (epoch ms)."""

    user_id: str
    exercise_type: str
    reps: int
    at: int


class RollCall(msgspec.Struct, frozen=True, tag_field="type", tag="wall.roll_call"):
    """Ask the processes with walls whom they watch."""


Message = SessionNews | WallWatch | WallReport | WallFinished | RollCall


def encode_channel_message(message: Message) -> dict[str, Any]:
    """Return the dict that goes over the channel layer."""
    encoded: dict[str, Any] = msgspec.to_builtins(message)
    return encoded


def decode_channel_message(encoded: dict[str, Any]) -> Message:
    """Return the message. Raises msgspec.ValidationError if its type or a field is unknown here."""
    message: Message = msgspec.convert(encoded, type=Message)
    return message
