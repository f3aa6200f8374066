"""Timelines: how reps are packed in Redis lists, each as one whole number.

A counted rep is `(ms since the session began * 64 + device number) * 2 + late`, one that another
device had counted `ms since the session began * 64 + device number`, and a refused one `ms since
the session began * 8 + reason`. Device 0 stands for sockets that named no device. A
number takes 6 bytes of its list up to the fifth hour.
"""

from collections.abc import Iterable
from typing import NamedTuple

REASONS = {1: "debounced", 2: "pace", 3: "session_full"}
DEVICES = 64


class CountedRep(NamedTuple):
    """A counted rep: when (epoch ms), by which device, and whether it arrived late."""

    at_ms: int
    device: int
    late: bool


class OtherDeviceRep(NamedTuple):
    """A rep that another device had counted: when (epoch ms), and the number of the device."""

    at_ms: int
    device: int


class RefusedRep(NamedTuple):
    """A refused rep: when (epoch ms) and why."""

    at_ms: int
    reason: str


def unpack_sealed_timeline(started_ms: int, packed: Iterable[bytes]) -> list[CountedRep]:
    """Return the counted reps in the order in which they were counted."""
    reps = []
    for number in map(int, packed):
        rest, late = divmod(number, 2)
        offset_ms, device = divmod(rest, DEVICES)
        reps.append(CountedRep(started_ms + offset_ms, device, bool(late)))
    return reps


def unpack_live_timeline(packed: Iterable[bytes]) -> list[int]:
    """Return the counted reps' times in ms since the session began, negative before its start."""
    return [int(number) // (2 * DEVICES) for number in packed]


def unpack_sealed_others(started_ms: int, packed: Iterable[bytes]) -> list[OtherDeviceRep]:
    """Return the reps that another device had counted, in the order in which they came."""
    pairs = (divmod(int(number), DEVICES) for number in packed)
    return [OtherDeviceRep(started_ms + offset_ms, device) for offset_ms, device in pairs]


def unpack_sealed_refusals(started_ms: int, packed: Iterable[bytes]) -> list[RefusedRep]:
    """Return the last refused reps, oldest first."""
    pairs = (divmod(int(number), 8) for number in packed)
    return [RefusedRep(started_ms + offset_ms, REASONS[reason]) for offset_ms, reason in pairs]
