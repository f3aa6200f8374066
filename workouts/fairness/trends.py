"""Trends: an athlete's weeks of one exercise, beside the median of others. Pure functions.

A week without sessions has no figures, and a session whose sets aren't worked out only has reps.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import accumulate
from math import ceil, floor
from statistics import median
from typing import NamedTuple

from workouts.fairness.sets import MIN_TREND_INTERVALS, SetRow

MIN_COMPARED_REPS = MIN_TREND_INTERVALS + 1  # a shorter set has no slow-down
MIN_OTHERS = 3  # a median of fewer would give away somebody's figure


class TrendSession(NamedTuple):
    """What trends take from a session; `week` is the Monday it belongs to."""

    week: date
    reps: int
    sets: Sequence[SetRow]
    load_kg: Decimal | None = None


class TrendWeek(NamedTuple):
    """An athlete's figures for one week, or the medians of several athletes' figures."""

    reps: float | None = None
    best_set: float | None = None
    tempo_s: float | None = None
    slow_down_percent: float | None = None


class TrendLoad(NamedTuple):
    """What was lifted in a week: the sum of load times reps, and the heaviest load."""

    tonnage_kg: Decimal
    heaviest_kg: Decimal


class SetLengths(NamedTuple):
    """The numbers of reps whose sets are compared with each other, and the usual one."""

    usual: float
    fewest: int
    most: int


def find_compared_lengths(sessions: Iterable[TrendSession]) -> SetLengths | None:
    """Return the lengths from three quarters to four thirds of the median set.

    Sets of under 5 reps don't count; returns None if there are no others.
    """
    lengths = [
        reps
        for session in sessions
        for reps, _length_ms, _slow_down in session.sets
        if reps >= MIN_COMPARED_REPS
    ]
    if not lengths:
        return None
    usual = median(lengths)
    return SetLengths(usual, max(MIN_COMPARED_REPS, ceil(usual * 3 / 4)), floor(usual * 4 / 3))


def find_trend_weeks(
    sessions: Iterable[TrendSession], lengths: SetLengths | None
) -> dict[date, TrendWeek]:
    """Return the figures of an athlete's weeks, by Monday; slow-down at these set lengths."""
    by_week: dict[date, list[TrendSession]] = defaultdict(list)
    for session in sessions:
        by_week[session.week].append(session)
    return {week: measure_trend_week(found, lengths) for week, found in by_week.items()}


def measure_trend_week(sessions: Sequence[TrendSession], lengths: SetLengths | None) -> TrendWeek:
    sets = [row for session in sessions for row in session.sets]
    return TrendWeek(
        reps=sum(session.reps for session in sessions),
        best_set=max((reps for reps, _length_ms, _slow_down in sets), default=None),
        tempo_s=find_trend_tempo_s(sets),
        slow_down_percent=find_trend_slow_down_percent(sets, lengths),
    )


def find_trend_tempo_s(sets: Iterable[SetRow]) -> float | None:
    """Return the median over the sets of their mean interval in seconds, None without intervals.

    A set counts as many times as it has intervals, so that a long one isn't worth a few reps.
    """
    means = [
        (length_ms / (reps - 1) / 1000, reps - 1)
        for reps, length_ms, _slow_down in sets
        if reps > 1
    ]
    return find_weighted_median(means) if means else None


def find_weighted_median(weighted: Iterable[tuple[float, int]]) -> float:
    """Return the median of values that each count as many times as their weight says."""
    ordered = sorted(weighted)
    counts = [*accumulate(weight for _value, weight in ordered)]
    half = counts[-1] / 2
    low, high = (ordered[bisect(counts, half)][0] for bisect in (bisect_left, bisect_right))
    return (low + high) / 2


def find_trend_slow_down_percent(
    sets: Iterable[SetRow], lengths: SetLengths | None
) -> float | None:
    """Return the median slow-down of the sets of these lengths, None without any."""
    if lengths is None:
        return None
    found = [
        slow_down
        for reps, _length_ms, slow_down in sets
        if slow_down is not None and lengths.fewest <= reps <= lengths.most
    ]
    return 100 * median(found) if found else None


def find_trend_loads(sessions: Iterable[TrendSession]) -> dict[date, TrendLoad]:
    """Return what was lifted, by Monday, for the weeks with a known load."""
    lifted: dict[date, TrendLoad] = {}
    for week, reps, _sets, load_kg in sessions:
        if load_kg is not None:
            tonnage_kg, heaviest_kg = lifted.get(week, (Decimal(0), load_kg))
            lifted[week] = TrendLoad(tonnage_kg + reps * load_kg, max(heaviest_kg, load_kg))
    return lifted


def find_trend_medians(others: Iterable[Mapping[date, TrendWeek]]) -> dict[date, TrendWeek]:
    """Return, by Monday, the median of each figure over the athletes who have it that week.

    Weeks without any median are left out.
    """
    by_week: dict[date, list[TrendWeek]] = defaultdict(list)
    for weeks in others:
        for week, figures in weeks.items():
            by_week[week].append(figures)
    medians = {
        week: TrendWeek(*(find_median_of_others(values) for values in zip(*found, strict=True)))
        for week, found in by_week.items()
    }
    return {week: figures for week, figures in medians.items() if figures != TrendWeek()}


def find_median_of_others(values: Iterable[float | None]) -> float | None:
    """Return the median, or None if fewer than 3 have a value."""
    known = [value for value in values if value is not None]
    return median(known) if len(known) >= MIN_OTHERS else None
