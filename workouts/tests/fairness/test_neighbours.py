"""Sessions of an exercise less than 5 min apart are judged together."""

import json
import os
import random
from itertools import accumulate, groupby
from pathlib import Path

import pytest
from django.test import SimpleTestCase, TestCase
from hypothesis import given
from hypothesis import strategies as st

from workouts.fairness.assessment import read_flag_records
from workouts.fairness.evidence import EarlierSession, Flag, FlagEvidence, KnownPace
from workouts.fairness.flags import find_flags
from workouts.fairness.neighbours import join_neighbours
from workouts.simulation.replay import read_sets_to_replay
from workouts.tests.support.days import in_parts

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
RECORDED_SETS = os.environ.get("TEST_SETS", "")


def judge_last(parts: list[list[int]], *, exercise: str = "squat") -> FlagEvidence:
    """Return the evidence of the last of these sessions."""
    *before, last = parts
    earlier = [EarlierSession(pk, exercise, times) for pk, times in enumerate(before, 1)]
    return FlagEvidence(last, exercise="squat", earlier=earlier[::-1])


def find(kind: str, evidence: FlagEvidence, pace: KnownPace) -> Flag | None:
    found = [flag for flag in find_flags(evidence, pace) if flag["flag"] == kind]
    return found[0] if found else None


class JoinTests(SimpleTestCase):
    def join(self, *parts: list[int]) -> list[int] | None:
        joined = join_neighbours(judge_last([*parts]))
        return joined and list(joined.evidence.times_ms)

    def test_neighbours_of_neighbours_belong_to_it(self) -> None:
        assert self.join([0], [250_000], [500_000]) == [0, 250_000, 500_000]

    def test_five_minutes_part_them(self) -> None:
        assert self.join([0], [5 * MINUTE_MS - 1]) == [0, 299_999]
        assert self.join([0], [5 * MINUTE_MS]) is None

    def test_a_pause_in_a_neighbour_cuts_off_what_was_before_it(self) -> None:
        assert self.join([0, 400_000], [500_000]) == [400_000, 500_000]

    def test_a_session_that_was_made_later_but_saved_before_belongs_to_it(self) -> None:
        assert self.join([60_000, 120_000], [0]) == [0, 60_000, 120_000]

    def test_sessions_of_other_exercises_do_not(self) -> None:
        assert join_neighbours(judge_last([[0], [1000]], exercise="lunge")) is None

    def test_reps_keep_their_devices(self) -> None:
        earlier = [EarlierSession(1, "squat", [-2000, -4000], [3, 2])]
        joined = join_neighbours(FlagEvidence([0], [1], exercise="squat", earlier=earlier))
        assert joined is not None
        assert (joined.evidence.devices, joined.sessions) == ((2, 3, 1), 2)


def join_one_by_one(own: list[int], others: list[int]) -> list[int]:
    """Add the reps that are less than 5 min away, until there are no more."""
    joined, left = sorted(own), sorted(others)
    while found := [time for time in left if joined[0] - 300_000 < time < joined[-1] + 300_000]:
        joined = sorted([*joined, *found])
        left = [time for time in left if time not in found]
    return joined


class AnyTests(SimpleTestCase):
    sessions = st.lists(st.lists(st.integers(-2_000_000, 300_000), min_size=1), max_size=6)

    @given(st.lists(st.integers(0, 200_000), min_size=1), sessions)
    def test_it_joins_what_no_pause_of_5_minutes_separates(
        self, own: list[int], parts: list[list[int]]
    ) -> None:
        joined = join_neighbours(judge_last([*parts, own]))
        others = [time for part in parts for time in part]
        expected = join_one_by_one(own, others)
        assert sorted(joined.evidence.times_ms if joined else own) == expected

    @given(st.lists(st.integers(0, 200_000)), sessions, sessions)
    def test_it_finds_at_most_one_flag_of_each_kind_whatever_the_day(
        self, own: list[int], parts: list[list[int]], others: list[list[int]]
    ) -> None:
        earlier = [EarlierSession(pk, "squat", times) for pk, times in enumerate(parts, 1)]
        earlier += [EarlierSession(pk, "lunge", times) for pk, times in enumerate(others, 9)]
        evidence = FlagEvidence(own, exercise="squat", earlier=earlier, other_reps_in_day=9)
        flags = find_flags(evidence, KnownPace(3, 9, 2, 3, 9))
        kinds = [flag["flag"] for flag in flags]
        assert len(kinds) == len(set(kinds))
        assert json.loads(json.dumps(flags)) == flags


