"""`manage.py sweep`, in a process of its own."""

import psycopg
import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.test import SimpleTestCase

from workouts.live.clients import connect_to_redis
from workouts.live.counting.batching import RepBatcher
from workouts.live.counting.packing import pack_rep_keys
from workouts.live.store import LiveStore
from workouts.tests.support.cast import STARTED_MS, gates, new_athlete
from workouts.tests.support.processes import (
    only_line,
    run_manage,
    wait_until,
)
from workouts.tests.support.service import Service, fresh_database, fresh_folder, migrated_database

LONG_AGO_MS = STARTED_MS
NEVER_IDLE_MS = 32_503_680_000_000  # the year 3000


@pytest.mark.slow
class SweepTests(SimpleTestCase):
    database: str

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.database = migrated_database()

    def setUp(self) -> None:
        prefix = f"test-{new_athlete()}"
        self.store = LiveStore(connect_to_redis(settings.REDIS_URL), prefix)
        self.athlete = new_athlete()
        self.environment = {
            "DATABASE_URL": self.database,
            "REDIS_URL": settings.REDIS_URL,
            "SENIM_REDIS_PREFIX": prefix,
        }

    def train(self, *, at_ms: int, exercise: str = "squat") -> None:
        """Count a rep at this time."""

        @async_to_sync
        async def count() -> None:
            batcher = RepBatcher(settings.REDIS_URL, now_ms=lambda: at_ms)
            keys = pack_rep_keys(self.store.keys.live(self.athlete, exercise))
            batcher.open_source(keys.tag).submit(keys, gates(), lambda _: None)
            await batcher.close()

        count()

    def saved(self) -> list[tuple[str, int]]:
        with psycopg.connect(self.database) as connection:
            found = connection.execute(
                "SELECT exercise_type, total_reps FROM workout_sessions WHERE user_id = %s",
                [self.athlete],
            )
            return sorted(found.fetchall())

    def test_it_saves_sealed_and_idle_sessions_and_nothing_else(self) -> None:
        self.train(at_ms=NEVER_IDLE_MS)
        self.store.seal(self.athlete, "squat")
        self.train(at_ms=LONG_AGO_MS, exercise="lunge")
        self.train(at_ms=NEVER_IDLE_MS, exercise="burpee")
        done = run_manage("sweep", "--once", **self.environment)
        assert (done.returncode, done.stdout.strip()) == (0, "saved 2, left 0")
        assert self.saved() == [("lunge", 1), ("squat", 1)]
        assert list(self.store.sealed_sessions()) == []

    def test_it_keeps_a_session_that_cannot_be_saved_and_fails(self) -> None:
        self.train(at_ms=NEVER_IDLE_MS, exercise="unicorn_ride")
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
        self.train(at_ms=NEVER_IDLE_MS)
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
            ready="sweep_finished",
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

    def test_it_goes_on_while_redis_is_unavailable(self) -> None:
        away = {**self.environment, "REDIS_URL": f"unix://{fresh_folder()}/none.sock"}
        service = Service(
            "manage.py", "sweep", ready="sweep_interrupted", SENIM_SWEEP_SECONDS="1", **away
        ).start()
        self.addCleanup(service.kill)
        wait_until(lambda: service.output().count("sweep_interrupted") >= 2)
        assert service.stop() == 0
