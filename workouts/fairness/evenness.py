"""Evenness: reps that keep time better than people do.

Pure functions over the times of one exercise, in ms. Scripts are uneven in two ways, and each has a
rule: some wait about as long after each rep, some send each rep near the beat of a clock. How the
limits were found: docs/fair-counting.md and bench/evenness.py.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, pairwise
from operator import mul, sub
from statistics import median
from typing import Any, NamedTuple

from workouts.fairness.sets import find_tempo_intervals, split_at_rests

STEADY_INTERVALS, BEAT_INTERVALS = 20, 35
STRETCH_CV, STRONG_CV = 0.004, 0.005
CLOSE_SPREAD, MOST_SPREAD, OWN_SPREAD = 0.025, 0.05, 1.5
CLOCK_INDEPENDENCE = 2.0
# how many standard errors from people, and at most from a clock
CV_ERRORS, CLOSE_ERRORS, LOOSE_ERRORS, CLOCK_ERRORS = 3, 1.5, 2.5, 2
POOLED_INTERVALS, SAME_TEMPO = 8, 1.03


class EvennessLimits(NamedTuple):
    """The most even that people are known to be. What is flagged is beyond that, chance aside."""

    cv: float = 0.015  # of eight exercises, doi 10.3390/biomechanics4010006
    independence: float = 1.1  # of 30 recorded sets with at least 35 intervals

    def find_most_cv(self, intervals: int) -> float:
        return self.cv * (1 - CV_ERRORS / math.sqrt(2 * intervals))

    def find_least_independence(self, intervals: int, spread: float) -> float:
        error = 2 / math.sqrt(intervals)
        from_people = CLOSE_ERRORS if spread < CLOSE_SPREAD else LOOSE_ERRORS
        return max(
            self.independence + from_people * error, CLOCK_INDEPENDENCE - CLOCK_ERRORS * error
        )


LIMITS = EvennessLimits()


class RunSums(NamedTuple):
    """Sums over the reps of a run; those of several runs add up.

    Rep k is at t, both relative to the run's means, so that runs added up share a tempo, but not a
    beat. x is an interval; a pair is two in a row.
    """

    runs: int
    intervals: int
    x: int
    xx: int
    pairs: int
    pairs_squared: int
    kk: float
    kt: float
    tt: float

    @property
    def tempo_ms(self) -> float:
        return self.x / self.intervals

    @property
    def cv(self) -> float:
        """Return the coefficient of variation of the intervals."""
        # integers up to the division, so nothing is lost to rounding
        squares = self.intervals * self.xx - self.x * self.x
        return math.sqrt(max(0, squares)) / self.x if self.x else 0.0

    @property
    def beat_ms(self) -> float:
        """Return the interval of the steady beat that is closest to the reps."""
        return self.kt / self.kk

    @property
    def beat_variance(self) -> float:
        """Return the variance of the reps' distances from the beat."""
        return max(0.0, self.tt - self.beat_ms * self.kt) / (self.intervals - 1)

    @property
    def spread(self) -> float:
        """Return the standard deviation of the distances, as a share of the beat's interval."""
        return math.sqrt(self.beat_variance) / self.beat_ms if self.beat_ms else 0.0

    @property
    def independence(self) -> float:
        """Return how little a rep's distance from the beat depends on the previous rep's.

        It is the von Neumann ratio: about 2 if a clock times each rep, and the closer to 0 the more
        of its distance a rep passes on to the next.
        """
        return self._compare_changes(self.intervals, self.x, self.xx, self.beat_ms)

    @property
    def independence_two_on(self) -> float:
        """Return the same for the rep before that: near 0 too if short and long ones alternate."""
        return self._compare_changes(
            self.intervals - self.runs, self.pairs, self.pairs_squared, 2 * self.beat_ms
        )

    def _compare_changes(self, count: int, total: int, squares: int, expected: float) -> float:
        variance = self.beat_variance
        changes = (squares - 2 * expected * total) / count + expected**2
        return changes / variance if variance else CLOCK_INDEPENDENCE


