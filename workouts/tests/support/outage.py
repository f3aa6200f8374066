"""A real service with its own Redis and PostgreSQL, which can go away and come back."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import SimpleTestCase

from senim.embedded.postgres import EmbeddedPostgres
from senim.embedded.valkey import EmbeddedValkey
from workouts.tests.support.databases import copy_postgres
from workouts.tests.support.run import fresh_folder
from workouts.tests.support.service import Service

SWEEP_NEVER = "3600"


@contextlib.contextmanager
def frozen(part: EmbeddedValkey | EmbeddedPostgres) -> Iterator[None]:
    """Freeze a part: it accepts connections and answers nothing."""
    assert part.process is not None
    pids = [part.process.pid, *children_of(part.process.pid)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def children_of(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, IndexError, ValueError):
            if int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(entry.name))
    return found


@pytest.mark.slow
class OutageCase(SimpleTestCase):
    """The sweeper never runs; the connection pool is the default one."""

    redis: EmbeddedValkey
    database: EmbeddedPostgres
    database_url: str
    service: Service

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        folder = fresh_folder()
        cls.redis = EmbeddedValkey(folder / "valkey", folder / "valkey.sock")
        cls.database = copy_postgres(fresh_folder())  # another user has to reach it
        for part in (cls.redis, cls.database):
            part.start()
            cls.addClassCleanup(part.stop)
        cls.database_url = cls.database.url_of("senim")
        cls.service = Service(
            REDIS_URL=f"unix://{cls.redis.socket}",
            DATABASE_URL=cls.database_url,
            DATABASE_POOL_SIZE="16",
            SENIM_SWEEP_SECONDS=SWEEP_NEVER,
            SENIM_DATA=str(folder / "data"),
        ).start()
        cls.addClassCleanup(cls.service.stop)

    def bring_back(self, part: EmbeddedValkey | EmbeddedPostgres) -> None:
        """Start a part again unless it is running."""
        if part.process is None:
            part.start()

    def take_away(self, part: EmbeddedValkey | EmbeddedPostgres) -> None:
        """Stop a part until the test brings it back, or ends."""
        part.stop()
        self.addCleanup(self.bring_back, part)
