"""Two devices that count the same body twice, since they are too far apart to be told so.

A rep that two devices saw and that was counted once says nothing against them.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import pairwise

from workouts.fairness.evidence import Flag, FlagEvidence

TWO_DEVICES_WITHIN_MS, TWO_DEVICES_CHANGES = 15_000, 3
NEARBY = 3  # reps before and after one that may be the same

DeviceRep = tuple[int, int]  # its time, and its device's number


def find_two_devices_flag(evidence: FlagEvidence) -> Flag | None:
    """Find reps that only one device saw, of two devices within 15 s, three times or more."""
    if not evidence.devices:
        return None
    counted = sorted(zip(evidence.times_ms, evidence.devices, strict=True))
    shared = find_shared_reps(counted, evidence.other_device_reps)
    alone = [rep for index, rep in enumerate(counted) if index not in shared]
    changes = sum(
        a != b and later - earlier <= TWO_DEVICES_WITHIN_MS
        for (earlier, a), (later, b) in pairwise(alone)
    )
    return {"flag": "two_devices", "changes": changes} if changes >= TWO_DEVICES_CHANGES else None


def find_shared_reps(counted: Sequence[DeviceRep], others: Iterable[Sequence[int]]) -> set[int]:
    """Return the indexes of the counted reps that another device saw as well.

    `others` are the reps of a device that another one had counted; each has the nearest.
    """
    times = [time for time, _ in counted]
    shared: set[int] = set()
    for time_ms, device in others:
        position = bisect_left(times, time_ms)
        near = [
            index
            for index in range(max(0, position - NEARBY), min(len(counted), position + NEARBY))
            if index not in shared and counted[index][1] != device
        ]
        if near:
            shared.add(min(near, key=lambda index: abs(times[index] - time_ms)))
    return shared
