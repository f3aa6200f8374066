"""What keeps time like a clock is found, what drifts like a body is not."""

import math
import random
from collections.abc import Callable
from itertools import accumulate
from typing import Any
from unittest import mock

from django.test import SimpleTestCase
from hypothesis import given
from hypothesis import strategies as st

from workouts.fairness import evenness
from workouts.fairness.evenness import LIMITS, add_runs, find_even_reps, find_runs
from workouts.fairness.flag_texts import explain_flag

SEEDS = range(200)
Times = list[int]
Make = Callable[[random.Random], Times]


def send_on_beat(tempo_ms: int, jitter_ms: int, intervals: int) -> Make:
    return lambda rng: sorted(
        round(k * tempo_ms + rng.gauss(0, jitter_ms)) for k in range(intervals + 1)
    )


def train(tempo_ms: int, cv: float, intervals: int, *, leg: float = 0.0) -> Make:
    """Return a person who times each rep by the one before; `leg`: how different two legs are."""
    return lambda rng: [
        0,
        *accumulate(round(tempo_ms * rng.gauss(1 + leg * (-1) ** k, cv)) for k in range(intervals)),
    ]


def follow_beat(tempo_ms: int, cv: float, intervals: int) -> Make:
    """Return a person who makes up for half of the distance from a beat with each rep."""

    def make(rng: random.Random) -> Times:
        distance, times = 0.0, []
        for k in range(intervals + 1):
            times.append(round(k * tempo_ms + distance))
            distance = distance / 2 + rng.gauss(0, cv * tempo_ms * math.sqrt(0.75))
        return times

    return make


def share_found(make: Make, sets: int = 1) -> float:
    """Return in how many of 200 workouts something was found; they are the same every time."""
    found = 0
    for seed in SEEDS:
        rng = random.Random(seed)  # noqa: S311
        found += find_even_reps([make(rng) for _ in range(sets)]) is not None
    return found / len(SEEDS)


class BeatTests(SimpleTestCase):
    def test_it_finds_a_clock_with_10_ms_of_jitter_in_60_intervals(self) -> None:
        for tempo_ms in (500, 700, 1000, 2000):
            assert share_found(send_on_beat(tempo_ms, 10, 60)) >= 0.95, tempo_ms

    def test_long_sets_of_one_tempo_add_up_and_short_ones_do_not(self) -> None:
        one, three = (share_found(send_on_beat(700, 20, 46), sets=sets) for sets in (1, 3))
        assert three > one
        assert share_found(send_on_beat(700, 10, 15), sets=4) == 0

    def test_it_finds_30_ms_of_jitter_given_100_intervals_or_a_slow_tempo(self) -> None:
        assert share_found(send_on_beat(700, 30, 100)) >= 0.95
        assert share_found(send_on_beat(2000, 30, 60)) >= 0.95

    def test_its_figures_are_the_distance_from_the_beat_and_its_independence(self) -> None:
        found = find_even_reps([send_on_beat(700, 10, 400)(random.Random(1))])  # noqa: S311
        assert found is not None
        assert found.keys() == {"spread", "independence", "intervals"}
        assert found["intervals"] == 400
        assert abs(found["spread"] - 10 / 700) < 0.001
        assert abs(found["independence"] - 2) < 0.2

    def test_a_beat_left_out_does_not_hide_it(self) -> None:
        times = send_on_beat(700, 10, 101)(random.Random(2))  # noqa: S311
        found = find_even_reps([times[:40] + times[41:]])
        assert found is not None
        assert found["runs"] == 2


class PeopleTests(SimpleTestCase):
    def test_a_person_more_even_than_any_recorded_is_not_flagged(self) -> None:
        for intervals in (20, 46, 60, 100, 200):
            assert share_found(train(1500, 0.015, intervals)) <= 0.01, intervals
            assert share_found(train(1500, 0.02, intervals)) == 0, intervals

    def test_nor_over_a_day_of_sets(self) -> None:
        assert share_found(train(1500, 0.02, 12), sets=10) <= 0.005
        assert share_found(train(1500, 0.03, 30), sets=5) <= 0.005

    def test_nor_a_person_who_follows_a_beat_for_100_reps(self) -> None:
        assert share_found(follow_beat(700, 0.025, 100)) <= 0.005

    def test_nor_one_whose_left_and_right_differ(self) -> None:
        assert share_found(train(1500, 0.02, 60, leg=0.05)) == 0


