"""Sets, rests and tempo, from the timeline alone."""

from itertools import accumulate
from unittest import TestCase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workouts.fairness.tempo import SPARK_POINTS, find_sets, find_spark

TWO_SETS = [0, 2000, 4000, 6000, 66_000, 68_000, 70_000]
timelines = st.lists(st.integers(0, 100_000), max_size=300).map(
    lambda intervals: list(accumulate(intervals))
)


class SetTests(TestCase):
    def test_it_parts_sets_at_rests(self) -> None:
        first, second = find_sets(TWO_SETS)
        assert (list(first.times_ms), first.rest_ms, first.length_ms) == (
            [0, 2000, 4000, 6000],
            0,
            6000,
        )
        assert (list(second.times_ms), second.rest_ms, second.interval_ms) == (
            [66_000, 68_000, 70_000],
            60_000,
            2000,
        )

    def test_a_rest_after_two_reps_is_a_rest(self) -> None:
        assert [len(each.times_ms) for each in find_sets([0, 2000, 62_000])] == [2, 1]

    def test_reps_may_come_in_any_order(self) -> None:
        assert find_sets(reversed(TWO_SETS)) == find_sets(TWO_SETS)

    def test_no_rep_and_one_rep(self) -> None:
        assert find_sets([]) == []
        (only,) = find_sets([0])
        assert (only.interval_ms, only.slow_down, only.length_ms) == (None, None, 0)

    def test_it_finds_the_slow_down(self) -> None:
        (tiring,) = find_sets(accumulate([0, *(2000 + 100 * i for i in range(11))]))
        assert tiring.slow_down == pytest.approx(0.5)
        assert tiring.trend_ms == pytest.approx((2000, 3000))

    def test_three_intervals_say_nothing_of_a_slow_down(self) -> None:
        assert find_sets([0, 2000, 4000, 7000])[0].slow_down is None

    def test_equal_times_are_no_trouble(self) -> None:
        assert [len(each.times_ms) for each in find_sets([0] * 6)] == [6]

    @given(timelines)
    def test_every_rep_is_in_one_set(self, times: list[int]) -> None:
        assert [rep for each in find_sets(times) for rep in each.times_ms] == times


class SparkTests(TestCase):
    def test_a_rest_is_a_gap(self) -> None:
        assert find_spark(TWO_SETS) == [2000, 2000, 2000, None, 2000, 2000]

    def test_a_long_session_is_drawn_by_as_many_points(self) -> None:
        assert find_spark(range(0, 10_000 * 2000, 2000)) == [2000] * SPARK_POINTS

    @given(timelines)
    def test_it_never_has_more(self, times: list[int]) -> None:
        assert len(find_spark(times)) <= SPARK_POINTS
