"""Each flag just above and just below its limit, with its figures."""

import json
import os
import random
from pathlib import Path

import pytest
from django.test import SimpleTestCase
from hypothesis import given
from hypothesis import strategies as st

from workouts.fairness.evenness import STEADY_INTERVALS
from workouts.fairness.evidence import Flag, FlagEvidence, KnownPace
from workouts.fairness.flags import find_flags
from workouts.fairness.pace_flags import find_best_minute_pace, find_fastest_pace_within
from workouts.fairness.sets import find_sets
from workouts.simulation.replay import read_sets_to_replay

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
UNEVEN = [2000, 2300, 1900, 2200, 2600]
NO_PACE = KnownPace()
RECORDED_SETS = os.environ.get("TEST_SETS", "")  # a file of recorded sets, as `replay` takes it


def times_of(intervals: list[int], start: int = 0) -> list[int]:
    times = [start]
    for interval in intervals:
        times.append(times[-1] + interval)
    return times


def find(kind: str, evidence: FlagEvidence, pace: KnownPace = NO_PACE) -> Flag | None:
    found = [flag for flag in find_flags(evidence, pace) if flag["flag"] == kind]
    assert len(found) <= 1
    return found[0] if found else None


class MetronomeTests(SimpleTestCase):
    def find(self, intervals: list[int], **more: list[int]) -> Flag | None:
        return find("metronome", FlagEvidence(times_of(intervals), **more))

    def test_it_flags_exact_intervals(self) -> None:
        assert self.find([2000] * 42) == {
            "flag": "metronome",
            "cv": 0.0,
            "intervals": 42,
            "strong": True,
        }

    def test_it_takes_at_least_20_intervals(self) -> None:
        assert self.find([2000] * 19) is None
        assert self.find([2000] * 20) is not None

    def test_it_calls_under_0_5_percent_strong(self) -> None:
        for deviation, strong in ((9, True), (11, False), (19, False)):
            flag = self.find([2000 - deviation, 2000 + deviation] * 20)
            assert flag is not None
            assert (flag["cv"], flag["strong"]) == (round(deviation / 2000, 4), strong)

    def test_the_more_intervals_the_closer_to_people_is_the_limit(self) -> None:
        for intervals, flagged, human in (
            (20, 15, 16),
            (40, 19, 20),
            (100, 23, 24),
            (1000, 27, 28),
        ):
            for deviation, found in ((flagged, True), (human, False)):  # of 2,000 ms
                even = [2000 - deviation, 2000 + deviation] * (intervals // 2)
                assert (self.find(even) is not None) == found

    def test_sets_of_one_tempo_are_judged_together(self) -> None:
        assert self.find([2000] * 15 + [30_000] + [2000] * 4) is None
        flag = self.find([2000] * 15 + [30_000] + [2000] * 15)
        assert flag == {"flag": "metronome", "cv": 0.0, "intervals": 30, "strong": True, "runs": 2}
        assert self.find([2000] * 15 + [30_000] + [2100] * 15) is None

    def test_it_finds_exact_reps_with_beats_left_out(self) -> None:
        flag = self.find(([2000] * 14 + [4000]) * 3)
        assert flag is not None
        assert (flag["intervals"], flag["cv"]) == (42, 0.0)

    def test_it_finds_an_even_stretch_within_a_persons_set(self) -> None:
        flag = self.find(UNEVEN * 10 + [2000] * 20 + UNEVEN * 10)
        assert flag is not None
        assert flag["intervals"] == 20
        assert self.find(UNEVEN * 10 + [2000] * 18 + UNEVEN * 10) is None

    def test_it_judges_each_device_by_itself(self) -> None:
        times = sorted(times_of([2000] * 30) + times_of(UNEVEN * 6, start=701))
        devices = [1 if time % 2000 == 0 else 2 for time in times]
        flag = find("metronome", FlagEvidence(times, devices))
        assert flag is not None
        assert flag["intervals"] >= 20

    def test_it_finds_exact_reps_among_a_persons_quicker_ones(self) -> None:
        quick = [620 + 17 * (i * i % 11) for i in range(60)]
        assert self.find([*quick, *[2500] * 50])["intervals"] == STEADY_INTERVALS  # type: ignore[index]
        assert self.find(([*quick[:31], *[3000] * 30]) * 6)["cv"] == 0.0  # type: ignore[index]

    def test_it_does_not_flag_an_even_person_in_a_long_session(self) -> None:
        chance = random.Random(7)  # noqa: S311
        for _ in range(50):
            assert self.find([round(chance.gauss(2000, 30)) for _ in range(1000)]) is None

    def test_it_is_strong_if_any_part_is(self) -> None:
        found = self.find([2000 + (-1) ** i * 14 for i in range(25)] + [20_000] + [2000] * 20)
        assert found is not None
        assert (found["cv"], found["intervals"], found["strong"]) == (0.0052, 45, True)

    def test_it_is_the_same_whichever_device_counted_first(self) -> None:
        times, devices = (
            times_of([2000] * 25) + times_of([2001] * 24 + [2003], 7),
            [1] * 26 + [2] * 26,
        )
        for order in (1, -1):
            found = find("metronome", FlagEvidence(times[::order], devices[::order]))
            assert found is not None
            assert (found["intervals"], found["cv"]) == (50, 0.0003)

    def test_its_sets_are_those_of_the_chart(self) -> None:
        quick_and_even = [1000 - 6, 1000 + 6] * 13
        times = times_of([*(4000 + 100 * (i * i % 7) for i in range(26)), *quick_and_even])
        longest = max(find_sets(times), key=lambda each: len(each.times_ms))
        flag = find("metronome", FlagEvidence(times))
        assert flag is not None
        assert flag["intervals"] == len(longest.times_ms) - 1 == 26

    def test_it_does_not_flag_a_person(self) -> None:
        chance = random.Random(5)  # noqa: S311
        for _ in range(50):
            assert self.find([round(2500 * chance.gauss(1, 0.031)) for _ in range(60)]) is None


@pytest.mark.skipif(not RECORDED_SETS, reason="TEST_SETS names no file of recorded sets")
class RecordedTests(SimpleTestCase):
    def test_no_persons_set_is_flagged(self) -> None:
        recorded = read_sets_to_replay(Path(RECORDED_SETS), None)
        flagged = [
            each for each in recorded if find_flags(FlagEvidence(each.offsets_ms()), NO_PACE)
        ]
        assert recorded
        assert flagged == []


class PaceTests(SimpleTestCase):
    def test_it_flags_a_minute_over_the_record(self) -> None:
        assert (
            find("record_pace", FlagEvidence(times_of([800] * 74)), KnownPace(record_per_minute=75))
            is None
        )
        flag = find(
            "record_pace", FlagEvidence(times_of([800] * 74)), KnownPace(record_per_minute=74)
        )
        assert flag == {"flag": "record_pace", "reps": 75, "record": 74}
        assert find("record_pace", FlagEvidence(times_of([800] * 74))) is None

    def test_a_minute_excludes_its_last_millisecond(self) -> None:
        assert find_fastest_pace_within([0, 30_000, 59_999, 60_000], MINUTE_MS) == 3
        assert find_fastest_pace_within([], MINUTE_MS) == 0

    def test_it_flags_a_minute_over_1_5_times_the_athletes_best(self) -> None:
        evidence = FlagEvidence(times_of([1000] * 120))
        assert find("personal_pace", evidence, KnownPace(personal_per_minute=40)) is None
        assert find("personal_pace", evidence, KnownPace(personal_per_minute=39)) == {
            "flag": "personal_pace",
            "reps": 60,
            "best": 39,
        }
        assert find("personal_pace", evidence) is None

    def test_a_set_under_a_minute_has_no_best_minute(self) -> None:
        assert find_best_minute_pace(times_of([1000] * 59)) is None
        assert find_best_minute_pace(times_of([1000] * 60)) == 60
        assert find_best_minute_pace([]) is None
        assert (
            find(
                "personal_pace",
                FlagEvidence(times_of([1000] * 59)),
                KnownPace(personal_per_minute=10),
            )
            is None
        )


class OtherTests(SimpleTestCase):
    def test_it_flags_refused_reps_that_outnumber_counted_ones(self) -> None:
        assert find("many_refused", FlagEvidence([0, 1000], refused_count=19)) is None
        assert find("many_refused", FlagEvidence([0, 1000], refused_count=20)) == {
            "flag": "many_refused",
            "refused": 20,
            "counted": 2,
        }
        assert find("many_refused", FlagEvidence(times_of([1000] * 19), refused_count=20)) is None

    def test_it_flags_a_majority_of_late_reps(self) -> None:
        assert find("mostly_late", FlagEvidence([0, 1000, 2000, 3000], late_count=2)) is None
        assert find("mostly_late", FlagEvidence([0, 1000, 2000, 3000], late_count=3)) == {
            "flag": "mostly_late",
            "late": 3,
            "reps": 4,
        }

    def test_it_flags_more_than_three_impossible_times(self) -> None:
        assert find("clock", FlagEvidence([0], distrusted_count=3)) is None
        assert find("clock", FlagEvidence([0], distrusted_count=4)) == {"flag": "clock", "reps": 4}

    def test_it_flags_three_hours_without_a_pause(self) -> None:
        def flag(intervals: list[int]) -> Flag | None:
            return find("marathon", FlagEvidence(times_of(intervals)))

        assert flag([10_000] * 1080) is None
        assert flag([10_000] * 1081) == {"flag": "marathon", "minutes": 180}
        assert flag([10_000] * 600 + [5 * MINUTE_MS] + [10_000] * 600) is None
        assert flag([10_000] * 600 + [5 * MINUTE_MS - 1] + [10_000] * 600) is not None

    def test_it_flags_an_hour_over_the_record(self) -> None:
        evidence = FlagEvidence(times_of([3000] * 1500))
        flag = find("marathon", evidence, KnownPace(record_per_hour=1199))
        assert flag == {"flag": "marathon", "reps_in_hour": 1200, "record": 1199}
        assert find("marathon", evidence, KnownPace(record_per_hour=1200)) is None


class AnyTests(SimpleTestCase):
    times = st.lists(st.integers(0, 10**12) | st.integers(0, 5000), max_size=80)

    @given(times, st.data())
    def test_it_finds_at_most_one_flag_of_each_kind_whatever_the_times(
        self, times: list[int], data: st.DataObject
    ) -> None:
        devices = data.draw(
            st.just([]) | st.lists(st.integers(0, 63), min_size=len(times), max_size=len(times))
        )
        pace = KnownPace(*data.draw(st.tuples(*[st.none() | st.integers(1, 100)] * 3)))
        flags = find_flags(
            FlagEvidence(times, devices, *data.draw(st.tuples(*[st.integers(0, 100)] * 3))), pace
        )
        kinds = [flag["flag"] for flag in flags]
        assert len(kinds) == len(set(kinds))
        assert json.loads(json.dumps(flags)) == flags

    @given(times, st.integers(0, 10**9), st.randoms())
    def test_neither_the_start_nor_the_order_of_arrival_matters(
        self, times: list[int], start: int, chance: random.Random
    ) -> None:
        pace = KnownPace(20, 40, 10)
        flags = find_flags(FlagEvidence(times), pace)
        assert find_flags(FlagEvidence([time + start for time in times]), pace) == flags
        shuffled = list(times)
        chance.shuffle(shuffled)
        assert find_flags(FlagEvidence(shuffled), pace) == flags

    def test_its_cost_grows_in_proportion_to_the_reps(self) -> None:
        class Counted(int):
            """Counts how often it is subtracted."""

            done = 0

            def __sub__(self, other: int) -> int:
                Counted.done += 1
                return int(self) - int(other)

        costs = []
        for reps in (1000, 10_000):
            Counted.done = 0
            find_flags(
                FlagEvidence([Counted(i * 2000) for i in range(reps)], [1] * reps),
                KnownPace(20, 40, 10),
            )
            costs.append(Counted.done)
        assert costs[1] < 15 * costs[0]
