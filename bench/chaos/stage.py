"""The servers and apps of a run, with their data in its folder."""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg

from bench.chaos.parts import DATABASE, PROJECT, App, Manage, Part, Postgres, Redis
from senim.embedded.processes import die_with_parent

SWEEP_SECONDS, IDLE_MINUTES = "1", "1"
EXERCISES = "SELECT slug, min_interval_ms, typical_ms_low FROM workouts_exercise WHERE active"


class Exercise(NamedTuple):
    """An exercise: the minimum interval between counted reps, and the fastest typical tempo."""

    slug: str
    min_interval_ms: int
    typical_ms_low: int


class Stage:
    """Everything that can be killed: Redis, PostgreSQL, two apps, and a separate sweeper."""

    def __init__(self, folder: Path) -> None:
        self.redis, self.postgres = Redis(folder), Postgres(folder)
        self.environment = {
            **os.environ,
            **dict.fromkeys(
                ("CHANNELS_REDIS_URL", "TRUSTED_PROXIES", "SENIM_REDIS_PREFIX", "DEBUG"), ""
            ),
            "DJANGO_SETTINGS_MODULE": "senim.settings",
            "REDIS_URL": self.redis.url,
            "DATABASE_URL": self.postgres.url,
            "DATABASE_POOL_SIZE": "8",
            "SENIM_DATA": str(folder / "data"),
            "SENIM_AUTH": "open",
            "SENIM_SWEEP_SECONDS": SWEEP_SECONDS,
            "SENIM_IDLE_MINUTES": IDLE_MINUTES,
            "SECRET_KEY": secrets.token_urlsafe(48),
            "LOG_LEVEL": "INFO",
        }
        self.apps = [
            App(name, self.environment, folder / f"{name}.log") for name in ("app", "app2")
        ]
        self.sweeper = Manage("sweeper", ["sweep"], self.environment, folder / "sweeper.log")
        self.parts: dict[str, Part] = {
            "redis": self.redis,
            "postgres": self.postgres,
            "app": self.apps[0],
            "app2": self.apps[1],
            "sweeper": self.sweeper,
        }

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run all parts inside the context."""
        try:
            self.redis.begin()
            self.postgres.begin()
            self.postgres.server.create_database(DATABASE)
            for app in self.apps:
                app.begin()
            for app in self.apps:
                app.wait()
            self.sweeper.begin()
            yield
        finally:
            for part in reversed(self.parts.values()):
                part.stop()

    def exercises(self) -> list[Exercise]:
        """Return the exercises that are active."""
        with psycopg.connect(self.postgres.url) as connection:
            return [Exercise(*row) for row in connection.execute(EXERCISES)]

    def sweep_once(self) -> str:
        """Sweep in a separate process, and return its last line."""
        command = [sys.executable, "manage.py", "sweep", "--once"]
        done = subprocess.run(
            command,
            cwd=PROJECT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            preexec_fn=die_with_parent(),
        )
        return (done.stdout + done.stderr).strip().splitlines()[-1]
