"""The real service in a process of its own, for tests that go from a socket to a row.

shared_service() is one for all tests that neither kill it nor need settings of their own, each with
athletes of its own. A class that does makes a Service: it starts on a migrated database, a copy of
the run's template. Where the migrations themselves are tested, `is_migrated=False` leaves it empty.
"""

import atexit
import functools
import json
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings

from senim.embedded.processes import die_with_parent
from workouts.tests.support.databases import (
    copy_sqlite,
    fresh_database,
    migrated_database,
)
from workouts.tests.support.run import clean_environment, free_port, fresh_folder, run_folder

__all__ = [
    "Answer",
    "Service",
    "clean_environment",
    "free_port",
    "fresh_database",
    "fresh_folder",
    "migrated_database",
    "run_folder",
    "shared_service",
]
READY = "Senim answers on"
START_DEADLINE_S = 60.0
STOP_DEADLINE_S = 60.0
ANSWER_DEADLINE_S = 60.0


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: Any


class Service:
    """`manage.py start`, or another command that serves, on a free port.

    Without DATABASE_URL it uses SQLite in SENIM_DATA, and starts on a migrated one.
    """

    def __init__(
        self, *command: str, ready: str = READY, is_migrated: bool = True, **environment: str
    ) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.command = [
            part.format(port=self.port)
            for part in command or ("manage.py", "start", "--port", "{port}")
        ]
        self.ready = ready
        self.is_migrated = is_migrated
        self.environment = clean_environment(**environment)
        self.lines: list[str] = []
        self.process: subprocess.Popen[str] | None = None
        self._ready = threading.Event()

    def start(self, *, wait: bool = True) -> "Service":
        if self.is_migrated and "DATABASE_URL" not in self.environment:
            self._prepare_data()
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
        if wait and not any(self.ready in line for line in self.lines):
            raise RuntimeError(f"ended at once: {self.output()}")
        return self

    def output(self) -> str:
        return "\n".join(self.lines)

    def stop(self) -> int:
        """Send SIGTERM, and return the exit status."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(STOP_DEADLINE_S)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(STOP_DEADLINE_S)

    def socket_url(self, user_id: str) -> str:
        return f"ws://127.0.0.1:{self.port}/ws/workout?user_id={user_id}"

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Send a request, with a JSON body unless it is bytes, and return any answer."""
        data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(
            self.url + path,
            data=data,
            method=method,
            headers={"Content-Type": "application/json", **headers},
        )
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_DEADLINE_S) as response:
                return read_answer(response)
        except urllib.error.HTTPError as error:
            with error:
                return read_answer(error)

    def _prepare_data(self) -> None:
        data = Path(self.environment["SENIM_DATA"])
        if data.is_dir() and not any(data.iterdir()):
            copy_sqlite(data)

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


@functools.cache
def shared_service(**environment: str) -> Service:
    """Return the service that all tests of this process share, on the run's PostgreSQL and Redis.

    There is one for each environment that is asked for. It is stopped at exit. The sweeper leaves
    live sessions alone.
    """
    # an async test has a thread of its own, and a process ends with the thread that started it
    assert threading.current_thread() is threading.main_thread(), "start it in setUpClass"
    service = Service(
        SENIM_DATA=str(fresh_folder()),
        DATABASE_URL=migrated_database(),
        REDIS_URL=settings.REDIS_URL,
        SENIM_REDIS_PREFIX=f"test-{uuid.uuid4().hex[:8]}",
        **environment,
    ).start()
    atexit.register(service.stop)
    return service
