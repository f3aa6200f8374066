"""A short run of bench/chaos, its schedule, and the judge that decides whether a run passed."""

import re
import subprocess
import sys
from collections import Counter

import pytest
from django.conf import settings
from django.test import SimpleTestCase

from bench.chaos.athletes import Athlete, Load, MadeRep
from bench.chaos.devices import CountedAck, Device
from bench.chaos.faults import plan_kills
from bench.chaos.finishes import Finisher
from bench.chaos.invariants import Saved, judge
from senim.embedded.processes import die_with_parent
from workouts.client import Rep

KILLS = 12
RUN = f"-m bench.chaos --athletes 8 --kills {KILLS} --seed 7 --seconds 60".split()


def make_device(*answers: str | None, name: str = "phone") -> Device:
    """Return a device that saw a rep for each answer, 1 s apart.

    Those that were counted are numbers 1, 2, … of the session "s".
    """
    device = Device("http://127.0.0.1:1", "ann", name, Counter())
    for seq, answer in enumerate(answers, start=1):
        device.reps.append(
            Rep("squat", seq, seq * 1000, status=answer, counted=answer == "counted")
        )
        if answer == "counted":
            device.counted.append(CountedAck("s", seq, seq))
        elif answer == "other_device":
            device.seen_by_another.add(seq)
    return device


def make_athlete(*devices: Device) -> Athlete:
    """Return an athlete who made each rep that one of the devices saw."""
    athlete = Athlete(Load("http://127.0.0.1:1", Finisher(1), {}, {}, speed=1.0, seed=1), 1)
    athlete.user_id, athlete.devices = "ann", list(devices)
    athlete.made = {MadeRep(rep.exercise, rep.at_ms) for device in devices for rep in device.reps}
    return athlete


def make_row(*times_ms: int, session_id: str = "s") -> Saved:
    return Saved(
        "ann", "squat", session_id, len(times_ms), 1000, [time - 1000 for time in times_ms], [], 0
    )


