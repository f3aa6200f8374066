"""The processes that are killed and restarted, on the same data and at the same address."""

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

from senim.embedded.postgres import EmbeddedPostgres
from senim.embedded.processes import die_with_parent
from senim.embedded.valkey import EmbeddedValkey

PROJECT = Path(__file__).resolve().parents[2]
START_DEADLINE_S = 60.0
DATABASE = "senim"
# so that kills also hit Redis while it rewrites its file
REWRITE_OFTEN = ["--auto-aof-rewrite-min-size", "64kb", "--auto-aof-rewrite-percentage", "20"]


class Part(Protocol):
    """What is killed with -9 and restarted; `begin` starts it, `wait` waits until it answers."""

    def begin(self) -> None: ...
    def wait(self) -> None: ...
    def kill(self) -> None: ...
    def stop(self) -> None: ...


class Manage:
    """A manage.py command that runs until it is ended, with its output in a file."""

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
        """A command without an address is not waited for."""

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
    """`manage.py start` on its own port."""

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
    """Valkey, with each write on disk before it answers."""

    def __init__(self, folder: Path) -> None:
        self.server = EmbeddedValkey(folder / "valkey", folder / "valkey.sock", REWRITE_OFTEN)

    @property
    def url(self) -> str:
        return f"unix://{self.server.socket}"

    def begin(self) -> None:
        self.server.start()

    def wait(self) -> None:
        """The start has waited already."""

    def kill(self) -> None:
        if self.server.process is not None:
            self.server.process.kill()
            self.server.process.wait()
            self.server.process = None

    def stop(self) -> None:
        self.server.stop()


class Postgres:
    """PostgreSQL and its backends; one that outlived its postmaster would lock the data folder."""

    def __init__(self, folder: Path) -> None:
        self.server = EmbeddedPostgres(folder / "postgres")

    @property
    def url(self) -> str:
        return self.server.url_of(DATABASE)

    def begin(self) -> None:
        wait_until(self._start, f"PostgreSQL does not start, see {self.server.directory}")

    def wait(self) -> None:
        """The start has waited already."""

    def kill(self) -> None:
        process = self.server.process
        if process is None:
            return
        # frozen, it cannot start another child before the kill
        process.send_signal(signal.SIGSTOP)
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
    """Ask until the condition holds. Raises TimeoutError after a minute, with the complaint."""
    deadline = time.monotonic() + START_DEADLINE_S
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(complaint)
        time.sleep(0.05)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
