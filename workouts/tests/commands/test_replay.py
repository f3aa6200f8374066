"""`manage.py replay` where nothing answers."""

from pathlib import Path

import pytest
from django.test import SimpleTestCase

from workouts.tests.support.processes import only_line, run_manage
from workouts.tests.support.run import free_port, fresh_folder


@pytest.mark.slow
class NoServiceTests(SimpleTestCase):
    sets: Path

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.sets = fresh_folder() / "sets.jsonl"
        cls.sets.write_text('{"exercise": "squat", "rep_end_ms": [0, 1000]}\n')

    def test_it_says_in_one_line_that_no_service_answers(self) -> None:
        port = free_port()
        for options in ([], ["--plain"], ["--as", "metronome"]):
            done = run_manage(
                "replay", str(self.sets), "--url", f"http://127.0.0.1:{port}/", *options
            )
            assert (done.returncode, done.stdout) == (1, ""), done
            assert only_line(done.stderr) == (
                f"CommandError: No service answers at ws://127.0.0.1:{port}. Start it with "
                "`python manage.py start`, or name another with --url."
            )
