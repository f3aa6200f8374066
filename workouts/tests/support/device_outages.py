"""Devices of a service whose Redis and PostgreSQL can hang, die and forget."""

import contextlib
import signal
import time
from collections.abc import Iterator

import psycopg
import redis
from asgiref.sync import sync_to_async

from senim.embedded.postgres import EmbeddedPostgres
from senim.embedded.valkey import EmbeddedValkey
from workouts.tests.support.cast import new_athlete
from workouts.tests.support.outage import OutageCase
from workouts.tests.support.phones import (
    Frame,
    Phone,
    PhoneShop,
)
from workouts.tests.support.processes import wait_until


class DeviceOutageCase(PhoneShop, OutageCase):
    def setUp(self) -> None:
        self.user_id = new_athlete()
        # the parts are back, and the pool of connections has noticed
        wait_until(self.is_healthy)

    def is_healthy(self) -> bool:
        return self.service.ask("GET", "/").status == 200

    async def bring_back_async(self, part: EmbeddedValkey | EmbeddedPostgres) -> None:
        # in the main thread: a server ends with the thread that started it, as the test's does
        await sync_to_async(self.bring_back)(part)

    def redis_client(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(self.redis.socket), protocol=2)

    def forget_all(self) -> None:
        with self.redis_client() as client:
            client.flushall()

    def dump(self) -> dict[bytes, bytes]:
        with self.redis_client() as client:
            return {key: client.dump(key) for key in client.keys("*")}

    def restore(self, state: dict[bytes, bytes]) -> None:
        """Reset Redis to this state, as a failover to a lagging replica does."""
        with self.redis_client() as client:
            client.flushall()
            for key, value in state.items():
                client.restore(key, 0, value)

    @contextlib.contextmanager
    def redis_stopped(self) -> Iterator[None]:
        """Have Redis accept commands and answer nothing."""
        assert self.redis.process is not None
        self.redis.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.redis.process.send_signal(signal.SIGCONT)

    async def ask_within(self, phone: Phone, frames: list[Frame], seconds: float) -> list[Frame]:
        began = time.monotonic()
        answers = await phone.ask_all(frames)
        took = time.monotonic() - began
        assert took < seconds, took
        return answers

    def rows(self) -> list[tuple[int, dict[str, int]]]:
        """Return the athlete's sessions as saved, in order: reps, and last seq by device."""
        query = (
            "SELECT total_reps, device_seqs FROM workout_sessions WHERE user_id = %s ORDER BY id"
        )
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(query, [self.user_id]).fetchall()
