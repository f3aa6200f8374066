"""Sets: the reps between two rests. Flags, tempo and charts share this one definition.

Times are in ms since the first rep. A rep's interval is the time since the rep before it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, pairwise
from operator import sub
from statistics import linear_regression, median, median_low
from typing import Any, NamedTuple

REST_FACTOR = 3  # a rest is longer than this many median intervals
MIN_TREND_INTERVALS = 4  # fewer say nothing about slowing down


class SetRow(NamedTuple):
    """What is stored of a set. `slow_down` is None for one of too few reps."""

    reps: int
    length_ms: int
    slow_down: float | None


@dataclass(frozen=True)
class RepSet:
    """Reps without a rest between them. `rest_ms` is the rest before the set, 0 for the first."""

    times_ms: Sequence[int]
    rest_ms: int = 0

    @property
    def length_ms(self) -> int:
        return self.times_ms[-1] - self.times_ms[0]

    @property
    def interval_ms(self) -> float | None:
        """Return the median interval, or None for a single rep."""
        return median(find_tempo_intervals(self.times_ms)) if len(self.times_ms) > 1 else None

    @cached_property
    def trend_ms(self) -> tuple[float, float] | None:
        """Return the first and last interval on a fitted line, or None for a short set."""
        intervals_ms = find_tempo_intervals(self.times_ms)
        if len(intervals_ms) < MIN_TREND_INTERVALS:
            return None
        slope, first = linear_regression(range(len(intervals_ms)), intervals_ms)
        last = first + slope * (len(intervals_ms) - 1)
        return (first, last) if first > 0 and last > 0 else None

    @property
    def slow_down(self) -> float | None:
        """Return how much the intervals grew over the set (0.1: 10 % slower), or None."""
        return self.trend_ms[1] / self.trend_ms[0] - 1 if self.trend_ms else None


def find_sets(times_ms: Iterable[int]) -> list[RepSet]:
    """Split a session into sets at its rests. The times may come in any order."""
    return add_rests_before_sets(split_at_rests(sorted(times_ms)))


def split_at_rests(times: Sequence[int]) -> list[Sequence[int]]:
    """Return the times of each set. `times` are sorted."""
    intervals_ms = find_tempo_intervals(times)
    longest_ms = find_longest_interval_in_set(intervals_ms)
    if max(intervals_ms, default=0) <= longest_ms:
        return [times] if times else []
    rests = [index for index, interval in enumerate(intervals_ms, 1) if interval > longest_ms]
    return [times[first:last] for first, last in pairwise([0, *rests, len(times)])]


def add_rests_before_sets(parts: Sequence[Sequence[int]]) -> list[RepSet]:
    rests_ms = [0, *(later[0] - earlier[-1] for earlier, later in pairwise(parts))]
    return [RepSet(part, rest_ms) for part, rest_ms in zip(parts, rests_ms, strict=False)]


def describe_sets(times_ms: Iterable[int]) -> list[SetRow]:
    """Return what is stored of each set."""
    return [
        SetRow(len(each.times_ms), each.length_ms, each.slow_down and round(each.slow_down, 3))
        for each in find_sets(times_ms)
    ]


def read_set_rows(stored: Iterable[Sequence[Any]] | None) -> list[SetRow]:
    """Return a session's stored sets, none if they were not worked out."""
    return [SetRow(*row) for row in stored or ()]


def split_into_stored_sets(rows: Iterable[SetRow], times_ms: Iterable[int]) -> list[RepSet]:
    """Split a session into the sets that are stored, even if sets are defined otherwise by now."""
    times = iter(sorted(times_ms))
    return add_rests_before_sets([list(islice(times, row.reps)) for row in rows])


def find_longest_interval_in_set(intervals_ms: Sequence[int]) -> int:
    """Return the longest interval in ms that is not a rest.

    It is based on the low median: with a rep interval and a rest, the tempo is the rep interval.
    """
    return REST_FACTOR * median_low(intervals_ms) if intervals_ms else 0


def find_tempo_intervals(times_ms: Sequence[int]) -> list[int]:
    """Return the intervals between times in ascending order."""
    return [*map(sub, times_ms[1:], times_ms)]
