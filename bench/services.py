"""The processes that are measured, each with its own data; they end with the benchmark."""

import contextlib
import dataclasses
import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from senim.embedded.processes import die_with_parent

PROJECT = Path(__file__).resolve().parent.parent
START_DEADLINE_S = 60.0
STOP_DEADLINE_S = 20.0
# every rep must count, however fast they come
LIFT_LIMITS = """
from workouts.models import Exercise
Exercise.objects.update(min_interval_ms=1, max_per_minute=10**9, max_per_session=10**9)
"""


@dataclass(frozen=True)
class Service:
    """A server under load; `expected` is part of each good answer to a rep."""

    name: str
    address: str
    pid: int
    redis_socket: str | None = None
    expected: str = '"counted"'


@contextlib.contextmanager
def running_peer(
    name: str, data: Path, module: str, *, redis_socket: Path | None = None, database_url: str = ""
) -> Iterator[Service]:
    """Run a module of bench/peers."""
    environment = clean_environment(data) | {
        "PEER_REDIS_SOCKET": str(redis_socket or ""),
        "PEER_DATABASE_URL": database_url,
    }
    command = [sys.executable, "-m", f"bench.peers.{module}"]
    with running(command, PROJECT, environment) as (process, address):
        yield Service(name, address, process.pid, str(redis_socket) if redis_socket else None)


@contextlib.contextmanager
def running_echo(data: Path) -> Iterator[Service]:
    """Run the bare echo server."""
    with running_peer("echo", data, "echo") as service:
        yield dataclasses.replace(service, expected="rep_detected")


@contextlib.contextmanager
def running_senim(
    name: str,
    data: Path,
    *,
    project: Path = PROJECT,
    redis_socket: Path | None = None,
    database_url: str = "",
) -> Iterator[Service]:
    """Run a project folder's service, without limits on the exercises.

    Its Valkey is the embedded one or the one at the socket; its database is SQLite, or the one at
    the address, which has its limits lifted already.
    """
    environment = clean_environment(data)
    if redis_socket is not None:
        environment["REDIS_URL"] = f"unix://{redis_socket}"
    if database_url:
        environment["DATABASE_URL"] = database_url
    command = [find_python(project), "manage.py", "start", "--port", "0", "--workers", "1"]
    with running(command, project, environment) as (process, address):
        if not database_url:
            run_manage(project, environment, "shell", "-v", "0", "-c", LIFT_LIMITS)
        yield Service(name, address, process.pid, str(redis_socket or data / "valkey.sock"))


def run_manage(project: Path, environment: dict[str, str], *arguments: str) -> None:
    """Run a manage.py command of a project folder to its end."""
    command = [find_python(project), "manage.py", *arguments]
    subprocess.run(command, cwd=project, env=environment, stdin=subprocess.DEVNULL, check=True)


def find_python(project: Path) -> str:
    """Return another checkout's own interpreter if it has one; it may need other packages."""
    own = project / ".venv" / "bin" / "python"
    return str(own) if project != PROJECT and own.exists() else sys.executable


def clean_environment(data: Path) -> dict[str, str]:
    """Return an environment with only the data folder set; blanks override a .env file."""
    blank = dict.fromkeys(
        (
            "REDIS_URL",
            "CHANNELS_REDIS_URL",
            "DATABASE_URL",
            "TRUSTED_PROXIES",
            "SENIM_REDIS_PREFIX",
        ),
        "",
    )
    return {
        **os.environ,
        **blank,
        "DJANGO_SETTINGS_MODULE": "senim.settings",  # not those of a test that runs the bench
        "SENIM_DATA": str(data),
        "SENIM_AUTH": "open",
        "LOG_LEVEL": "WARNING",
        "SENIM_MAX_MESSAGES_PER_SECOND": "1000000",
    }


@contextlib.contextmanager
def running(
    command: list[str], folder: Path, environment: dict[str, str], *, log: Path | None = None
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Run a server, and yield its process and the host:port that it announces.

    Its errors go into the log, or where this process's own go.
    """
    with log.open("ab") if log else contextlib.nullcontext() as errors:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            preexec_fn=die_with_parent(),
        )
    try:
        yield process, read_address(process)
    finally:
        process.terminate()
        try:
            process.wait(STOP_DEADLINE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def read_address(process: subprocess.Popen[bytes]) -> str:
    """Return the host:port that the server announces. Raises RuntimeError if it never does."""
    assert process.stdout is not None
    said = b""
    deadline = time.monotonic() + START_DEADLINE_S
    while (left_s := deadline - time.monotonic()) > 0 and select.select(
        [process.stdout], [], [], left_s
    )[0]:
        chunk = os.read(process.stdout.fileno(), 4096)
        if not chunk:
            break
        said += chunk
        if found := re.search(rb"answers on http://([^/\s]+)/", said):
            return found[1].decode()
    raise RuntimeError(f"{process.args} did not start; it said: {said.decode(errors='replace')!r}")
