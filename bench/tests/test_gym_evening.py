"""A short evening of bench/gym_evening.py, and how it finds what a gym must never see."""

import argparse
import re
import subprocess
import sys
from collections import Counter

import pytest
from django.conf import settings
from django.test import SimpleTestCase

from bench.gym_evening import Evening, find_problems
from senim.embedded.processes import die_with_parent

ATHLETES = 60
RUN = f"-m bench.gym_evening --athletes {ATHLETES} --minutes 20 --speed 60".split()


@pytest.mark.slow
class GymEveningTests(SimpleTestCase):
    @pytest.mark.timeout(300)
    def test_a_gym_behind_one_address_meets_no_limit_and_everything_is_saved(self) -> None:
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
        assert f"athletes {ATHLETES}" in done.stdout
        # they lost their connections, but for any that a slow machine had not connected yet
        lost = re.search(r"(\d+) no close frame", done.stdout)
        assert lost, done.stdout
        assert int(lost[1]) > ATHLETES // 2


class ProblemTests(SimpleTestCase):
    def setUp(self) -> None:
        options = argparse.Namespace(minutes=1, speed=1.0)
        self.evening = Evening(1, {}, options, made=Counter(ann=2))

    def test_reps_that_counted_and_were_saved_are_no_problem(self) -> None:
        self.evening.verdicts.update(counted=1, settled=1)
        assert find_problems(self.evening, {"ann": 2}) == []

    def test_a_rejected_rep_is_one(self) -> None:
        self.evening.verdicts.update(counted=2, rejected=1)
        assert find_problems(self.evening, {"ann": 2}) == ["reps that were rejected: 1"]

    def test_a_rep_that_was_not_saved_is_one(self) -> None:
        assert find_problems(self.evening, {"ann": 1}) == ["ann: 2 reps made, 1 saved"]

    def test_a_refused_socket_or_request_is_one_and_a_lost_connection_is_not(self) -> None:
        self.evening.note_reconnect("server rejected WebSocket connection: HTTP 503")
        self.evening.note_reconnect("received 1013 (try again later); then sent 1013")
        self.evening.note_reconnect("no close frame received or sent")
        self.evening.note_answer("POST /workout/finish", 429)
        self.evening.note_answer("POST /workout/finish", 200)
        problems = find_problems(self.evening, {"ann": 2})
        assert [problem.split(": ")[1:3] for problem in problems] == [
            ["socket", "503"],
            ["socket", "1013"],
            ["POST /workout/finish", "429"],
        ]
