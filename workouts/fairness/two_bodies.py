"""Two bodies: reps of two exercises that alternate too fast for one person."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise

from workouts.fairness.evidence import MINUTE_MS, EarlierSession, Flag, find_rep_span
from workouts.fairness.pace_flags import find_fastest_pace_within

TWO_BODIES_WITHIN_MS, TWO_BODIES_CHANGES = 3000, 6


def find_two_bodies_flag(
    exercise: str, times_ms: Sequence[int], others: Iterable[EarlierSession]
) -> Flag | None:
    """Find six changes in a minute between this exercise and another, each within 3 s.

    Supersets and circuits alternate sets, not reps, so they change much less often. The figures
    are those of the exercise with the most changes, and how many exercises have enough of them.
    """
    times = sorted(times_ms)
    pooled = pool_rep_times(find_sessions_beside(exercise, times, others))
    changes = ((-count_changes(times, beside), name) for name, beside in pooled.items())
    found = sorted(each for each in changes if -each[0] >= TWO_BODIES_CHANGES)
    if not found:
        return None
    (most, name), *_ = found
    return {"flag": "two_bodies", "exercise": name, "changes": -most, "exercises": len(found)}


def find_sessions_beside(
    exercise: str, times_ms: Sequence[int], others: Iterable[EarlierSession]
) -> list[EarlierSession]:
    """Return the sessions of other exercises that are close enough to alternate with this one."""
    own = find_rep_span(times_ms)
    return [
        other
        for other in others
        if other.exercise != exercise and own.is_within(TWO_BODIES_WITHIN_MS + 1, other.span)
    ]


def pool_rep_times(sessions: Iterable[EarlierSession]) -> dict[str, list[int]]:
    """Return the sorted times of each exercise, over all sessions."""
    by_exercise: dict[str, list[int]] = defaultdict(list)
    for session in sessions:
        by_exercise[session.exercise] += session.times_ms
    return {exercise: sorted(times) for exercise, times in by_exercise.items()}


def count_changes(times: Sequence[int], others: Sequence[int]) -> int:
    """Return the most changes within 3 s from one to the other in any minute. Both are sorted."""
    if not times or not others:
        return 0
    reps = sorted(
        [
            *((time, False) for time in cut_to_times_beside(times, others)),
            *((time, True) for time in cut_to_times_beside(others, times)),
        ]
    )
    changes = [
        later
        for (earlier, a), (later, b) in pairwise(reps)
        if a != b and later - earlier <= TWO_BODIES_WITHIN_MS
    ]
    return find_fastest_pace_within(changes, MINUTE_MS)


def cut_to_times_beside(times: Sequence[int], others: Sequence[int]) -> Sequence[int]:
    first = bisect_left(times, others[0] - TWO_BODIES_WITHIN_MS)
    return times[first : bisect_right(times, others[-1] + TWO_BODIES_WITHIN_MS)]
