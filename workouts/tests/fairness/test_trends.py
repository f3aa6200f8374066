"""An athlete's weeks of an exercise, and the median of others, reckoned by hand."""

from datetime import date
from decimal import Decimal
from itertools import chain, repeat
from statistics import median
from unittest import TestCase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workouts.fairness.sets import SetRow
from workouts.fairness.trends import (
    SetLengths,
    TrendLoad,
    TrendSession,
    TrendWeek,
    find_compared_lengths,
    find_median_of_others,
    find_trend_loads,
    find_trend_medians,
    find_trend_tempo_s,
    find_trend_weeks,
    find_weighted_median,
)

MONDAY, NEXT_MONDAY = date(2026, 11, 16), date(2026, 11, 23)
LENGTHS = SetLengths(12, 9, 16)
weights = st.lists(
    st.tuples(st.floats(0.1, 10), st.integers(1, 9)),
    min_size=1,
    max_size=12,
)


def session(*sets: SetRow, week: date = MONDAY, load: str | None = None) -> TrendSession:
    """Return a session of these sets: reps, length in ms, slow-down."""
    return TrendSession(week, sum(row[0] for row in sets), sets, Decimal(load) if load else None)


class WeekTests(TestCase):
    def test_a_week_adds_up_its_sessions(self) -> None:
        weeks = find_trend_weeks(
            [
                session((12, 22_000, 0.1), (10, 18_000, 0.3)),
                session((11, 20_000, 0.2), (15, 42_000, None)),
                session((5, 8_000, 0.9), week=NEXT_MONDAY),
            ],
            LENGTHS,
        )
        assert weeks[MONDAY] == pytest.approx((48, 15, 2, 20))
        assert weeks[NEXT_MONDAY] == TrendWeek(reps=5, best_set=5, tempo_s=2)

    def test_only_sets_of_comparable_lengths_tell_the_slow_down(self) -> None:
        sets: list[SetRow] = [(8, 1, 0.9), (9, 1, 0.1), (16, 1, 0.2), (17, 1, 0.9)]
        (week,) = find_trend_weeks([session(*sets)], LENGTHS).values()
        assert week.slow_down_percent == pytest.approx(15)

    def test_a_set_that_slowed_down_by_nothing_counts(self) -> None:
        (week,) = find_trend_weeks([session((12, 22_000, 0.0))], LENGTHS).values()
        assert week.slow_down_percent == 0

    def test_a_session_without_its_sets_has_only_reps(self) -> None:
        weeks = find_trend_weeks([TrendSession(MONDAY, 30, [])], None)
        assert weeks == {MONDAY: TrendWeek(reps=30)}


class LengthTests(TestCase):
    def test_they_lie_around_the_median_of_all_sets(self) -> None:
        sessions = [session((8, 1, 0.1), (12, 1, 0.1)), session((30, 1, 0.1), week=NEXT_MONDAY)]
        assert find_compared_lengths(sessions) == LENGTHS

    def test_sets_of_under_five_reps_do_not_count(self) -> None:
        sessions = [session((1, 0, None), (4, 1, None), (4, 1, None), (6, 1, 0.1))]
        assert find_compared_lengths(sessions) == SetLengths(6, 5, 8)
        assert find_compared_lengths([session((4, 1, None))]) is None

    def test_a_median_between_two_lengths_widens_neither_end(self) -> None:
        assert find_compared_lengths([session((12, 1, 0.1), (13, 1, 0.1))]) == (12.5, 10, 16)


class TempoTests(TestCase):
    def test_a_long_set_counts_more_than_a_short_one(self) -> None:
        sets: list[SetRow] = [(3, 8_000, None), (3, 8_000, None), (11, 20_000, 0.1)]
        assert find_trend_tempo_s(sets) == 2

    def test_a_single_rep_has_no_tempo(self) -> None:
        assert find_trend_tempo_s([(1, 0, None)]) is None

    @given(weights)
    def test_a_weighted_median_is_the_median_of_the_values_written_out(
        self, weighted: list[tuple[float, int]]
    ) -> None:
        written_out = chain.from_iterable(repeat(value, weight) for value, weight in weighted)
        assert find_weighted_median(weighted) == pytest.approx(median(written_out))


class LoadTests(TestCase):
    def test_tonnage_is_the_load_times_the_reps(self) -> None:
        sessions = [
            session((10, 1, None), load="60"),
            session((5, 1, None), load="72.5"),
            session((20, 1, None)),
            session((20, 1, None), week=NEXT_MONDAY),
        ]
        assert find_trend_loads(sessions) == {MONDAY: TrendLoad(Decimal("962.5"), Decimal("72.5"))}


class MedianTests(TestCase):
    def test_each_figure_needs_three_others(self) -> None:
        others = [
            {MONDAY: TrendWeek(10, 5, 2.0, 10)},
            {MONDAY: TrendWeek(40, 7, 3.0), NEXT_MONDAY: TrendWeek(1)},
            {MONDAY: TrendWeek(20, 9, 2.5, 20), NEXT_MONDAY: TrendWeek(2)},
        ]
        assert find_trend_medians(others) == {MONDAY: TrendWeek(20, 7, 2.5, None)}

    @given(st.lists(st.none() | st.integers(0, 99), max_size=8))
    def test_fewer_than_three_values_have_no_median(self, values: list[int | None]) -> None:
        known = [value for value in values if value is not None]
        assert find_median_of_others(values) == (median(known) if len(known) > 2 else None)
