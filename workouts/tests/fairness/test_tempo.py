"""The tempo of a session, drawn small, and its pace."""

from datetime import UTC, datetime, timedelta
from itertools import accumulate, chain
from math import inf
from unittest import TestCase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workouts.fairness.evidence import MINUTE_MS
from workouts.fairness.sets import describe_sets, find_sets, find_tempo_intervals
from workouts.fairness.tempo import (
    SPARK_POINTS,
    SessionPace,
    find_tempo_points,
    measure_session_pace,
)
from workouts.tests.support.cast import CRUNCHES_MS

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
timelines = st.lists(st.integers(0, 100_000), max_size=300).map(
    lambda intervals: list(accumulate(intervals))
)


class SparkTests(TestCase):
    def test_a_rest_is_a_gap(self) -> None:
        two_sets = [0, 2000, 4000, 6000, 66_000, 68_000, 70_000]
        assert find_tempo_points(two_sets) == [2000, 2000, 2000, None, 2000, 2000]

    def test_a_long_session_is_averaged_into_as_many_points(self) -> None:
        assert find_tempo_points(range(0, 10_000 * 2000, 2000)) == [2000] * SPARK_POINTS

    @given(timelines)
    def test_it_never_has_more_points(self, times: list[int]) -> None:
        assert len(find_tempo_points(times)) <= SPARK_POINTS


def pace_of(times_ms: list[int]) -> SessionPace:
    length = timedelta(milliseconds=max(times_ms) - min(times_ms))
    return measure_session_pace(describe_sets(times_ms), NOON, NOON + length)


class PaceTests(TestCase):
    def test_rests_do_not_lower_the_pace(self) -> None:
        pace = pace_of(CRUNCHES_MS)
        assert pace == (4, 50.0, 43_200, 238_800)
        assert pace.rest_to_work == pytest.approx(5.53, abs=0.01)

    def test_a_session_of_one_set_has_no_rest(self) -> None:
        pace = pace_of([0, 2000, 4000])
        assert (pace, pace.rest_to_work) == ((1, 30.0, 4000, 0), None)

    def test_without_two_reps_in_a_set_there_is_no_pace(self) -> None:
        assert pace_of([0]) == (1, None, 0, 0)
        assert pace_of([5, 5]).reps_per_minute is None

    def test_sets_that_were_not_worked_out_tell_nothing(self) -> None:
        for stored in (None, []):
            assert measure_session_pace(stored, NOON, NOON) == SessionPace()

    @given(timelines.filter(bool))
    def test_it_lies_between_the_slowest_and_the_fastest_interval(self, times: list[int]) -> None:
        pace = pace_of(times)
        in_sets = [find_tempo_intervals(each.times_ms) for each in find_sets(times)]
        intervals = [*chain.from_iterable(in_sets)]
        assert (pace.reps_per_minute is None) == (sum(intervals) == 0)
        if pace.reps_per_minute is not None:
            fastest = MINUTE_MS / min(intervals) if min(intervals) else inf
            assert round(MINUTE_MS / max(intervals), 1) <= pace.reps_per_minute
            assert pace.reps_per_minute <= round(fastest, 1)

    @given(timelines.filter(bool))
    def test_work_and_rest_make_up_the_session(self, times: list[int]) -> None:
        pace = pace_of(times)
        assert pace.work_ms + pace.rest_ms == times[-1] - times[0]
        assert pace.rest_ms == sum(each.rest_ms for each in find_sets(times))
