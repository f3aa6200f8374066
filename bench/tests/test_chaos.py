"""A short run of bench/chaos: everything is killed while athletes train."""

import re
import subprocess
import sys

import pytest
from django.conf import settings
from django.test import SimpleTestCase

from bench.chaos.devices import CountedAck, Device
from bench.chaos.faults import plan_kills
from bench.chaos.invariants import Saved, judge
from senim.embedded.processes import die_with_parent
from workouts.client import Rep
from workouts.tests.support.service import clean_environment

KILLS = 12
RUN = [
    "-m",
    "bench.chaos",
    "--athletes",
    "8",
    "--kills",
    str(KILLS),
    "--seed",
    "7",
    "--seconds",
    "60",
]


def make_device(*answers: str | None) -> Device:
    """Return a device that made a rep for each answer, 1 s apart; it is told them as numbers 1, 2, … of the session "s"."""
    device = Device("http://127.0.0.1:1", "ann", "phone", {})
    for seq, answer in enumerate(answers, start=1):
        device.reps.append(
            Rep("squat", seq, seq * 1000, status=answer, counted=answer == "counted")
        )
        if answer == "counted":
            device.counted.append(CountedAck("s", seq, seq))
    return device


def make_row(*times_ms: int, session_id: str = "s") -> Saved:
    return Saved(
        "ann", "squat", session_id, len(times_ms), 1000, [time - 1000 for time in times_ms], [], 0
    )


@pytest.mark.slow
class ChaosTests(SimpleTestCase):
    @pytest.mark.timeout(400)
    def test_nothing_is_lost_and_nothing_counts_twice(self) -> None:
        done = subprocess.run(
            [sys.executable, *RUN],
            cwd=settings.BASE_DIR,
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=die_with_parent(),
        )
        assert done.returncode == 0, done.stdout + done.stderr
        figures = {
            name.strip(): int(figure)
            for name, figure in re.findall(r"^(.+?) +(\d+)$", done.stdout, re.MULTILINE)
        }
        assert figures["reps saved"] == figures["reps made"] > 200, done.stdout
        assert figures["kills"] >= KILLS // 2, done.stdout
        assert (figures["lost"], figures["doubled"], figures["session keys left"]) == (0, 0, 0)
        assert figures["answered duplicate"] > 0  # what was settled came again, and was known

    def test_the_seed_repeats_the_schedule(self) -> None:
        assert plan_kills(7, 50) == plan_kills(7, 50) != plan_kills(8, 50)
        assert sum(len(kill.parts) for kill in plan_kills(7, 50)) == 50


class JudgeTests(SimpleTestCase):
    """The judge has to notice what the run is there to find."""

    def test_all_saved(self) -> None:
        assert (
            judge(
                [make_device("counted", "settled", "counted")], [make_row(1000, 2000, 3000)], []
            ).problems
            == []
        )

    def test_a_lost_rep_is_named(self) -> None:
        verdict = judge([make_device("counted", "counted", "counted")], [make_row(1000, 3000)], [])
        assert (verdict.lost, verdict.doubled) == (1, 0)
        assert "phone seq 2 at 2000" in verdict.problems[0]

    def test_a_doubled_rep(self) -> None:
        verdict = judge([make_device("counted", "counted")], [make_row(1000, 2000, 2000)], [])
        assert (verdict.lost, verdict.doubled) == (0, 1)

    def test_one_lost_and_one_doubled_in_two_sessions(self) -> None:
        verdict = judge(
            [make_device("counted", "counted")],
            [make_row(1000), make_row(1000, session_id="t")],
            [],
        )
        assert (verdict.lost, verdict.doubled) == (0, 0)
        assert verdict.problems == ["ann phone seq 2: was number 2 of session s, saved with 1"]

    def test_one_lost_and_one_doubled_in_one_session(self) -> None:
        verdict = judge(
            [make_device("counted", "counted", "counted")], [make_row(1000, 1000, 3000)], []
        )
        assert (verdict.lost, verdict.doubled) == (0, 0)
        assert verdict.problems == [
            "ann squat: session s has 1 reps of device 0 at the time of another"
        ]

    def test_a_session_twice(self) -> None:
        assert (
            "session s is saved 2 times"
            in judge(
                [make_device("counted", "counted")], [make_row(1000), make_row(2000)], []
            ).problems
        )

    def test_a_rep_that_was_refused_or_never_settled(self) -> None:
        for answer in ("debounced", "invalid_message", None):
            assert judge([make_device(answer)], [], []).problems

    def test_a_session_key_left(self) -> None:
        assert judge([], [], ["senim:{00}:live"]).keys_left == 1
