"""Bursts and days above the fastest known, and the champions who must not be flagged."""

from itertools import accumulate

from django.test import SimpleTestCase, TestCase

from workouts.fairness.assessment import read_flag_records
from workouts.fairness.evidence import Flag, FlagEvidence, KnownPace
from workouts.fairness.flags import find_flags
from workouts.fairness.pace_flags import find_burst_limits

PUSH_UP = KnownPace(152, 3264, record_per_30_s=102)


def find(kind: str, evidence: FlagEvidence, pace: KnownPace) -> Flag | None:
    found = [flag for flag in find_flags(evidence, pace) if flag["flag"] == kind]
    return found[0] if found else None


def evenly(reps: int, span_ms: float) -> list[int]:
    """Return times so many to a span, the last one before its end."""
    return [round(span_ms * rep / reps) for rep in range(reps)]


class BurstTests(SimpleTestCase):
    def find(self, times_ms: list[int], pace: KnownPace = PUSH_UP) -> Flag | None:
        return find("record_pace", FlagEvidence(times_ms), pace)

    def test_it_flags_30_s_above_the_fastest_known(self) -> None:
        assert self.find(evenly(102, 30_000)) is None
        assert self.find(evenly(103, 30_000)) == {
            "flag": "record_pace",
            "reps": 103,
            "seconds": 30,
            "limit": 102,
        }

    def test_it_flags_10_s_more_than_a_tenth_and_a_rep_above_that_pace(self) -> None:
        assert self.find(evenly(38, 10_000)) is None
        assert self.find(evenly(39, 10_000)) == {
            "flag": "record_pace",
            "reps": 39,
            "seconds": 10,
            "limit": 38,
        }

    def test_without_a_known_burst_it_goes_by_the_record_minute(self) -> None:
        squat = KnownPace(record_per_minute=74)
        limits = [(seconds, round(limit, 2)) for seconds, limit in find_burst_limits(squat)]
        assert limits == [(30, 49.95), (10, 19.32)]
        assert self.find(evenly(49, 30_000), squat) is None
        assert self.find(evenly(50, 30_000), squat) is not None
        assert self.find(evenly(200, 30_000), KnownPace()) is None

    def test_a_minute_above_the_record_is_said_as_that(self) -> None:
        assert self.find(evenly(220, 60_000)) == {"flag": "record_pace", "reps": 220, "record": 152}

    def test_a_script_at_262_ms_for_31_s_is_flagged(self) -> None:
        assert self.find([262 * rep for rep in range(119)]) is not None


class DayTests(SimpleTestCase):
    def test_it_flags_a_day_above_the_record_over_all_sessions(self) -> None:
        pace = KnownPace(record_per_day=1000)
        reps = [2000 * rep for rep in range(10)]
        assert find("record_day", FlagEvidence(reps, other_reps_in_day=990), pace) is None
        assert find("record_day", FlagEvidence(reps, other_reps_in_day=991), pace) == {
            "flag": "record_day",
            "reps": 1001,
            "record": 1000,
        }
        assert find("record_day", FlagEvidence(reps, other_reps_in_day=10**6), KnownPace()) is None

    def test_a_session_without_times_has_no_part_in_it(self) -> None:
        pace = KnownPace(record_per_day=1000)
        assert find("record_day", FlagEvidence([], other_reps_in_day=5000), pace) is None


class ChampionTests(TestCase):
    """At the known records nobody is flagged, however they pace themselves."""

    def setUp(self) -> None:
        self.records = {
            slug: pace for slug, pace in read_flag_records().items() if pace.record_per_minute
        }

    def assert_unflagged(self, times_ms: list[int], pace: KnownPace) -> None:
        assert find("record_pace", FlagEvidence(times_ms), pace) is None

    def test_the_bursts_known_are_in_the_catalogue(self) -> None:
        assert {
            slug: pace.record_per_30_s
            for slug, pace in self.records.items()
            if pace.record_per_30_s
        } == {"push_up": 102, "sit_up": 47, "jumping_jack": 57}

    def test_a_record_minute_is_not_flagged(self) -> None:
        for slug, pace in self.records.items():
            with self.subTest(slug):
                self.assert_unflagged(evenly(pace.record_per_minute or 0, 60_000), pace)

    def test_a_record_burst_is_not_flagged_even_if_it_starts_faster(self) -> None:
        for slug, pace in self.records.items():
            with self.subTest(slug):
                reps = int(dict(find_burst_limits(pace))[30])
                self.assert_unflagged(evenly(reps, 30_000), pace)
                # the first interval is a tenth shorter than the mean, the last a tenth longer
                mean = 30_000 / reps
                slowing = [mean * (0.9 + 0.2 * rep / reps) for rep in range(reps - 1)]
                self.assert_unflagged([0, *map(round, accumulate(slowing))], pace)
