"""How a session was done: its sets, the rests between them, the tempo within. Pure functions over the timeline.

Times are in ms since the first rep. The interval of a rep is the time since the rep before it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, linear_regression, median, median_low

from workouts.fairness.flags import MINUTE_MS, SET_PAUSE

LEAST_FOR_TREND = 4  # intervals; fewer say nothing of a slow-down
SPARK_POINTS = 40


@dataclass(frozen=True, slots=True)
class Set:
    """Reps without a rest between them. `rest_ms` is the rest before it, 0 of the first; `trend_ms` the fitted first and last interval."""

    times_ms: Sequence[int]
    rest_ms: int = 0
    trend_ms: tuple[float, float] | None = None

    @property
    def length_ms(self) -> int:
        return self.times_ms[-1] - self.times_ms[0]

    @property
    def interval_ms(self) -> float | None:
        """Return the median interval, None of a single rep."""
        return median(intervals_of(self.times_ms)) if len(self.times_ms) > 1 else None

    @property
    def slow_down(self) -> float | None:
        """Return by which share the intervals grew from the first to the last (0.1: 10 % slower), None where there are too few."""
        return self.trend_ms[1] / self.trend_ms[0] - 1 if self.trend_ms else None


def find_sets(times_ms: Iterable[int]) -> list[Set]:
    """Return the sets of a session: a pause of more than 3 medians of the intervals parts two."""
    times = sorted(times_ms)
    longest_ms = longest_within_set(intervals_of(times))
    parts: list[list[int]] = [[time] for time in times[:1]]
    for earlier, later in pairwise(times):
        if later - earlier > longest_ms:
            parts.append([])
        parts[-1].append(later)
    rests_ms = [0, *(later[0] - earlier[-1] for earlier, later in pairwise(parts))]
    return [
        Set(part, rest_ms, find_trend(part)) for part, rest_ms in zip(parts, rests_ms, strict=False)
    ]


def intervals_of(times_ms: Sequence[int]) -> list[int]:
    return [later - earlier for earlier, later in pairwise(times_ms)]


def longest_within_set(intervals_ms: Sequence[int]) -> float:
    """Return the longest interval in ms that is no rest; the low median, as one rest among two intervals is none of the tempo."""
    return SET_PAUSE * median_low(intervals_ms) if intervals_ms else 0


def find_trend(times_ms: Sequence[int]) -> tuple[float, float] | None:
    """Return the first and the last interval in ms of the straight line that fits them best, None where they are too few."""
    intervals_ms = intervals_of(times_ms)
    if len(intervals_ms) < LEAST_FOR_TREND:
        return None
    slope, first = linear_regression(range(len(intervals_ms)), intervals_ms)
    last = first + slope * (len(intervals_ms) - 1)
    return (first, last) if first > 0 and last > 0 else None


def find_spark(times_ms: Iterable[int], *, points: int = SPARK_POINTS) -> list[float | None]:
    """Return the tempo as at most so many intervals in ms, each the mean of some in a row; None is a rest."""
    intervals_ms = intervals_of(sorted(times_ms))
    longest_ms = longest_within_set(intervals_ms)
    within = [interval if interval <= longest_ms else None for interval in intervals_ms]
    size = max(1, -(-len(within) // points))
    return [mean_of(within[start : start + size]) for start in range(0, len(within), size)]


def reps_a_minute(reps: int, length_ms: float) -> float | None:
    """Return the pace, None where it has no length: from rep to rep, as the length is from the first to the last."""
    return (reps - 1) * MINUTE_MS / length_ms if length_ms else None


def mean_of(values: Sequence[int | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
