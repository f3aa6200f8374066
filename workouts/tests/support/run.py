"""A test run's own folder and ports, and a clean environment for processes."""

import fcntl
import os
import random
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# below the range from which outgoing connections take their ports, so that a server that is
# started again gets the same port
PORTS = range(12_000, 32_000)
OWN_SETTINGS = (
    "DATABASE_URL",
    "REDIS_URL",
    "SENIM_DATA",
    "SENIM_AUTH",
    "SENIM_REDIS_PREFIX",
    "SENIM_REQUIRE",
    "SENIM_TEST_FOLDER",
    "DJANGO_SETTINGS_MODULE",
)


def run_folder() -> Path:
    """Return the folder of this test run."""
    return Path(os.environ["SENIM_TEST_FOLDER"])


def fresh_folder() -> Path:
    """Return a new folder inside the run's; its path is short enough for a unix socket."""
    folder = run_folder() / uuid.uuid4().hex[:8]
    folder.mkdir(mode=0o700)  # as `start` makes one; it warns of one that others may read
    return folder


@contextmanager
def run_lock(name: str) -> Iterator[None]:
    """Keep the run's other workers out meanwhile."""
    with (run_folder() / f"{name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def free_port() -> int:
    """Return a port on which nothing listens; nobody else in this run ever gets it."""
    taken = run_folder() / "ports"
    taken.mkdir(exist_ok=True)
    while True:
        port = random.choice(PORTS)  # noqa: S311
        try:
            (taken / str(port)).touch(exist_ok=False)
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port


def clean_environment(**more: str) -> dict[str, str]:
    """Return the environment without this run's settings, plus the given ones."""
    kept = {name: value for name, value in os.environ.items() if name not in OWN_SETTINGS}
    return {**kept, "LOG_LEVEL": "WARNING", **more}
