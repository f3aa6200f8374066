"""What a coach should look at: flags, worked out from the whole timeline of a finished session.

Pure functions. A flag never changes the count and accuses nobody: it says which rule held, with the figures that a person needs
to judge it. The rules and their sources: docs/fair-counting.md. Times are in ms since the first rep.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from statistics import median
from typing import Any

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
METRONOME_INTERVALS, METRONOME_CV, STRETCH_CV, STRONG_CV = 20, 0.008, 0.004, 0.005
SET_PAUSE = 3  # medians of the intervals
PERSONAL_FACTOR = 1.5
TWO_DEVICES_WITHIN_MS, TWO_DEVICES_CHANGES = 15_000, 3
MANY_REFUSED = 20
DISTRUSTED_TIMES = 3
MARATHON_MS, MARATHON_PAUSE_MS = 3 * HOUR_MS, 5 * MINUTE_MS

Flag = dict[str, Any]  # "flag": its name, and figures


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a session's reps. `times_ms` and `devices` are in the order of counting; without devices `devices` is empty."""

    times_ms: Sequence[int]
    devices: Sequence[int] = ()
    late: int = 0
    distrusted: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Pace:
    """What the session is measured by: the fastest known, of anybody and of this athlete; None where nothing is known."""

    record_per_minute: int | None = None
    record_per_hour: int | None = None
    personal_per_minute: int | None = None


def find_flags(evidence: Evidence, pace: Pace) -> list[Flag]:
    """Return the flags of a session, at most one of a kind."""
    times = sorted(evidence.times_ms)
    found = (
        find_metronome(evidence),
        find_record_pace(times, pace.record_per_minute),
        find_personal_pace(times, pace.personal_per_minute),
        find_two_devices(evidence),
        find_many_refused(evidence),
        find_mostly_late(evidence),
        find_clock(evidence),
        find_marathon(times, pace.record_per_hour),
    )
    return [flag for flag in found if flag is not None]


def best_minute(times_ms: Iterable[int]) -> int | None:
    """Return the most reps in 60 s, or None of a session that is shorter: a short set's says nothing about the athlete's pace."""
    times = sorted(times_ms)
    return most_within(times, MINUTE_MS) if times and times[-1] - times[0] >= MINUTE_MS else None


def find_metronome(evidence: Evidence) -> Flag | None:
    """Find intervals more even than people's: over a whole set, or over any 20 in a row.

    People's coefficient of variation is 1.5 to 4.9 % over a set (doi 10.3390/biomechanics4010006). Of hundreds of stretches some are more
    even than the whole by chance: so their bar is lower. At 1.3 % one in ten million is under it.
    """
    found = []
    for intervals in intervals_of(evidence):
        found += [
            (len(each), cv) for each in sets_of(intervals) if (cv := variation(each)) < METRONOME_CV
        ]
        if (
            len(intervals) >= METRONOME_INTERVALS
            and (cv := steadiest_stretch(intervals)) < STRETCH_CV
        ):
            found.append((METRONOME_INTERVALS, cv))
    if not found:
        return None
    length, cv = min(found, key=lambda each: (-each[0], each[1]))
    return {
        "flag": "metronome",
        "cv": round(cv, 4),
        "intervals": length,
        "strong": min(cv for _, cv in found) < STRONG_CV,
    }


def intervals_of(evidence: Evidence) -> Iterator[list[int]]:
    """Yield the intervals of each device by itself."""
    by_device: dict[int, list[int]] = defaultdict(list)
    for index, time in enumerate(evidence.times_ms):
        by_device[evidence.devices[index] if evidence.devices else 0].append(time)
    for times in by_device.values():
        yield [later - earlier for earlier, later in pairwise(sorted(times))]


def sets_of(intervals: Sequence[int]) -> Iterator[list[int]]:
    """Yield the intervals of each set of at least 20; a pause of 3 medians parts two sets."""
    longest = SET_PAUSE * median(intervals) if intervals else 0
    current: list[int] = []
    for interval in (*intervals, math.inf):
        if interval <= longest:
            current.append(int(interval))
            continue
        if len(current) >= METRONOME_INTERVALS:
            yield current
        current = []


