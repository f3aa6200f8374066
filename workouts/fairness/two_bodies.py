"""Two bodies: reps of two exercises that alternate too fast for one person."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise

from workouts.fairness.evidence import MINUTE_MS, EarlierSession, Flag
from workouts.fairness.pace_flags import find_fastest_pace_within

TWO_BODIES_WITHIN_MS, TWO_BODIES_CHANGES = 3000, 6


def find_two_bodies_flag(
    exercise: str, times_ms: Sequence[int], others: Iterable[EarlierSession]
) -> Flag | None:
    """Find six changes in a minute between this exercise and another, each within 3 s.

    Supersets and circuits alternate sets, not reps, so they change much less often. The figures
    are those of the exercise with the most changes, and how many exercises have enough of them.
    """
    by_exercise: dict[str, list[int]] = defaultdict(list)
    for other in others:
        if other.exercise != exercise:
            by_exercise[other.exercise] += other.times_ms
    changes = {name: count_changes(times_ms, times) for name, times in by_exercise.items()}
    found = sorted((-count, name) for name, count in changes.items() if count >= TWO_BODIES_CHANGES)
    if not found:
        return None
    (most, name), *_ = found
    return {"flag": "two_bodies", "exercise": name, "changes": -most, "exercises": len(found)}


def count_changes(times_ms: Sequence[int], others_ms: Iterable[int]) -> int:
    """Return the most changes within 3 s from either to the other in any minute."""
    if not times_ms:
        return 0
    first, last = min(times_ms) - TWO_BODIES_WITHIN_MS, max(times_ms) + TWO_BODIES_WITHIN_MS
    beside = [(time, True) for time in others_ms if first <= time <= last]
    if not beside:
        return 0
    reps = sorted([*((time, False) for time in times_ms), *beside])
    changes = [
        later
        for (earlier, a), (later, b) in pairwise(reps)
        if a != b and later - earlier <= TWO_BODIES_WITHIN_MS
    ]
    return find_fastest_pace_within(changes, MINUTE_MS)