class Pool(NamedTuple):
    """Runs judged together: the session's own, and these with the athlete's earlier ones."""

    own: RunSums
    every: RunSums


def find_even_reps(
    streams: Iterable[Sequence[int]],
    earlier: Iterable[Sequence[int]] = (),
    limits: EvennessLimits = LIMITS,
) -> dict[str, Any] | None:
    """Return figures for reps of a session that are more even than people's, or None.

    A stream is the sorted times of one device in one session. `earlier` are those of the athlete's
    earlier sessions of the exercise: they add to the evidence, but are not judged again.
    """
    streams = list(streams)
    runs = [run for stream in streams for run in find_runs(stream)]
    pooled = earlier if may_be_even(runs, limits) else ()
    earlier_runs = [run for stream in pooled for run in find_runs(stream)]
    steady = [pool for pool in list_pools(runs, earlier_runs) if is_steady(pool, limits)]
    stretches = [cv for cv in map(find_steadiest_cv, streams) if cv < STRETCH_CV]
    if steady or stretches:
        return describe_steady_reps(steady, stretches)
    # the distances from a beat of a person's short run look independent: there is no room to drift
    long_runs, long_earlier = (
        [run for run in some if run.intervals >= BEAT_INTERVALS] for some in (runs, earlier_runs)
    )
    on_beat = [pool for pool in list_pools(long_runs, long_earlier) if is_on_beat(pool, limits)]
    return describe_reps_on_beat(on_beat) if on_beat else None


def may_be_even(own: Sequence[RunSums], limits: EvennessLimits) -> bool:
    """Return whether a session's own runs can be flagged, whatever they are pooled with.

    People's are far from it, and then the day's other sessions, which take ten times as long, need
    not be looked at. A pool's own runs vary at least as much as the steadiest of them, up to the
    difference of their tempos; and are as far from a beat as the closest, of 35 intervals or more.
    """
    if any(run.cv < SAME_TEMPO**2 * limits.cv for run in own):
        return True
    distances = [
        (math.sqrt(run.beat_variance), run.beat_ms)
        for run in own
        if run.intervals >= BEAT_INTERVALS
    ]
    if not distances:
        return False
    (closest, _), longest_beat = min(distances), max(beat for _, beat in distances)
    return closest <= SAME_TEMPO**2 * OWN_SPREAD * MOST_SPREAD * longest_beat


def list_pools(own: Sequence[RunSums], earlier: Sequence[RunSums]) -> list[Pool]:
    """Return what to judge: each own run, and those of one tempo together."""
    return [*(Pool(run, run) for run in own), *pool_runs_by_tempo(own, earlier)]


def is_steady(pool: Pool, limits: EvennessLimits) -> bool:
    """Return whether the intervals vary less than people's, also those of the session alone."""
    return pool.every.intervals >= STEADY_INTERVALS and all(
        runs.cv < limits.find_most_cv(runs.intervals) for runs in pool
    )


def is_on_beat(pool: Pool, limits: EvennessLimits) -> bool:
    """Return whether the reps are close to a beat, each independently of those before.

    The session's own are about as close as all: else it would be flagged for earlier ones.
    """
    reps = pool.every
    return (
        reps.intervals >= BEAT_INTERVALS
        and reps.spread < MOST_SPREAD
        and pool.own.spread <= OWN_SPREAD * reps.spread
        and reps.independence >= limits.find_least_independence(reps.intervals, reps.spread)
        and reps.independence_two_on >= limits.independence
    )


def describe_steady_reps(steady: Iterable[Pool], stretches: Iterable[float]) -> dict[str, Any]:
    """Return the figures of the most intervals, and whether any are strong evidence."""
    found = [(pool.every.intervals, pool.every.cv, pool.every.runs) for pool in steady]
    found += [(STEADY_INTERVALS, cv, 1) for cv in stretches]
    intervals, cv, runs = min(found, key=lambda each: (-each[0], each[1]))
    strong = min(each[1] for each in found) < STRONG_CV
    return {"cv": round(cv, 4), "intervals": intervals, "strong": strong} | describe_runs(runs)


