"""Tempo: how fast a session's reps followed each other. Pure functions over timeline and sets."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from statistics import fmean
from typing import Any, NamedTuple

from workouts.fairness.evidence import MINUTE_MS
from workouts.fairness.sets import (
    find_longest_interval_in_set,
    find_tempo_intervals,
    read_set_rows,
)

SPARK_POINTS = 40


class SessionPace(NamedTuple):
    """A session's pace within its sets, and how long all sets (work) and the rests between took.

    All None if the sets are not known.
    """

    total_sets: int | None = None
    reps_per_minute: float | None = None  # also None if no set has two reps
    work_ms: int | None = None
    rest_ms: int | None = None

    @property
    def rest_to_work(self) -> float | None:
        """Return how many times as long as the work the rests took, None without work or rest."""
        return self.rest_ms / self.work_ms if self.rest_ms and self.work_ms else None


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


def measure_session_pace(
    stored_sets: Iterable[Sequence[Any]] | None, started_at: datetime, finished_at: datetime
) -> SessionPace:
    """Return the pace over all intervals within sets, to a tenth; rests do not lower it.

    Reads the sets as they are stored with the session, not the timeline.
    """
    rows = read_set_rows(stored_sets)
    if not rows:
        return SessionPace()
    intervals = sum(row.reps - 1 for row in rows)
    work_ms = sum(row.length_ms for row in rows)
    return SessionPace(
        total_sets=len(rows),
        reps_per_minute=round(intervals * MINUTE_MS / work_ms, 1) if work_ms else None,
        work_ms=work_ms,
        rest_ms=round((finished_at - started_at) / timedelta(milliseconds=1)) - work_ms,
    )