class EarlierTests(SimpleTestCase):
    def test_earlier_sessions_add_to_the_evidence(self) -> None:
        own, earlier = [*range(0, 20_000, 2000)], [*range(0, 32_000, 2000)]
        assert find_even_reps([own]) is None
        assert find_even_reps([own], [earlier]) == {
            "cv": 0.0,
            "intervals": 24,
            "strong": True,
            "runs": 2,
        }

    def test_an_uneven_session_is_not_flagged_for_earlier_ones(self) -> None:
        exact = [*range(0, 400_000, 2000)]
        for seed in SEEDS:
            person = train(2000, 0.03, 15)(random.Random(seed))  # noqa: S311
            assert find_even_reps([person], [exact]) is None
        assert find_even_reps([], [exact]) is None

    def test_whether_they_are_looked_at_makes_no_difference(self) -> None:
        with_them = 0
        for seed in SEEDS:
            rng = random.Random(seed)  # noqa: S311
            tempo_ms, spread = rng.choice((700, 2000)), rng.choice((0.004, 0.01, 0.0155, 0.06))
            make = rng.choice((send_on_beat, train))
            deviation: Any = spread if make is train else round(spread * tempo_ms)
            own, *earlier = (
                [make(tempo_ms, deviation, rng.choice((12, 36, 50)))(rng) for _ in range(number)]
                for number in (2, 6)
            )
            found = find_even_reps(own, *earlier)
            with mock.patch.object(evenness, "may_be_even", return_value=True):
                assert find_even_reps(own, *earlier) == found
            with_them += found is not None and found.get("runs", 1) > 2
        assert with_them > 20

    def test_they_are_not_looked_at_for_a_person(self) -> None:
        person = train(1500, 0.03, 20)(random.Random(1))  # noqa: S311
        earlier = iter([person])
        assert find_even_reps([person], earlier) is None
        assert [*earlier] == [person]


class AnyTests(SimpleTestCase):
    @given(st.integers(1, 10_000), st.integers(20, 80), st.integers(0, 10**12))
    def test_it_finds_exact_intervals_of_any_tempo(
        self, tempo_ms: int, intervals: int, start: int
    ) -> None:
        times = [start + k * tempo_ms for k in range(intervals + 1)]
        assert find_even_reps([times]) == {"cv": 0.0, "intervals": intervals, "strong": True}

    @given(st.lists(st.integers(1900, 2100), min_size=8, max_size=100), st.integers(2, 9))
    def test_the_unit_of_time_does_not_matter(self, intervals: list[int], factor: int) -> None:
        times = [0, *accumulate(intervals)]
        (run,), (scaled,) = find_runs(times), find_runs([factor * time for time in times])
        for figure in ("cv", "spread", "independence", "independence_two_on"):
            assert math.isclose(
                getattr(run, figure), getattr(scaled, figure), rel_tol=1e-6, abs_tol=1e-6
            )

    @given(st.lists(st.integers(1200, 1799), min_size=8, max_size=60), st.integers(1, 20))
    def test_a_run_repeated_on_its_own_beat_is_as_even_as_once(
        self, intervals: list[int], times: int
    ) -> None:
        (run,) = find_runs([0, *accumulate(intervals)])
        together = add_runs([run] * times)
        assert (together.runs, together.intervals) == (times, times * len(intervals))
        assert math.isclose(together.beat_ms, run.beat_ms)
        assert math.isclose(together.cv, run.cv, abs_tol=1e-9)

    @given(st.integers(20, 10_000), st.floats(0, 0.05))
    def test_the_limits_are_beyond_people_and_reached_by_a_clock(
        self, intervals: int, spread: float
    ) -> None:
        assert 0 < LIMITS.find_most_cv(intervals) < LIMITS.cv
        assert LIMITS.find_least_independence(intervals, spread) > LIMITS.independence


class TextTests(SimpleTestCase):
    def test_each_figure_is_in_one_sentence(self) -> None:
        flag = {"flag": "metronome", "intervals": 60}
        assert explain_flag(flag | {"cv": 0.004, "strong": True}) == (
            "60 intervals in a row vary by only 0.40%; people's vary by 1.5 to 4.9%."
        )
        assert explain_flag(flag | {"cv": 0.004, "strong": True, "runs": 4}) == (
            "60 intervals in 4 stretches at the same tempo vary by only 0.40%; people's vary by"
            " 1.5 to 4.9%."
        )
        assert explain_flag(flag | {"spread": 0.0143, "independence": 1.96}) == (
            "Over 60 intervals, reps stay within about 1.43% of a steady beat, and a late rep does"
            " not make the next one late: on a scale where people score at most 1.1 and a clock 2,"
            " they score 1.96."
        )
