"""`manage.py runserver`: the development server."""

from pathlib import Path

import pytest
from django.test import SimpleTestCase

from workouts.tests.support.cast import new_athlete
from workouts.tests.support.processes import (
    HAS_PROC,
    finish,
    processes_of,
    run_manage,
    send_rep,
    wait_until,
)
from workouts.tests.support.service import Service, fresh_folder


@pytest.mark.slow
class RunserverTests(SimpleTestCase):
    folder: Path
    service: Service

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.folder = fresh_folder()
        cls.service = Service(
            "manage.py",
            "runserver",
            "--noreload",
            "{port}",
            ready="Listening on TCP",
            LOG_LEVEL="INFO",
            SENIM_DATA=str(cls.folder),
        )
        cls.service.start()
        cls.addClassCleanup(cls.check_end)

    @classmethod
    def check_end(cls) -> None:
        assert cls.service.stop() == 0
        assert "Traceback" not in cls.service.output()
        if HAS_PROC:
            wait_until(lambda: not processes_of(cls.folder))

    def test_it_serves_by_daphne(self) -> None:
        answer = self.service.ask("GET", "/")
        assert (answer.status, answer.headers["server"]) == (200, "daphne")
        assert answer.body["redis"] == "ok"

    def test_it_takes_a_rep_to_a_row(self) -> None:
        athlete = new_athlete()
        assert send_rep(self.service, athlete)["count"] == 1
        assert finish(self.service, athlete)["total_reps"] == 1

    def test_a_sweep_shares_its_valkey(self) -> None:
        done = run_manage("sweep", "--once", SENIM_DATA=str(self.folder))
        assert (done.returncode, done.stdout.strip()) == (0, "saved 0, left 0"), done.stderr
        assert self.service.ask("GET", "/").body["redis"] == "ok"
