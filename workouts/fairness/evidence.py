"""What flags are found in: a session's reps, the athlete's others of the day, and known paces.

Times are in ms since the first rep of the session that is judged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

MINUTE_MS, HOUR_MS = 60_000, 3_600_000

Flag = dict[str, Any]  # {"flag": its name, and its figures}


class RepSpan(NamedTuple):
    """When a session's first and last reps were made."""

    first_ms: int
    last_ms: int

    def is_within(self, gap_ms: int, other: "RepSpan") -> bool:
        """Return whether less than this lies between the two, or they overlap."""
        return self.first_ms - other.last_ms < gap_ms and other.first_ms - self.last_ms < gap_ms

    def join(self, other: "RepSpan") -> "RepSpan":
        return RepSpan(min(self.first_ms, other.first_ms), max(self.last_ms, other.last_ms))


def find_rep_span(times_ms: Sequence[int]) -> RepSpan:
    return RepSpan(min(times_ms, default=0), max(times_ms, default=0))


@dataclass(frozen=True, slots=True)
class EarlierSession:
    """Another session of the athlete's day, saved before this one or at the same time as it.

    Times before the first rep of the session that is judged are negative.
    """

    pk: int
    exercise: str
    times_ms: Sequence[int]
    devices: Sequence[int] = ()

    @property
    def span(self) -> RepSpan:
        return find_rep_span(self.times_ms)


@dataclass(frozen=True, slots=True)
class FlagEvidence:
    """A session's reps. `times_ms` and `devices` are in the order counted.

    `devices` is empty if no device was named. `other_device_reps` are the times and devices of reps
    that another device had counted. The counts are numbers of reps. `earlier` is what
    `read_earlier_sessions` finds, newest first; `other_reps_in_day` are the exercise's reps
    saved before, in the 24 h around this session that have the most.
    """

    times_ms: Sequence[int]
    devices: Sequence[int] = ()
    late_count: int = 0
    distrusted_count: int = 0
    refused_count: int = 0
    other_device_reps: Sequence[Sequence[int]] = ()
    exercise: str = ""
    earlier: Sequence[EarlierSession] = ()
    other_reps_in_day: int = 0

    @property
    def span(self) -> RepSpan:
        return find_rep_span(self.times_ms)


@dataclass(frozen=True, slots=True)
class KnownPace:
    """The fastest paces known, for anyone and for this athlete; None if unknown."""

    record_per_minute: int | None = None
    record_per_hour: int | None = None
    personal_per_minute: int | None = None
    record_per_30_s: int | None = None
    record_per_day: int | None = None