def describe_reps_on_beat(on_beat: Iterable[Pool]) -> dict[str, Any]:
    """Return the figures of the most intervals."""
    reps = max(on_beat, key=lambda pool: pool.every.intervals).every
    return {
        "spread": round(reps.spread, 4),
        "independence": round(reps.independence, 2),
        "intervals": reps.intervals,
    } | describe_runs(reps.runs)


def describe_runs(runs: int) -> dict[str, int]:
    return {"runs": runs} if runs > 1 else {}


def pool_runs_by_tempo(own: Iterable[RunSums], earlier: Iterable[RunSums]) -> Iterator[Pool]:
    """Yield what a session's own runs add up to, with earlier ones, if their tempos agree."""
    runs = [*((run, True) for run in own), *((run, False) for run in earlier)]
    groups: list[list[tuple[RunSums, bool]]] = []
    for run, is_own in sorted(runs, key=lambda each: (each[0].tempo_ms, each)):
        if not groups or run.tempo_ms > SAME_TEMPO * groups[-1][0][0].tempo_ms:
            groups.append([])
        groups[-1].append((run, is_own))
    for group in groups:
        if any(is_own for _, is_own in group):
            yield Pool(
                add_runs(run for run, is_own in group if is_own), add_runs(run for run, _ in group)
            )


def add_runs(runs: Iterable[RunSums]) -> RunSums:
    return RunSums(*map(sum, zip(*runs, strict=True)))


def find_runs(times: Sequence[int]) -> Iterator[RunSums]:
    """Yield the runs of a stream that are long enough to judge.

    A run ends with its set, and where an interval is half a median off, as at a rep left out.
    """
    for reps in split_at_rests(times):
        if len(reps) <= POOLED_INTERVALS:
            continue
        intervals = find_tempo_intervals(reps)
        tempo = median(intervals)
        breaks = []
        if max(max(intervals) - tempo, tempo - min(intervals)) > tempo / 2:
            breaks = [index for index, x in enumerate(intervals, 1) if abs(x - tempo) > tempo / 2]
        for start, end in pairwise([0, *breaks, len(reps)]):
            if end - start > POOLED_INTERVALS:
                yield sum_run(reps[start:end])


def sum_run(times: Sequence[int]) -> RunSums:
    # in C and in integers up to the division: a day has dozens of runs
    intervals, pairs = ([*map(sub, times[step:], times)] for step in (1, 2))
    reps, total = len(times), sum(times)
    return RunSums(
        runs=1,
        intervals=reps - 1,
        x=times[-1] - times[0],
        xx=sum(map(mul, intervals, intervals)),
        pairs=sum(pairs),
        pairs_squared=sum(map(mul, pairs, pairs)),
        kk=reps * (reps * reps - 1) / 12,
        kt=(2 * sum(map(mul, range(reps), times)) - (reps - 1) * total) / 2,
        tt=(reps * sum(map(mul, times, times)) - total * total) / reps,
    )


def find_steadiest_cv(times: Sequence[int]) -> float:
    """Return the lowest coefficient of variation of any 20 consecutive intervals.

    Among hundreds of stretches of 20, some are by chance more even than the whole, so they have a
    lower limit: for a person at 1.3 %, one in ten million falls below it.
    """
    intervals, count = find_tempo_intervals(times), STEADY_INTERVALS
    sums = [0, *accumulate(intervals)]
    squares = [0, *accumulate(x * x for x in intervals)]
    variations = [math.inf]
    for end in range(count, len(sums)):
        x, xx = sums[end] - sums[end - count], squares[end] - squares[end - count]
        variations.append(math.sqrt(max(0, count * xx - x * x)) / x if x else 0.0)
    return min(variations)
