"""Flags: reasons for a coach to review a session, found in its whole timeline.

Pure functions. A flag never changes the count and accuses nobody: it names the rule that matched,
with the figures a person needs to judge it. The rules and their sources: docs/fair-counting.md.
Times are in ms since the first rep.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from workouts.fairness.evenness import find_even_reps

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
PERSONAL_FACTOR = 1.5
TWO_DEVICES_WITHIN_MS, TWO_DEVICES_CHANGES = 15_000, 3
MANY_REFUSED = 20
MAX_DISTRUSTED = 3
MARATHON_MS, MARATHON_PAUSE_MS = 3 * HOUR_MS, 5 * MINUTE_MS

Flag = dict[str, Any]  # {"flag": its name, and its figures}


@dataclass(frozen=True, slots=True)
class FlagEvidence:
    """A session's reps. `times_ms` and `devices` are in the order counted.

    `devices` is empty if no device was named. The rest are numbers of reps.
    """

    times_ms: Sequence[int]
    devices: Sequence[int] = ()
    late_count: int = 0
    distrusted_count: int = 0
    refused_count: int = 0


@dataclass(frozen=True, slots=True)
class KnownPace:
    """The fastest paces known, for anyone and for this athlete; None if unknown."""

    record_per_minute: int | None = None
    record_per_hour: int | None = None
    personal_per_minute: int | None = None


def find_flags(evidence: FlagEvidence, pace: KnownPace) -> list[Flag]:
    """Return a session's flags, at most one of each kind."""
    times = sorted(evidence.times_ms)
    found = (
        find_metronome_flag(evidence),
        find_record_pace_flag(times, pace.record_per_minute),
        find_personal_pace_flag(times, pace.personal_per_minute),
        find_two_devices_flag(evidence),
        find_many_refused_flag(evidence),
        find_mostly_late_flag(evidence),
        find_clock_flag(evidence),
        find_marathon_flag(times, pace.record_per_hour),
    )
    return [flag for flag in found if flag is not None]


def find_best_minute_pace(times_ms: Iterable[int]) -> int | None:
    """Return the most reps in any 60 s, or None for a shorter session.

    A short set says nothing about the pace an athlete can keep for a minute.
    """
    times = sorted(times_ms)
    return (
        find_fastest_pace_within(times, MINUTE_MS)
        if times and times[-1] - times[0] >= MINUTE_MS
        else None
    )


def find_metronome_flag(evidence: FlagEvidence) -> Flag | None:
    """Find reps that keep time better than people do."""
    figures = find_even_reps(split_evidence_by_device(evidence))
    return {"flag": "metronome", **figures} if figures else None


def split_evidence_by_device(evidence: FlagEvidence) -> Iterator[list[int]]:
    """Yield each device's times, sorted."""
    by_device: dict[int, list[int]] = defaultdict(list)
    for index, time in enumerate(evidence.times_ms):
        by_device[evidence.devices[index] if evidence.devices else 0].append(time)
    yield from map(sorted, by_device.values())


def find_record_pace_flag(times: Sequence[int], record: int | None) -> Flag | None:
    """Find a minute with more reps than the record."""
    reps = find_fastest_pace_within(times, MINUTE_MS)
    return (
        {"flag": "record_pace", "reps": reps, "record": record}
        if record is not None and reps > record
        else None
    )


def find_personal_pace_flag(times: Sequence[int], best: int | None) -> Flag | None:
    """Find a minute with over 1.5 times the athlete's own best of the last 90 days."""
    reps = find_best_minute_pace(times)
    if reps is None or best is None or reps <= PERSONAL_FACTOR * best:
        return None
    return {"flag": "personal_pace", "reps": reps, "best": best}


def find_two_devices_flag(evidence: FlagEvidence) -> Flag | None:
    """Find reps from two devices within 15 s of each other, three times or more."""
    if not evidence.devices:
        return None
    reps = sorted(zip(evidence.times_ms, evidence.devices, strict=True))
    changes = sum(
        a != b and later - earlier <= TWO_DEVICES_WITHIN_MS
        for (earlier, a), (later, b) in pairwise(reps)
    )
    return {"flag": "two_devices", "changes": changes} if changes >= TWO_DEVICES_CHANGES else None


def find_many_refused_flag(evidence: FlagEvidence) -> Flag | None:
    """Find at least 20 refused reps that outnumber the counted ones."""
    counted = len(evidence.times_ms)
    if evidence.refused_count < MANY_REFUSED or evidence.refused_count <= counted:
        return None
    return {"flag": "many_refused", "refused": evidence.refused_count, "counted": counted}


def find_mostly_late_flag(evidence: FlagEvidence) -> Flag | None:
    """Find that over half of the reps arrived more than 10 s after they were made."""
    reps = len(evidence.times_ms)
    return (
        {"flag": "mostly_late", "late": evidence.late_count, "reps": reps}
        if evidence.late_count * 2 > reps
        else None
    )


def find_clock_flag(evidence: FlagEvidence) -> Flag | None:
    """Find more than 3 reps with an impossible device time."""
    return (
        {"flag": "clock", "reps": evidence.distrusted_count}
        if evidence.distrusted_count > MAX_DISTRUSTED
        else None
    )


def find_marathon_flag(times: Sequence[int], record: int | None) -> Flag | None:
    """Find over 3 h without a 5 min pause, or an hour with more reps than the record."""
    longest, began = 0, times[0] if times else 0
    for earlier, later in pairwise(times):
        if later - earlier >= MARATHON_PAUSE_MS:
            began = later
        longest = max(longest, later - began)
    flag: Flag = {"flag": "marathon"}
    if longest > MARATHON_MS:
        flag["minutes"] = longest // MINUTE_MS
    if record is not None and (reps := find_fastest_pace_within(times, HOUR_MS)) > record:
        flag |= {"reps_in_hour": reps, "record": record}
    return flag if len(flag) > 1 else None


def find_fastest_pace_within(times: Sequence[int], span_ms: int) -> int:
    """Return the most reps in any window of this length. `times` are sorted."""
    most = first = 0
    for last, time in enumerate(times):
        while time - times[first] >= span_ms:
            first += 1
        most = max(most, last - first + 1)
    return most
