"""Tempo: how fast a session's reps followed each other. Pure functions over the timeline."""

from collections.abc import Iterable, Sequence
from statistics import fmean

from workouts.fairness.flags import MINUTE_MS
from workouts.fairness.sets import find_longest_interval_in_set, find_tempo_intervals

SPARK_POINTS = 40


def find_tempo_points(times_ms: Iterable[int], *, points: int = SPARK_POINTS) -> list[float | None]:
    """Return the tempo as at most `points` mean intervals in ms; None is a rest."""
    intervals_ms = find_tempo_intervals(sorted(times_ms))
    longest_ms = find_longest_interval_in_set(intervals_ms)
    within = [interval if interval <= longest_ms else None for interval in intervals_ms]
    size = max(1, -(-len(within) // points))
    return [mean_tempo(within[start : start + size]) for start in range(0, len(within), size)]


def mean_tempo(values: Sequence[int | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def tempo_in_reps_a_minute(reps: int, length_ms: float) -> float | None:
    """Return the pace over the time from the first rep to the last, or None if that is zero."""
    return (reps - 1) * MINUTE_MS / length_ms if length_ms else None
