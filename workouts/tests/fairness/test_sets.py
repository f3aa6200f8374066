"""Sets, their rests and how they slow down, from the timeline alone."""

import json
from itertools import accumulate
from unittest import TestCase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workouts.fairness.sets import (
    SetRow,
    describe_sets,
    find_sets,
    read_set_rows,
    split_into_stored_sets,
)

TWO_SETS = [0, 2000, 4000, 6000, 66_000, 68_000, 70_000]
timelines = st.lists(st.integers(0, 100_000), max_size=300).map(
    lambda intervals: list(accumulate(intervals))
)


class SetTests(TestCase):
    def test_a_rest_separates_two_sets(self) -> None:
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

    def test_the_longer_of_two_intervals_can_be_a_rest(self) -> None:
        assert [len(each.times_ms) for each in find_sets([0, 2000, 62_000])] == [2, 1]

    def test_reps_may_come_in_any_order(self) -> None:
        assert find_sets(reversed(TWO_SETS)) == find_sets(TWO_SETS)

    def test_no_reps_make_no_set_and_one_rep_makes_one(self) -> None:
        assert find_sets([]) == []
        (only,) = find_sets([0])
        assert (only.interval_ms, only.slow_down, only.length_ms) == (None, None, 0)

    def test_it_measures_how_a_set_slows_down(self) -> None:
        (tiring,) = find_sets(accumulate([0, *(2000 + 100 * i for i in range(11))]))
        assert tiring.slow_down == pytest.approx(0.5)
        assert tiring.trend_ms == pytest.approx((2000, 3000))

    def test_three_intervals_are_too_few_for_a_trend(self) -> None:
        assert find_sets([0, 2000, 4000, 7000])[0].slow_down is None

    def test_reps_at_the_same_time_are_one_set(self) -> None:
        assert [len(each.times_ms) for each in find_sets([0] * 6)] == [6]

    @given(timelines)
    def test_stored_sets_are_the_sets_that_were_found(self, times: list[int]) -> None:
        stored = json.loads(json.dumps(describe_sets(times)))
        assert split_into_stored_sets(read_set_rows(stored), reversed(times)) == find_sets(times)

    def test_stored_sets_stay_as_they_were(self) -> None:
        """Even if a rest is something else by now."""
        rows = [SetRow(4, 6000, None), SetRow(2, 2000, None), SetRow(1, 0, None)]
        split = split_into_stored_sets(rows, TWO_SETS)
        assert [(len(each.times_ms), each.rest_ms) for each in split] == [
            (4, 0),
            (2, 60_000),
            (1, 2000),
        ]

    @given(timelines)
    def test_every_rep_is_in_exactly_one_set(self, times: list[int]) -> None:
        assert [rep for each in find_sets(times) for rep in each.times_ms] == times
