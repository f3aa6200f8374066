"""The processes that are measured, each with its own data; they end with the benchmark."""

import contextlib
import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import redis

from senim.embedded.processes import die_with_parent
from senim.embedded.valkey import EmbeddedValkey

PROJECT = Path(__file__).resolve().parent.parent
START_DEADLINE_S = 60.0
STOP_DEADLINE_S = 20.0
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
# every rep must count, however fast they come
LIFT_LIMITS = """
from workouts.models import Exercise
Exercise.objects.update(min_interval_ms=1, max_per_minute=10**9, max_per_session=10**9)
"""


@dataclass(frozen=True)
class Service:
    """A server under load; `expected` is part of each good answer."""

    name: str
    address: str
    expected: bytes
    pid: int
    redis_pid: int | None = None


def read_cpu_s(pid: int | None) -> float:
    """Return a process's CPU seconds so far, user and system (proc_pid_stat(5)); 0 for None."""
    if pid is None:
        return 0.0
    # the fields after the name, which ends with the last bracket; utime and stime are 14 and 15
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


@contextlib.contextmanager
def running_echo(data: Path) -> Iterator[Service]:
    """Run the bare echo server."""
    with running([sys.executable, "-m", "bench.echo"], PROJECT, clean_environment(data)) as (
        process,
        address,
    ):
        yield Service("echo", address, b"rep_detected", process.pid)


@contextlib.contextmanager
def running_senim(
    name: str, data: Path, *, project: Path = PROJECT, redis_socket: Path | None = None
) -> Iterator[Service]:
    """Run a project folder's service, on its embedded Valkey or the one at the socket."""
    environment = clean_environment(data)
    if redis_socket is not None:
        environment["REDIS_URL"] = f"unix://{redis_socket}"
    manage = [sys.executable, "manage.py"]
    with running([*manage, "start", "--port", "0", "--workers", "1"], project, environment) as (
        process,
        address,
    ):
        subprocess.run(
            [*manage, "shell", "-v", "0", "-c", LIFT_LIMITS],
            cwd=project,
            env=environment,
            check=True,
        )
        redis_pid = ask_redis_pid(redis_socket or data / "valkey.sock")
        yield Service(name, address, b'"counted"', process.pid, redis_pid)


@contextlib.contextmanager
def running_senim_without_file(name: str, data: Path) -> Iterator[Service]:
    """Run the service on a Valkey that writes nothing to disk."""
    data.mkdir(parents=True)
    valkey = EmbeddedValkey(data / "valkey", data / "memory.sock", ["--appendonly", "no"])
    valkey.start()
    try:
        with running_senim(name, data, redis_socket=valkey.socket) as service:
            yield service
    finally:
        valkey.stop()


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


def ask_redis_pid(socket: Path) -> int:
    with redis.Redis(unix_socket_path=str(socket), protocol=2) as client:
        return int(client.info("server")["process_id"])


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
