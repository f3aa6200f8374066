"""Records of live, sealed and parked sessions, and how they are read from Redis."""

import uuid
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from workouts.live.timeline import (
    CountedRep,
    OtherDeviceRep,
    RefusedRep,
    unpack_sealed_others,
    unpack_sealed_refusals,
    unpack_sealed_timeline,
)
from workouts.loads import round_load_kg

LAST_MS = 253_402_300_799_999  # the last millisecond of the year 9999, where datetime ends


class DamagedSessionError(Exception):
    """A sealed session's keys hold something that is not a session."""


class SessionName(NamedTuple):
    """A session's athlete, exercise and id. A live session is known without its id."""

    user_id: str
    exercise_type: str
    session_id: str = ""


class LiveSession(NamedTuple):
    """One of an athlete's live sessions, with its count."""

    exercise_type: str
    session_id: str
    reps: int


class Training(NamedTuple):
    """A live session as the wall shows it: its count, and when the last rep counted (epoch ms)."""

    user_id: str
    exercise_type: str
    reps: int
    last_rep_ms: int


class LiveTail(NamedTuple):
    """A live session's id and the times of its newest reps, in ms since it began.

    The times are in the order in which the reps were counted.
    """

    session_id: str
    times_ms: list[int]


class ParkedSession(NamedTuple):
    """A sealed session that cannot be saved: the reason, and since when (epoch ms)."""

    name: SessionName
    reason: str
    since_ms: int


@dataclass(frozen=True, slots=True)
class SealedSession:
    """All that is saved of a session; no rep can join it any more.

    `refused_counts` counts every refused rep by reason, `refusals` lists the last of them, and
    `others` the reps of a device that another one had counted.
    `distrusted` counts the device times that were not believed. `device_seqs` are the last seqs of
    the devices that sent reps last, `former_device_seqs` those of any others.
    """

    name: SessionName
    reps: list[CountedRep]
    refused_counts: dict[str, int] = field(default_factory=dict)
    refusals: list[RefusedRep] = field(default_factory=list)
    others: list[OtherDeviceRep] = field(default_factory=list)
    device_seqs: dict[str, int] = field(default_factory=dict)
    former_device_seqs: dict[str, int] = field(default_factory=dict)
    distrusted: int = 0
    load_kg: Decimal | None = None

    @property
    def last_seqs(self) -> dict[str, int]:
        """The last seqs of all devices."""
        return self.former_device_seqs | self.device_seqs


def split_sealed_index_member(member: str) -> SessionName:
    """Return the name that a member of the sealed index stands for."""
    session_id, exercise_type, user_id = member.split(":", 2)
    return SessionName(user_id, exercise_type, session_id)


def unpack_sealed_session(
    name: SessionName, pairs: list[bytes], *lists: list[bytes]
) -> SealedSession:
    """Return the session from the answer of read.lua: fields and values in turn, and three lists.

    Raises DamagedSessionError if no row could be built from it: a field is missing or malformed,
    there is no rep, the id is not a UUID, a time is not in the years 1970 to 9999, or the load is
    none that a finish may bring.
    """
    try:
        return parse_sealed_session(name, pairs, *lists)
    except (LookupError, ValueError) as error:
        raise DamagedSessionError(f"the session in Redis is damaged: {error!r}") from error


def unpack_session_if_whole(name: SessionName, *parts: Any) -> SealedSession | None:
    """Return the session from the parts of the answer of seal.lua, None if it is damaged.

    A part whose key has another type is an error: read.lua is asked again, and says what is wrong.
    """
    if any(isinstance(part, Exception) for part in parts):
        return None
    try:
        return unpack_sealed_session(name, *parts)
    except DamagedSessionError:
        return None


def parse_sealed_session(
    name: SessionName,
    pairs: list[bytes],
    timeline: list[bytes],
    refusals: list[bytes],
    others: list[bytes],
) -> SealedSession:
    uuid.UUID(name.session_id)
    fields = {key.decode(): value for key, value in zip(pairs[::2], pairs[1::2], strict=True)}
    started_ms = int(fields["started"])
    reps = unpack_sealed_timeline(started_ms, timeline)
    if not reps:
        raise ValueError("there is no rep")
    if not all(0 <= rep.at_ms <= LAST_MS for rep in reps):
        raise ValueError("a time is out of range")
    return SealedSession(
        name=name,
        reps=reps,
        refused_counts=pick_sealed_numbers(fields, "refused:"),
        refusals=unpack_sealed_refusals(started_ms, refusals),
        others=unpack_sealed_others(started_ms, others),
        device_seqs=pick_sealed_numbers(fields, "seq:"),
        former_device_seqs=pick_sealed_numbers(fields, "former-seq:"),
        distrusted=int(fields.get("clock", 0)),
        load_kg=round_load_kg(fields["load_kg"].decode()) if "load_kg" in fields else None,
    )


def pick_sealed_numbers(fields: dict[str, bytes], prefix: str) -> dict[str, int]:
    """Return the fields whose names begin with the prefix, without it."""
    return {
        key.removeprefix(prefix): int(value)
        for key, value in fields.items()
        if key.startswith(prefix)
    }
