"""The real service in a process of its own, for the tests that walk from socket to row."""

import json
import os
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings

from senim.embedded.postgres import PostgresServer
from senim.embedded.processes import die_with_parent

READY = "Senim answers on"
START_DEADLINE_S = 60.0
OWN_SETTINGS = (
    "DATABASE_URL",
    "REDIS_URL",
    "SENIM_DATA",
    "SENIM_AUTH",
    "SENIM_REDIS_PREFIX",
    "SENIM_TEST_FOLDER",
    "DJANGO_SETTINGS_MODULE",
)


def run_folder() -> Path:
    """Return the folder of this test run."""
    return Path(os.environ["SENIM_TEST_FOLDER"])


def fresh_folder() -> Path:
    """Return a new folder inside the run's own; its path is short enough for a unix socket."""
    folder = run_folder() / uuid.uuid4().hex[:8]
    folder.mkdir()
    return folder


def fresh_database() -> str:
    """Return the address of an empty database on the run's PostgreSQL."""
    server = PostgresServer(run_folder() / "postgres")
    return server.create_database(f"senim_{uuid.uuid4().hex[:8]}")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def clean_environment(**more: str) -> dict[str, str]:
    """Return the environment without this run's settings, plus the given ones."""
    kept = {name: value for name, value in os.environ.items() if name not in OWN_SETTINGS}
    return {**kept, "LOG_LEVEL": "WARNING", **more}


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: Any


class Service:
    """`manage.py start`, or another command that serves, on a free port."""

    def __init__(self, *command: str, ready: str = READY, **environment: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.command = [
            part.format(port=self.port)
            for part in command or ("manage.py", "start", "--port", "{port}")
        ]
        self.ready = ready
        self.environment = clean_environment(**environment)
        self.lines: list[str] = []
        self.process: subprocess.Popen[str] | None = None
        self._ready = threading.Event()

    def start(self, *, wait: bool = True) -> "Service":
        self.process = subprocess.Popen(
            [sys.executable, *self.command],
            cwd=settings.BASE_DIR,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=die_with_parent(),
        )
        threading.Thread(target=self._read, daemon=True).start()
        if wait and not self._ready.wait(START_DEADLINE_S):
            raise TimeoutError(f"did not start: {self.output()}")
        if wait and self.process.poll() is not None:
            raise RuntimeError(f"ended at once: {self.output()}")
        return self

    def output(self) -> str:
        return "\n".join(self.lines)

    def stop(self) -> int:
        """Send SIGTERM, and return the exit status."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(20)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(20)

    def socket_url(self, user_id: str) -> str:
        return f"ws://127.0.0.1:{self.port}/ws/workout?user_id={user_id}"

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Send a request, its body as JSON unless it is bytes, and return the answer, whatever its status."""
        data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(
            self.url + path,
            data=data,
            method=method,
            headers={"Content-Type": "application/json", **headers},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return read_answer(response)
        except urllib.error.HTTPError as error:
            with error:
                return read_answer(error)

    def _read(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        with self.process.stdout as output:
            for line in output:
                self.lines.append(line.rstrip())
                if self.ready in line:
                    self._ready.set()
        self._ready.set()


def read_answer(response: Any) -> Answer:
    text = response.read()
    headers = {name.lower(): value for name, value in response.headers.items()}
    is_json = "json" in headers.get("content-type", "")
    return Answer(
        response.status if hasattr(response, "status") else response.code,
        headers,
        json.loads(text) if is_json else text.decode(),
    )
