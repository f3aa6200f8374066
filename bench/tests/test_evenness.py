"""bench/evenness.py on made-up sets, and how it judges them."""

import itertools
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from django.conf import settings
from django.test import SimpleTestCase

from bench.evenness import (
    FOLDS,
    HonestSet,
    clock_set,
    cross_validate,
    find_upper_bound,
    fit_limits,
    measure_share_flagged,
    waiting_set,
)
from workouts.fairness.evenness import LIMITS

SETS = 60


def make_sets(cv: float) -> list[HonestSet]:
    """Return a set of 45 intervals for each video; they are the same every time."""
    rng = random.Random(5)
    return [
        HonestSet(
            f"video {number}",
            [0, *itertools.accumulate(round(1500 * rng.gauss(1, cv)) for _ in range(45))],
        )
        for number in range(SETS)
    ]


class CrossValidationTests(SimpleTestCase):
    def test_it_judges_each_set_once_by_the_limits_of_other_videos(self) -> None:
        sets = make_sets(0.05)
        folds = list(cross_validate(sets))
        assert len(folds) == FOLDS
        assert sum(fold.sets for fold in folds) == SETS
        assert sum(fold.flagged for fold in folds) == 0
        assert {fold.limits.independence for fold in folds} > {fit_limits(sets).independence}

    def test_the_most_even_set_is_judged_by_limits_that_it_had_no_say_in(self) -> None:
        even = HonestSet("even", [*range(0, 60_000, 1500)])
        assert sum(fold.flagged for fold in cross_validate([*make_sets(0.05), even])) == 1

    def test_people_no_more_even_than_published_leave_that_limit(self) -> None:
        assert fit_limits(make_sets(0.05)).cv == LIMITS.cv
        assert fit_limits(make_sets(0.01)).cv < 0.01
        assert fit_limits([]) == LIMITS

    def test_no_false_alarm_among_n_leaves_room_for_3_in_n(self) -> None:
        assert abs(find_upper_bound(0, 600) - 3 / 600) < 0.0001
        assert abs(find_upper_bound(2, 100) - 0.0616) < 0.0001


class ShareTests(SimpleTestCase):
    def test_a_clock_is_flagged_and_a_person_is_not(self) -> None:
        assert measure_share_flagged(clock_set(700, 0), [15] * 4, 20) == 1
        assert measure_share_flagged(clock_set(700, 10), [60], 100) > 0.9
        assert measure_share_flagged(waiting_set(2000, 60), [15] * 4, 100) == 0


@pytest.mark.slow
class RunTests(SimpleTestCase):
    def run_it(self, sets: list[HonestSet]) -> subprocess.CompletedProcess[str]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "sets.jsonl"
            path.write_text(
                "".join(
                    json.dumps({"video": each.video, "rep_end_ms": each.times_ms}) + "\n"
                    for each in sets
                )
            )
            return subprocess.run(
                [sys.executable, "-m", "bench.evenness", "--sets", path, "--trials", "1"],
                cwd=settings.BASE_DIR,
                capture_output=True,
                text=True,
                check=False,
            )

    def test_it_prints_false_alarms_and_tables(self) -> None:
        done = self.run_it(make_sets(0.05))
        assert done.returncode == 0, done.stdout + done.stderr
        assert "flagged 0 of 60 honest sets; at 95 % confidence at most 4.87 %" in done.stdout
        assert "| 700 ± 0 | 100 % |" in done.stdout

    def test_it_fails_if_honest_sets_are_flagged(self) -> None:
        even = HonestSet("even", [*range(0, 60_000, 1500)])
        assert self.run_it([*make_sets(0.05), even]).returncode == 1