def variation(intervals: Sequence[int]) -> float:
    """Return the coefficient of variation."""
    return _variation(
        len(intervals), sum(intervals), sum(interval * interval for interval in intervals)
    )


def steadiest_stretch(intervals: Sequence[int]) -> float:
    """Return the smallest coefficient of variation of 20 intervals in a row."""
    sums = [0, *accumulate(intervals)]
    squares = [0, *accumulate(interval * interval for interval in intervals)]
    count = METRONOME_INTERVALS
    return min(
        _variation(count, sums[end] - sums[end - count], squares[end] - squares[end - count])
        for end in range(count, len(sums))
    )


def _variation(count: int, total: int, squares: int) -> float:
    # whole numbers up to the division: nothing is lost to rounding
    return math.sqrt(max(0, count * squares - total * total)) / total if total else 0.0


def find_record_pace(times: Sequence[int], record: int | None) -> Flag | None:
    """Find a minute that is faster than the fastest reported."""
    reps = most_within(times, MINUTE_MS)
    return (
        {"flag": "record_pace", "reps": reps, "record": record}
        if record is not None and reps > record
        else None
    )


def find_personal_pace(times: Sequence[int], best: int | None) -> Flag | None:
    """Find a minute that is over 1.5 x as fast as the athlete's own best of the last 90 days."""
    reps = best_minute(times)
    if reps is None or best is None or reps <= PERSONAL_FACTOR * best:
        return None
    return {"flag": "personal_pace", "reps": reps, "best": best}


def find_two_devices(evidence: Evidence) -> Flag | None:
    """Find reps of two devices that interleave within 15 s, three times or more."""
    if not evidence.devices:
        return None
    reps = sorted(zip(evidence.times_ms, evidence.devices, strict=True))
    changes = sum(
        a != b and later - earlier <= TWO_DEVICES_WITHIN_MS
        for (earlier, a), (later, b) in pairwise(reps)
    )
    return {"flag": "two_devices", "changes": changes} if changes >= TWO_DEVICES_CHANGES else None


def find_many_refused(evidence: Evidence) -> Flag | None:
    """Find more refused reps than counted ones, at least 20."""
    counted = len(evidence.times_ms)
    if evidence.refused < MANY_REFUSED or evidence.refused <= counted:
        return None
    return {"flag": "many_refused", "refused": evidence.refused, "counted": counted}


def find_mostly_late(evidence: Evidence) -> Flag | None:
    """Find that over half of the reps came more than 10 s after they were made."""
    reps = len(evidence.times_ms)
    return (
        {"flag": "mostly_late", "late": evidence.late, "reps": reps}
        if evidence.late * 2 > reps
        else None
    )


def find_clock(evidence: Evidence) -> Flag | None:
    """Find more than 3 reps whose device gave a time that cannot be."""
    return (
        {"flag": "clock", "reps": evidence.distrusted}
        if evidence.distrusted > DISTRUSTED_TIMES
        else None
    )


def find_marathon(times: Sequence[int], record: int | None) -> Flag | None:
    """Find more than 3 h without a pause of 5 min, or more in an hour than the known record."""
    longest, began = 0, times[0] if times else 0
    for earlier, later in pairwise(times):
        if later - earlier >= MARATHON_PAUSE_MS:
            began = later
        longest = max(longest, later - began)
    flag: Flag = {"flag": "marathon"}
    if longest > MARATHON_MS:
        flag["minutes"] = longest // MINUTE_MS
    if record is not None and (reps := most_within(times, HOUR_MS)) > record:
        flag |= {"reps_in_hour": reps, "record": record}
    return flag if len(flag) > 1 else None


def most_within(times: Sequence[int], span_ms: int) -> int:
    """Return the most reps in a window of this length; `times` are in order."""
    most = first = 0
    for last, time in enumerate(times):
        while time - times[first] >= span_ms:
            first += 1
        most = max(most, last - first + 1)
    return most
