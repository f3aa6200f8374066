"""The processes that are killed: each is started again on the same data and at the same address."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import psycopg

from senim.embedded.postgres import PostgresServer
from senim.embedded.processes import die_with_parent
from senim.embedded.valkey import ValkeyServer

PROJECT = Path(__file__).resolve().parents[2]
START_DEADLINE_S = 60.0
DATABASE = "senim"
# killed in the middle of a rewrite of its file as well
REWRITE_OFTEN = ["--auto-aof-rewrite-min-size", "64kb", "--auto-aof-rewrite-percentage", "20"]


class Part(Protocol):
    """What is killed with -9 and started again; `begin` does not wait until it answers, `wait` does."""

    def begin(self) -> None: ...
    def wait(self) -> None: ...
    def kill(self) -> None: ...
    def stop(self) -> None: ...


class Manage:
    """A command of manage.py that runs until it is ended; what it says is kept in a file."""

    def __init__(
        self, name: str, arguments: list[str], environment: dict[str, str], log: Path
    ) -> None:
        self.name = name
        self.arguments = arguments
        self.environment = environment
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        with self.log.open("ab") as output:
            output.write(f"--- {self.name} starts at {time.strftime('%H:%M:%S')}\n".encode())
            output.flush()
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", *self.arguments],
                cwd=PROJECT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                preexec_fn=die_with_parent(),
            )

    def wait(self) -> None:
        """Nobody waits for what has no address."""

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
            self.process = None


class App(Manage):
    """`manage.py start` on a port of its own."""

    def __init__(self, name: str, environment: dict[str, str], log: Path) -> None:
        self.port = free_port()
        super().__init__(name, ["start", "--port", str(self.port)], environment, log)

    def wait(self) -> None:
        wait_until(self.answers, f"{self.name} does not answer, see {self.log}")

    def answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


class Redis:
    """Valkey, every write on disk before its answer."""

    def __init__(self, folder: Path) -> None:
        self.server = ValkeyServer(folder / "valkey", folder / "valkey.sock", REWRITE_OFTEN)

    @property
    def url(self) -> str:
        return f"unix://{self.server.socket}"

    def begin(self) -> None:
        self.server.start()

    def wait(self) -> None:
        """Its start has waited."""

    def kill(self) -> None:
        if self.server.process is not None:
            self.server.process.kill()
            self.server.process.wait()
            self.server.process = None

    def stop(self) -> None:
        self.server.stop()


class Postgres:
    """PostgreSQL with all its backends: those that outlive their postmaster would keep the next one from its data."""

    def __init__(self, folder: Path) -> None:
        self.server = PostgresServer(folder / "postgres")

    @property
    def url(self) -> str:
        return self.server.url_of(DATABASE)

    def begin(self) -> None:
        wait_until(self._start, f"PostgreSQL does not start, see {self.server.directory}")

    def wait(self) -> None:
        """Its start has waited."""

    def kill(self) -> None:
        process = self.server.process
        if process is None:
            return
        process.send_signal(
            signal.SIGSTOP
        )  # it must not start another child between the look and the kill
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        for pid in [process.pid, *map(int, children)]:
            os.kill(pid, signal.SIGKILL)
        process.wait()
        self.server.process = None
        wait_until(
            lambda: not any(Path(f"/proc/{pid}").exists() for pid in children),
            "a backend does not end",
        )

    def stop(self) -> None:
        self.server.stop()

    def _start(self) -> bool:
        try:
            self.server.start()
        except psycopg.OperationalError:
            self.kill()
            return False
        return True


def wait_until(condition: Callable[[], bool], complaint: str) -> None:
    """Ask until the condition holds. Raises TimeoutError with the complaint after a minute."""
    deadline = time.monotonic() + START_DEADLINE_S
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(complaint)
        time.sleep(0.05)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
