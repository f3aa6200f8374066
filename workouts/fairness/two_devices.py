"""Devices that count reps more than once, since their times differ too much to be matched.

A rep that two devices saw was counted once, and says nothing against them. But of honest devices at
most one misses many of the reps that the others see.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from workouts.fairness.evidence import Flag, FlagEvidence

IN_USE_MS = 15_000  # a device is in use if it saw reps so soon before and after
LEAST_MISSED, MISSED_SHARE = 3, 0.1
NEARBY = 3  # counted reps before and after a rep that it may be


class DeviceRep(NamedTuple):
    at_ms: int
    device: int


class DeviceMisses(NamedTuple):
    """How many reps were counted while a device was in use, and how many of them it did not see."""

    counted: int
    missed: int

    def is_much(self) -> bool:
        return self.missed >= max(LEAST_MISSED, MISSED_SHARE * self.counted)


def find_two_devices_flag(evidence: FlagEvidence) -> Flag | None:
    """Find two devices that each missed a tenth of the reps that were counted, three at least."""
    counted = sorted(map(DeviceRep, evidence.times_ms, evidence.devices))
    others = [DeviceRep(*rep) for rep in evidence.other_device_reps]
    devices = {rep.device for rep in (*counted, *others)}
    if len(devices) < 2:
        return None
    times = [rep.at_ms for rep in counted]
    found = [count_misses(counted, times, others, device) for device in devices]
    much = [misses.missed for misses in found if misses.is_much()]
    if len(much) < 2:
        return None
    return {
        "flag": "two_devices",
        "devices": len(much),
        "missed": min(much),
        "counted": len(counted),
    }


def count_misses(
    counted: Sequence[DeviceRep],
    times: Sequence[int],
    others: Sequence[DeviceRep],
    device: int,
) -> DeviceMisses:
    """Compare what a device saw with what was counted; `times` are those of the counted reps."""
    own = sorted(rep.at_ms for rep in others if rep.device == device)
    seen = {index for index, rep in enumerate(counted) if rep.device == device}
    for at_ms in own:
        seen |= find_nearest_rep(times, at_ms, seen)
    own = sorted([*own, *(rep.at_ms for rep in counted if rep.device == device)])
    in_use = [index for index, time in enumerate(times) if is_in_use(own, time)]
    return DeviceMisses(len(in_use), sum(index not in seen for index in in_use))


def find_nearest_rep(times: Sequence[int], at_ms: int, taken: set[int]) -> set[int]:
    """Return the index of the counted rep nearest to a time, of those that are not taken."""
    position = bisect_left(times, at_ms)
    near = range(max(0, position - NEARBY), min(len(times), position + NEARBY))
    free = [index for index in near if index not in taken]
    return {min(free, key=lambda index: abs(times[index] - at_ms))} if free else set()


def is_in_use(seen: Sequence[int], time: int) -> bool:
    """Return whether a device saw reps within 15 s before a time and within 15 s after it."""
    after, until = bisect_left(seen, time), bisect_right(seen, time)
    if after == len(seen) or until == 0:
        return False
    return seen[after] - time <= IN_USE_MS and time - seen[until - 1] <= IN_USE_MS
