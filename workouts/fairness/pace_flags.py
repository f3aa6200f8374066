"""Flags for reps that come faster, or for longer, than anyone's or than the athlete's own.

Pure functions. `own` are the first and last rep of the session that is judged, where the reps of
its neighbours are looked at as well: only what has reps of its own in it is held against it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from workouts.fairness.evidence import (
    HOUR_MS,
    MINUTE_MS,
    Flag,
    FlagEvidence,
    KnownPace,
    RepSpan,
)

PERSONAL_FACTOR = 1.5
MARATHON_MS, MARATHON_PAUSE_MS = 3 * HOUR_MS, 5 * MINUTE_MS
# In 30 s, people are at most so much faster than in a minute: push-ups, 102 in 30 s to 152; of
# sit-ups and jumping jacks it is 1.08 and 1.06. These two give 1.1 from 30 s to 10 s, too.
BURST_FACTOR, SHORT_BURST_FACTOR = 1.35, 1.1


def find_record_pace_flag(evidence: FlagEvidence, pace: KnownPace, own: RepSpan) -> Flag | None:
    """Find a minute above the record, else 30 s or 10 s above the fastest burst to be expected."""
    times, record = sorted(evidence.times_ms), pace.record_per_minute
    if reps := find_pace_above(record, times, MINUTE_MS, own):
        return {"flag": "record_pace", "reps": reps, "record": record}
    for seconds, limit in find_burst_limits(pace):
        if reps := find_pace_above(limit, times, seconds * 1000, own):
            return {"flag": "record_pace", "reps": reps, "seconds": seconds, "limit": int(limit)}
    return None


def find_burst_limits(pace: KnownPace) -> Iterator[tuple[int, float]]:
    """Yield lengths in seconds, and the most reps that the fastest people could make in them."""
    if pace.record_per_30_s is not None:
        burst: float = pace.record_per_30_s
    elif pace.record_per_minute is not None:
        burst = BURST_FACTOR * pace.record_per_minute / 2
    else:
        return
    yield 30, burst
    yield 10, SHORT_BURST_FACTOR * burst / 3 + 1  # of so few, one more or less is chance


def find_personal_pace_flag(evidence: FlagEvidence, best: int | None) -> Flag | None:
    """Find a minute with over 1.5 times the athlete's own best of the last 90 days."""
    reps = find_best_minute_pace(evidence.times_ms)
    if reps is None or best is None or reps <= PERSONAL_FACTOR * best:
        return None
    return {"flag": "personal_pace", "reps": reps, "best": best}


def find_best_minute_pace(times_ms: Iterable[int]) -> int | None:
    """Return the most reps in any 60 s, or None for a shorter session.

    A short set says nothing about the pace an athlete can keep for a minute.
    """
    times = sorted(times_ms)
    return (
        find_fastest_pace_within(times, MINUTE_MS)
        if times and times[-1] - times[0] >= MINUTE_MS
        else None
    )


def find_marathon_flag(evidence: FlagEvidence, record: int | None, own: RepSpan) -> Flag | None:
    """Find over 3 h without a 5 min pause, or an hour with more reps than the record."""
    times = sorted(evidence.times_ms)
    flag: Flag = {"flag": "marathon"}
    if (longest := find_longest_run(times)) > MARATHON_MS:
        flag["minutes"] = longest // MINUTE_MS
    if reps := find_pace_above(record, times, HOUR_MS, own):
        flag |= {"reps_in_hour": reps, "record": record}
    return flag if len(flag) > 1 else None


def find_longest_run(times: Sequence[int]) -> int:
    """Return the most ms without a pause of 5 min, 0 if all the reps took no 3 h."""
    if not times or times[-1] - times[0] <= MARATHON_MS:
        return 0
    longest, began = 0, times[0]
    for earlier, later in pairwise(times):
        if later - earlier >= MARATHON_PAUSE_MS:
            began = later
        longest = max(longest, later - began)
    return longest


def find_record_day_flag(evidence: FlagEvidence, record: int | None) -> Flag | None:
    """Find more reps of an exercise in 24 h, over all sessions, than the record."""
    reps = len(evidence.times_ms) + evidence.other_reps_in_day
    if record is None or not evidence.times_ms or reps <= record:
        return None
    return {"flag": "record_day", "reps": reps, "record": record}


def find_pace_above(
    limit: float | None, times: Sequence[int], span_ms: int, own: RepSpan
) -> int | None:
    """Return the most reps in any window with reps of the session, None up to the limit."""
    if limit is None:
        return None
    # a window of these that ends before the session is shorter than it could be
    first = bisect_right(times, own.first_ms - span_ms)
    near = times[first : bisect_left(times, own.last_ms + span_ms)]
    if len(near) <= limit:
        return None
    reps = find_fastest_pace_within(near, span_ms)
    return reps if reps > limit else None


def find_fastest_pace_within(times: Sequence[int], span_ms: int) -> int:
    """Return the most reps in any window of this length. `times` are sorted."""
    most = first = 0
    for last, time in enumerate(times):
        while time - times[first] >= span_ms:
            first += 1
        most = max(most, last - first + 1)
    return most
