"""Flags: reasons for a coach to review a session, found in its whole timeline.

Pure functions. A flag never changes the count and accuses nobody: it names the rule that matched,
with the figures a person needs to judge it. The rules and their sources: docs/fair-counting.md.
Times are in ms since the first rep.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import accumulate, pairwise

from workouts.fairness.evidence import Flag, FlagEvidence, KnownPace
from workouts.fairness.neighbours import find_flag_over_neighbours, join_neighbours
from workouts.fairness.pace_flags import (
    find_marathon_flag,
    find_personal_pace_flag,
    find_record_day_flag,
    find_record_pace_flag,
)
from workouts.fairness.sets import find_sets, find_tempo_intervals
from workouts.fairness.two_bodies import find_two_bodies_flag

METRONOME_INTERVALS = 20
METRONOME_CV, STRETCH_CV, STRONG_CV = 0.008, 0.004, 0.005
TWO_DEVICES_WITHIN_MS, TWO_DEVICES_CHANGES = 15_000, 3
MANY_REFUSED = 20
MAX_DISTRUSTED = 3


def find_flags(evidence: FlagEvidence, pace: KnownPace) -> list[Flag]:
    """Return a session's flags, at most one of each kind.

    What depends on how many reps a session has is looked for over its neighbours, too.
    """
    own, joined = evidence.span, join_neighbours(evidence)
    around = joined and joined.cut_to_reps_around(METRONOME_INTERVALS)
    find_record_pace = partial(find_record_pace_flag, pace=pace, own=own)
    find_marathon = partial(find_marathon_flag, record=pace.record_per_hour, own=own)
    found = (
        find_flag_over_neighbours(find_metronome_flag, evidence, around),
        find_flag_over_neighbours(find_record_pace, evidence, joined),
        find_personal_pace_flag(evidence, pace.personal_per_minute),
        find_two_devices_flag(evidence),
        find_many_refused_flag(evidence),
        find_mostly_late_flag(evidence),
        find_clock_flag(evidence),
        find_flag_over_neighbours(find_marathon, evidence, joined),
        find_record_day_flag(evidence, pace.record_per_day),
        find_two_bodies_flag(evidence.exercise, evidence.times_ms, evidence.earlier),
    )
    return [flag for flag in found if flag is not None]


def find_metronome_flag(evidence: FlagEvidence) -> Flag | None:
    """Find intervals more even than people's: over a whole set, or over any 20 in a row.

    Over a set, people's coefficient of variation is 1.5 to 4.9 % (doi 10.3390/biomechanics4010006).
    Among hundreds of stretches of 20, some are by chance more even than the whole, so stretches
    have a lower limit: for a person at 1.3 %, one in ten million falls below it.
    """
    found = []
    for times_ms in split_evidence_by_device(evidence):
        found += [
            (len(intervals), cv)
            for intervals in (find_tempo_intervals(each.times_ms) for each in find_sets(times_ms))
            if len(intervals) >= METRONOME_INTERVALS
            and (cv := variation_of_tempo(intervals)) < METRONOME_CV
        ]
        intervals = find_tempo_intervals(times_ms)
        if (
            len(intervals) >= METRONOME_INTERVALS
            and (cv := variation_of_steadiest_tempo(intervals)) < STRETCH_CV
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


def split_evidence_by_device(evidence: FlagEvidence) -> Iterator[list[int]]:
    """Yield each device's times, sorted."""
    by_device: dict[int, list[int]] = defaultdict(list)
    for index, time in enumerate(evidence.times_ms):
        by_device[evidence.devices[index] if evidence.devices else 0].append(time)
    yield from map(sorted, by_device.values())


def variation_of_tempo(intervals: Sequence[int]) -> float:
    """Return the coefficient of variation."""
    return _variation_of_tempo(
        len(intervals), sum(intervals), sum(interval * interval for interval in intervals)
    )


def variation_of_steadiest_tempo(intervals: Sequence[int]) -> float:
    """Return the lowest coefficient of variation of any 20 consecutive intervals."""
    sums = [0, *accumulate(intervals)]
    squares = [0, *accumulate(interval * interval for interval in intervals)]
    count = METRONOME_INTERVALS
    return min(
        _variation_of_tempo(
            count, sums[end] - sums[end - count], squares[end] - squares[end - count]
        )
        for end in range(count, len(sums))
    )


def _variation_of_tempo(count: int, total: int, squares: int) -> float:
    # integers up to the division, so nothing is lost to rounding
    return math.sqrt(max(0, count * squares - total * total)) / total if total else 0.0


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