class FlagTests(SimpleTestCase):
    def test_a_minute_above_the_record_is_found_over_sessions_of_15_reps(self) -> None:
        parts = in_parts([690 * rep for rep in range(87)], 15)
        pace = KnownPace(record_per_minute=74)
        assert [find("record_pace", judge_last(parts[:end]), pace) for end in (1, 2, 3, 4)] == (
            [None] * 4
        )
        assert find("record_pace", judge_last(parts), pace) == {
            "flag": "record_pace",
            "reps": 87,
            "record": 74,
            "sessions": 6,
        }

    def test_an_exact_metronome_is_found_over_sessions_of_15_reps(self) -> None:
        parts = in_parts([2000 * rep for rep in range(45)], 15)
        assert find("metronome", judge_last(parts[:1]), KnownPace()) is None
        flag = find("metronome", judge_last(parts), KnownPace())
        assert flag == {
            "flag": "metronome",
            "cv": 0.0,
            "intervals": 42,
            "strong": True,
            "runs": 3,
        }

    def test_a_flag_that_needs_no_neighbour_does_not_mention_them(self) -> None:
        even = [2000 * rep for rep in range(9, 40)]
        flag = find("metronome", judge_last([[0], even]), KnownPace())
        assert flag is not None
        assert "sessions" not in flag

    def test_three_hours_are_found_over_sessions(self) -> None:
        parts = in_parts([10_000 * rep for rep in range(1082)], 100)
        assert find("marathon", judge_last(parts), KnownPace()) == {
            "flag": "marathon",
            "minutes": 180,
            "sessions": 11,
        }
        pause = [[time + 5 * MINUTE_MS for time in part] for part in parts[6:]]
        assert find("marathon", judge_last(parts[:6] + pause), KnownPace()) is None

    def test_a_flag_of_a_neighbour_is_not_held_against_it(self) -> None:
        """What has none of its own reps in it was judged when the neighbour was saved."""
        uneven = [*accumulate([2100, 1900, 2300, 2000, 2200], initial=200_000)]
        fast = [500 * rep for rep in range(300)]
        assert find_flags(judge_last([fast, uneven]), KnownPace(74, 200)) == [
            {"flag": "marathon", "reps_in_hour": 306, "record": 200, "sessions": 2}
        ]
        assert find_flags(judge_last([fast, uneven]), KnownPace(74)) == []


class HonestTests(SimpleTestCase):
    def test_a_person_who_finishes_every_set_is_not_flagged(self) -> None:
        chance = random.Random(3)  # noqa: S311
        for _ in range(30):
            parts, now = [], 0.0
            for _ in range(8):
                times = [now := now + 2500 * chance.gauss(1, 0.031) for _ in range(15)]
                parts.append([round(time) for time in times])
                now += 60_000
            assert find_flags(judge_last(parts), KnownPace(74, 4656)) == []


@pytest.mark.skipif(not RECORDED_SETS, reason="TEST_SETS names no file of recorded sets")
class RecordedTests(TestCase):
    def test_no_persons_sets_are_flagged_one_after_another(self) -> None:
        records = read_flag_records()
        recorded = sorted(
            read_sets_to_replay(Path(RECORDED_SETS), None), key=lambda each: each.exercise
        )
        for exercise, sets in groupby(recorded, key=lambda each: each.exercise):
            parts, start = [], 0
            for each in sets:
                parts.append([start + time for time in each.offsets_ms()])
                start = parts[-1][-1] + 30_000
                earlier = [EarlierSession(1, "squat", part) for part in parts[-11:-1]]
                evidence = FlagEvidence(parts[-1], exercise="squat", earlier=earlier)
                assert find_flags(evidence, records[exercise]) == [], exercise
