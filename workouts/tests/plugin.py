"""Starts the servers of a test run, once, and stops them at its end."""

import atexit
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import timezone, translation

from workouts.tests.support.servers import PostgresServer, ValkeyServer

FOLDER = Path(os.environ["SENIM_TEST_FOLDER"])
IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ
running: list[PostgresServer | ValkeyServer] = []


def pytest_configure(config: pytest.Config) -> None:
    if IS_WORKER or config.option.collectonly:
        return
    if not os.environ.get("TEST_REDIS_URL"):
        running.append(ValkeyServer(FOLDER / "valkey", FOLDER / "valkey.sock"))
    if not os.environ.get("TEST_DATABASE_URL"):
        running.append(PostgresServer(FOLDER / "postgres"))
    for server in running:
        server.start()


@pytest.fixture(autouse=True)
def forget_viewer() -> Iterator[None]:
    """Leave the next test neither the language nor the time zone of whoever asked for a page last."""
    yield
    translation.deactivate()
    timezone.deactivate()


def stop_servers() -> None:
    for server in running:
        server.stop()
    shutil.rmtree(FOLDER, ignore_errors=True)


if not IS_WORKER:
    atexit.register(stop_servers)
