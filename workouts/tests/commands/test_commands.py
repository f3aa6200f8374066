"""`manage.py sweep` and `manage.py runserver`, each in a process of its own."""

from pathlib import Path

import psycopg
from asgiref.sync import async_to_sync
from django.conf import settings
from django.test import SimpleTestCase

from workouts.live.clients import connect
from workouts.live.counting.batching import RepBatcher
from workouts.live.counting.packing import pack_keys
from workouts.live.store import LiveStore
from workouts.tests.support.cast import STARTED_MS, gates, new_athlete
from workouts.tests.support.processes import (
    HAS_PROC,
    finish,
    only_line,
    processes_of,
    run_manage,
    send_rep,
    wait_until,
)
from workouts.tests.support.service import Service, fresh_database, fresh_folder

LONG_AGO_MS = STARTED_MS
NEVER_MS = 32_503_680_000_000  # the year 3000: never idle


class SweepTests(SimpleTestCase):
    database: str

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.database = fresh_database()
        assert (
            run_manage(
                "migrate", SENIM_DATA=str(fresh_folder()), DATABASE_URL=cls.database
            ).returncode
            == 0
        )

    def setUp(self) -> None:
        prefix = f"test-{new_athlete()}"
        self.store = LiveStore(connect(settings.REDIS_URL), prefix)
        self.athlete = new_athlete()
        self.environment = {
            "DATABASE_URL": self.database,
            "REDIS_URL": settings.REDIS_URL,
            "SENIM_REDIS_PREFIX": prefix,
        }

    def train(self, *, at_ms: int, exercise: str = "squat") -> None:
        """Count a rep at the time."""

        @async_to_sync
        async def count() -> None:
            batcher = RepBatcher(settings.REDIS_URL, now_ms=lambda: at_ms)
            batcher.submit(
                pack_keys(self.store.keys.live(self.athlete, exercise)), gates(), lambda _: None
            )
            await batcher.close()

        count()

    def saved(self) -> list[tuple[str, int]]:
        with psycopg.connect(self.database) as connection:
            found = connection.execute(
                "SELECT exercise_type, total_reps FROM workout_sessions WHERE user_id = %s",
                [self.athlete],
            )
            return sorted(found.fetchall())

    def test_it_saves_what_was_sealed(self) -> None:
        self.train(at_ms=NEVER_MS)
        self.store.seal(self.athlete, "squat")
        done = run_manage("sweep", "--once", **self.environment)
        assert (done.returncode, done.stdout.strip()) == (0, "saved 1, left 0")
        assert self.saved() == [("squat", 1)]
        assert list(self.store.sealed_sessions()) == []
        assert run_manage("sweep", "--once", **self.environment).stdout.strip() == "saved 0, left 0"

    def test_it_finishes_what_is_idle_and_nothing_else(self) -> None:
        self.train(at_ms=LONG_AGO_MS)
        self.train(at_ms=NEVER_MS, exercise="burpee")
        done = run_manage("sweep", "--once", **self.environment)
        assert (done.returncode, done.stdout.strip()) == (0, "saved 1, left 0")
        assert self.saved() == [("squat", 1)]

    def test_it_says_what_it_had_to_leave(self) -> None:
        self.train(at_ms=NEVER_MS, exercise="unicorn_ride")
        (session_id,) = self.store.seal(self.athlete, "unicorn_ride")
        done = run_manage("sweep", "--once", **self.environment)
        assert (done.returncode, done.stdout.strip()) == (1, "saved 0, left 1")
        assert "1 sealed sessions could not be saved" in done.stderr.splitlines()[-1]
        assert [name.session_id for name in self.store.sealed_sessions()] == [session_id]

    def test_it_ends_in_one_line_without_redis(self) -> None:
        done = run_manage(
            "sweep",
            "--once",
            **{**self.environment, "REDIS_URL": f"unix://{fresh_folder()}/none.sock"},
        )
        assert (done.returncode, done.stdout) == (1, "")
        assert "the sweep was interrupted" in only_line(done.stderr)

    def test_it_ends_in_one_line_without_its_tables(self) -> None:
        self.train(at_ms=NEVER_MS)
        self.store.seal(self.athlete, "squat")
        done = run_manage(
            "sweep", "--once", **{**self.environment, "DATABASE_URL": fresh_database()}
        )
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("CommandError: the sweep was interrupted")
        assert "Traceback" not in done.stderr
        assert len(list(self.store.sealed_sessions())) == 1

    def test_it_goes_on_until_sigterm(self) -> None:
        service = Service(
            "manage.py",
            "sweep",
            ready="swept",
            LOG_LEVEL="INFO",
            SENIM_SWEEP_SECONDS="1",
            **self.environment,
        )
        self.train(at_ms=LONG_AGO_MS)
        service.start()
        self.addCleanup(service.kill)
        assert self.saved() == [("squat", 1)]
        self.train(at_ms=LONG_AGO_MS, exercise="burpee")
        wait_until(lambda: self.saved() == [("burpee", 1), ("squat", 1)])
        assert service.stop() == 0
        assert "Traceback" not in service.output()

    def test_it_goes_on_while_redis_is_away(self) -> None:
        away = {**self.environment, "REDIS_URL": f"unix://{fresh_folder()}/none.sock"}
        service = Service(
            "manage.py", "sweep", ready="sweep_cut_short", SENIM_SWEEP_SECONDS="1", **away
        ).start()
        self.addCleanup(service.kill)
        wait_until(lambda: service.output().count("sweep_cut_short") >= 2)
        assert service.stop() == 0


class RunserverTests(SimpleTestCase):
    folder: Path
    service: Service

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.folder = fresh_folder()
        assert run_manage("migrate", SENIM_DATA=str(cls.folder)).returncode == 0
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
            wait_until(lambda: not processes_of(cls.folder), deadline_s=20)

    def test_it_serves_by_daphne(self) -> None:
        answer = self.service.ask("GET", "/")
        assert (answer.status, answer.headers["server"]) == (200, "daphne")
        assert answer.body["redis"] == "ok"

    def test_it_takes_a_rep_to_a_row(self) -> None:
        athlete = new_athlete()
        assert send_rep(self.service, athlete)["count"] == 1
        assert finish(self.service, athlete)["total_reps"] == 1

    def test_its_valkey_serves_a_sweep_too(self) -> None:
        done = run_manage("sweep", "--once", SENIM_DATA=str(self.folder))
        assert (done.returncode, done.stdout.strip()) == (0, "saved 0, left 0"), done.stderr
        assert self.service.ask("GET", "/").body["redis"] == "ok"
