"""Flags: reasons for a coach to review a session, found in its whole timeline.

Pure functions. A flag never changes the count and accuses nobody: it names the rule that matched,
with the figures a person needs to judge it. The rules and their sources: docs/fair-counting.md.
Times are in ms since the first rep.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial

from workouts.fairness.evenness import STEADY_INTERVALS, find_even_reps
from workouts.fairness.evidence import Flag, FlagEvidence, KnownPace
from workouts.fairness.neighbours import find_flag_over_neighbours, join_neighbours
from workouts.fairness.pace_flags import (
    find_marathon_flag,
    find_personal_pace_flag,
    find_record_day_flag,
    find_record_pace_flag,
)
from workouts.fairness.two_bodies import find_two_bodies_flag
from workouts.fairness.two_devices import find_two_devices_flag

MANY_REFUSED = 20
MAX_DISTRUSTED = 3


def find_flags(evidence: FlagEvidence, pace: KnownPace) -> list[Flag]:
    """Return a session's flags, at most one of each kind.

    What depends on how many reps a session has is looked for over its neighbours, too.
    """
    own, joined = evidence.span, join_neighbours(evidence)
    around = joined and joined.cut_to_reps_around(STEADY_INTERVALS)
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
    """Find reps that keep time better than people do, with the day's others of the exercise."""
    earlier = (
        times
        for session in evidence.earlier
        if session.exercise == evidence.exercise
        for times in split_times_by_device(session.times_ms, session.devices)
    )
    own = split_times_by_device(evidence.times_ms, evidence.devices)
    figures = find_even_reps(own, earlier)
    return {"flag": "metronome", **figures} if figures else None


def split_times_by_device(times_ms: Sequence[int], devices: Sequence[int]) -> Iterator[list[int]]:
    """Yield each device's times, sorted."""
    by_device: dict[int, list[int]] = defaultdict(list)
    for index, time in enumerate(times_ms):
        by_device[devices[index] if devices else 0].append(time)
    yield from map(sorted, by_device.values())


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