@pytest.mark.slow
class ChaosTests(SimpleTestCase):
    @pytest.mark.timeout(400)
    def test_a_run_with_kills_loses_no_rep_and_doubles_none(self) -> None:
        done = subprocess.run(
            [sys.executable, *RUN],
            cwd=settings.BASE_DIR,
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
        assert figures["kills"] > 0, done.stdout  # a busy machine has time for few of them
        assert (figures["lost"], figures["doubled"], figures["session keys left"]) == (0, 0, 0)
        # reps that were settled came again, and were recognised
        assert figures["answered duplicate"] > 0
        # a phone and a watch saw the same reps
        assert figures["answered other_device"] > 0


class ScheduleTests(SimpleTestCase):
    def test_a_seed_repeats_its_schedule_and_another_has_another(self) -> None:
        assert plan_kills(7, 50) == plan_kills(7, 50) != plan_kills(8, 50)

    def test_a_schedule_has_as_many_kills_as_asked_for(self) -> None:
        assert sum(len(kill.parts) for kill in plan_kills(7, 50)) == 50


class JudgeTests(SimpleTestCase):
    def test_reps_that_were_counted_and_saved_are_no_problem(self) -> None:
        athlete = make_athlete(make_device("counted", "settled", "counted"))
        verdict = judge([athlete], [make_row(1000, 2000, 3000)], [])
        assert (verdict.made, verdict.saved, verdict.problems) == (3, 3, [])

    def test_a_lost_rep_is_named(self) -> None:
        athlete = make_athlete(make_device("counted", "counted", "counted"))
        verdict = judge([athlete], [make_row(1000, 3000)], [])
        assert (verdict.lost, verdict.doubled) == (1, 0)
        assert verdict.problems[:2] == [
            "ann squat: 3 made, 2 saved",
            "ann squat: nothing saved for 2000 (phone seq 2: counted)",
        ]

    def test_a_doubled_rep_is_found(self) -> None:
        athlete = make_athlete(make_device("counted", "counted"))
        verdict = judge([athlete], [make_row(1000, 2000, 2000)], [])
        assert (verdict.lost, verdict.doubled) == (0, 1)
        assert verdict.problems[:2] == [
            "ann squat: 2 made, 3 saved",
            "ann squat: nothing made that is saved at 2000",
        ]

    def test_a_rep_that_two_devices_saw_must_be_saved_once(self) -> None:
        devices = [
            make_device("counted", "other_device"),
            make_device("other_device", "duplicate", name="watch"),
        ]
        verdict = judge([make_athlete(*devices)], [make_row(1000, 2000)], [])
        assert (verdict.made, verdict.saved, verdict.problems) == (2, 2, [])
        verdict = judge([make_athlete(*devices)], [make_row(1000, 1040, 2000)], [])
        assert (verdict.lost, verdict.doubled) == (0, 1)

    def test_a_rep_that_no_other_device_has_counted_is_found(self) -> None:
        athlete = make_athlete(make_device("other_device"), make_device(name="watch"))
        verdict = judge([athlete], [make_row(1000)], [])
        assert verdict.problems == ["ann phone seq 1 squat at 1000: no other device has counted it"]

    def test_a_rep_that_each_device_leaves_to_the_other_is_found(self) -> None:
        devices = [make_device("other_device"), make_device("other_device", name="watch")]
        verdict = judge([make_athlete(*devices)], [make_row(1000)], [])
        assert len(verdict.problems) == 2

    def test_a_rep_that_is_saved_at_another_time_is_found(self) -> None:
        athlete = make_athlete(make_device("counted", "counted"))
        verdict = judge([athlete], [make_row(1000, 5000)], [])
        assert verdict.problems == [
            "ann squat: nothing saved for 2000 (phone seq 2: counted)",
            "ann squat: nothing made that is saved at 5000",
        ]

    def test_a_lost_and_a_doubled_rep_in_two_sessions_are_found_by_the_acks(self) -> None:
        rows = [make_row(1000), make_row(1000, session_id="t")]
        verdict = judge([make_athlete(make_device("counted", "counted"))], rows, [])
        assert (verdict.lost, verdict.doubled) == (0, 0)
        assert "ann phone seq 2: was number 2 of session s, saved with 1" in verdict.problems

    def test_a_lost_and_a_doubled_rep_in_one_session_are_found_by_their_times(self) -> None:
        athlete = make_athlete(make_device("counted", "counted", "counted"))
        verdict = judge([athlete], [make_row(1000, 1000, 3000)], [])
        assert (verdict.lost, verdict.doubled) == (0, 0)
        assert verdict.problems == [
            "ann squat: nothing saved for 2000 (phone seq 2: counted)",
            "ann squat: nothing made that is saved at 1000",
            "ann squat: session s has 1 reps of device 0 at the time of another",
        ]

    def test_a_session_that_is_saved_twice_is_found(self) -> None:
        rows = [make_row(1000), make_row(2000)]
        verdict = judge([make_athlete(make_device("counted", "counted"))], rows, [])
        assert "session s is saved 2 times" in verdict.problems

    def test_a_rep_that_was_refused_or_never_settled_is_found_though_it_is_saved(self) -> None:
        for answer, told in (
            ("debounced", "debounced"),
            ("invalid_message", "invalid_message"),
            (None, "never settled"),
        ):
            with self.subTest(answer):
                verdict = judge([make_athlete(make_device(answer))], [make_row(1000)], [])
                assert verdict.problems == [f"ann phone seq 1 squat at 1000: {told}"]

    def test_a_key_that_is_left_in_redis_is_named(self) -> None:
        verdict = judge([], [], ["senim:{00}:live"])
        assert (verdict.keys_left, verdict.problems) == (1, ["left in Redis: senim:{00}:live"])
