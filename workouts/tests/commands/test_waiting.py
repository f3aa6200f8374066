"""`manage.py start` while Redis or the database is not there yet."""

from pathlib import Path

import pytest
import redis
from django.core.management.base import CommandError
from django.test import SimpleTestCase

from senim.embedded.valkey import EmbeddedValkey
from senim.startup import wait_for_part_at_startup
from workouts.tests.support.cast import new_athlete
from workouts.tests.support.processes import HAS_PROC, processes_of, send_rep, wait_until
from workouts.tests.support.service import Service, fresh_database, fresh_folder, run_folder


@pytest.mark.slow
class WaitTests(SimpleTestCase):
    def test_it_starts_once_redis_and_the_database_are_there(self) -> None:
        folder, late = fresh_folder(), fresh_folder() / "late"
        valkey = EmbeddedValkey(folder / "valkey", folder / "late.sock")
        postgres = str(run_folder() / "postgres")
        url = fresh_database()
        assert url.endswith(f"?host={postgres}")
        service = Service(
            SENIM_DATA=str(folder),
            REDIS_URL=f"unix://{folder}/late.sock",
            DATABASE_URL=url.replace(postgres, str(late)),
            DATABASE_POOL_SIZE="4",
        )
        service.start(wait=False)
        self.addCleanup(service.kill)
        wait_until(lambda: "part_unavailable" in service.output())
        assert all("REDIS_URL" in line for line in service.lines)
        valkey.start()
        self.addCleanup(valkey.stop)
        wait_until(lambda: "DATABASE_URL" in service.output())
        assert "No such file" in service.lines[-1]
        late.symlink_to(postgres)  # its socket is there from now on
        wait_until(lambda: service.ready in service.output())
        assert send_rep(service, new_athlete())["count"] == 1
        assert service.stop() == 0

    def test_it_gives_up_in_one_line(self) -> None:
        nowhere = redis.Redis.from_url(f"unix://{fresh_folder()}/none.sock")
        with pytest.raises(
            CommandError, match=r"gave up waiting for Redis.*No such file"
        ) as caught:
            wait_for_part_at_startup("Redis (REDIS_URL)", nowhere.ping, deadline_s=0.1)
        assert "\n" not in str(caught.value)

    def test_it_stops_while_it_waits_for_redis(self) -> None:
        folder = fresh_folder()
        self.check_stop(folder, REDIS_URL=f"unix://{folder}/none.sock")

    def test_it_stops_while_it_waits_for_the_database(self) -> None:
        folder = fresh_folder()
        self.check_stop(folder, DATABASE_URL=f"postgresql://postgres@/postgres?host={folder}")

    def check_stop(self, folder: Path, **address: str) -> None:
        service = Service(SENIM_DATA=str(folder), **address).start(wait=False)
        self.addCleanup(service.kill)
        wait_until(lambda: "part_unavailable" in service.output())
        assert service.stop() == 0
        assert "Traceback" not in service.output()
        if HAS_PROC:
            wait_until(lambda: not processes_of(folder))
