"""A short run of bench/floods, and how it judges one."""

import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings
from django.test import SimpleTestCase

from bench.floods.__main__ import Outcome, choose_median, format_row
from bench.floods.honest import Feelings
from senim.embedded.processes import die_with_parent

RUN = ["-m", "bench.floods", "--kinds", "tcpidle", "--seconds", "2", "--verbose"]


def make_outcome(quiet_ms: float = 10.0, during_ms: float = 60.0, **more: Any) -> Outcome:
    """Return a round that is just good enough, but for what is given."""
    fields = {
        "during": Feelings([during_ms] * 2000, [90.0]),
        "before_mb": 100.0,
        "most_mb": 164.0,
        "after_mb": 110.0,
        "is_healthy": True,
        "is_stopped": False,
        "attackers": "{}",
    }
    return Outcome("flood", Feelings([quiet_ms] * 2000), **{**fields, **more})


@pytest.mark.slow
class FloodTests(SimpleTestCase):
    def test_a_run_measures_honest_athletes_beside_the_attack(self) -> None:
        done = subprocess.run(
            [sys.executable, *RUN],
            cwd=settings.BASE_DIR,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=die_with_parent(),
        )
        # on a busy machine anything may be slow; that is a verdict, and no error
        assert done.returncode in (0, 1), done.stderr
        row = next(line for line in done.stdout.splitlines() if line.startswith("| tcpidle"))
        assert float(row.split("|")[3]) > 0
        assert '"open": ' in done.stderr


class JudgeTests(SimpleTestCase):
    def test_a_round_within_all_limits_has_no_problem(self) -> None:
        outcome = make_outcome()
        assert outcome.problems() == []
        assert (
            format_row(outcome)
        ) == "| flood | 10 | 60 | 60 | 3.0 | 90 | 0 of 2000 | 0 | 100 → 164 → 110 | ok |"

    def test_it_is_slow_beyond_three_times_the_quiet_time_or_twenty_ms(self) -> None:
        assert make_outcome(during_ms=61).problems() == ["slow"]
        assert make_outcome(quiet_ms=30, during_ms=89).problems() == []
        assert make_outcome(quiet_ms=30, during_ms=91).problems() == ["slow"]

    def test_one_rep_in_a_thousand_may_fail_but_none_may_be_unanswered(self) -> None:
        during = Feelings([10.0] * 2000)
        during.failed["unavailable"] = 2
        assert make_outcome(during=during).problems() == []
        during.failed["unavailable"] = 3
        assert make_outcome(during=during).problems() == ["failed"]
        during.failed.clear()
        during.failed["none: TimeoutError()"] = 1
        assert make_outcome(during=during).problems() == ["unanswered"]

    def test_memory_that_is_taken_or_kept_is_found(self) -> None:
        assert make_outcome(most_mb=165.0).problems() == ["memory"]
        assert make_outcome(after_mb=150.0).problems() == ["memory kept"]

    def test_athletes_who_get_half_as_many_answers_are_starved(self) -> None:
        assert make_outcome(during=Feelings([10.0] * 1000)).problems() == []
        assert make_outcome(during=Feelings([10.0] * 999)).problems() == ["starved"]

    def test_a_service_that_does_not_answer_is_found(self) -> None:
        assert "slow" in make_outcome(during=Feelings()).problems()
        assert make_outcome(is_healthy=False).problems() == ["not healthy after"]

    def test_the_median_round_is_shown(self) -> None:
        rounds = [make_outcome(during_ms=time_ms) for time_ms in (50, 10, 30)]
        assert choose_median(rounds).during.reps_ms[0] == 30
