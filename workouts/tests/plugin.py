"""Starts the servers for a test run once, and stops them at its end."""

import atexit
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import TransactionTestCase
from django.utils import timezone, translation

from senim.embedded.postgres import EmbeddedPostgres
from senim.embedded.valkey import EmbeddedValkey

FOLDER = Path(os.environ["SENIM_TEST_FOLDER"])
IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ
running: list[EmbeddedPostgres | EmbeddedValkey] = []


def pytest_configure(config: pytest.Config) -> None:
    if IS_WORKER or config.option.collectonly:
        return
    if not os.environ.get("TEST_REDIS_URL"):
        running.append(EmbeddedValkey(FOLDER / "valkey", FOLDER / "valkey.sock"))
    if not os.environ.get("TEST_DATABASE_URL"):
        running.append(EmbeddedPostgres(FOLDER / "postgres", wheel=FOLDER / "wheel"))
    for server in running:
        server.start()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run slow classes first, so that no worker of `-n` is left alone with one at the end.

    Tests with a database keep the order that pytest-django gave them.
    """
    items.sort(key=lambda item: not is_slow(item) or uses_database(item))


def is_slow(item: pytest.Item) -> bool:
    return item.get_closest_marker("slow") is not None


def uses_database(item: pytest.Item) -> bool:
    case = getattr(item, "cls", None)
    return isinstance(case, type) and issubclass(case, TransactionTestCase)


@pytest.fixture(autouse=True)
def forget_viewer() -> Iterator[None]:
    """Reset the language and the time zone that a page's request has set."""
    yield
    translation.deactivate()
    timezone.deactivate()


def stop_servers() -> None:
    for server in running:
        server.stop()
    shutil.rmtree(FOLDER, ignore_errors=True)


if not IS_WORKER:
    atexit.register(stop_servers)
