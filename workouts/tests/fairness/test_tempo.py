"""The tempo of a session, drawn small."""

from itertools import accumulate
from unittest import TestCase

from hypothesis import given
from hypothesis import strategies as st

from workouts.fairness.tempo import SPARK_POINTS, find_tempo_points, tempo_in_reps_a_minute

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


class PaceTests(TestCase):
    def test_it_is_measured_from_the_first_rep_to_the_last(self) -> None:
        assert tempo_in_reps_a_minute(31, 60_000) == 30

    def test_reps_at_one_moment_have_none(self) -> None:
        assert tempo_in_reps_a_minute(1, 0) is None
