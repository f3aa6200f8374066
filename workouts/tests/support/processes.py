"""Run commands to their end, find the processes of a service, and wait."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import websockets.sync.client
from django.conf import settings

from senim.embedded.processes import die_with_parent
from workouts.tests.support.service import Service, clean_environment

DEADLINE_S = 60.0
HAS_PROC = Path("/proc/self/environ").exists()
REP = '{"event": "rep_detected", "type": "squat"}'


def run_manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `manage.py` with the arguments to its end."""
    return run_python("manage.py", *arguments, **environment)


def run_python(
    *arguments: str, unset: tuple[str, ...] = (), **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run Python in the project, without the variables in `unset`."""
    kept = {
        name: value for name, value in clean_environment(**environment).items() if name not in unset
    }
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=settings.BASE_DIR,
        env=kept,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
        preexec_fn=die_with_parent(),
    )


def running(service: Service) -> subprocess.Popen[str]:
    """Return the process of a started service."""
    assert service.process is not None
    return service.process


def only_line(text: str) -> str:
    """Return the text, which must be a single line."""
    lines = text.strip().splitlines()
    assert len(lines) == 1, text
    return lines[0]


def wait_until(condition: Callable[[], object], *, deadline_s: float = DEADLINE_S) -> None:
    """Ask until the condition holds."""
    deadline = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < deadline, f"not true within {deadline_s:.0f} s"
        time.sleep(0.02)


def processes_of(data: Path) -> set[int]:
    """Return the processes that run with this SENIM_DATA, its Valkey among them.

    Valkey overwrites its environment with its title, and is found by its working directory.
    """
    return {
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and (is_service(entry, data) or is_valkey(entry, data))
    }


def is_service(entry: Path, data: Path) -> bool:
    try:
        return f"SENIM_DATA={data}".encode() in (entry / "environ").read_bytes().split(b"\0")
    except OSError:
        return False


def is_valkey(entry: Path, data: Path) -> bool:
    try:
        return (entry / "cwd").readlink() == data / "valkey"
    except OSError:
        return False


def find_valkey_process(data: Path) -> int:
    """Return the process ID of a service's embedded Valkey."""
    (pid,) = (pid for pid in processes_of(data) if is_valkey(Path(f"/proc/{pid}"), data))
    return pid


def process_group(data: Path, leader: int) -> list[int]:
    """Return the processes with this data folder that Ctrl-C in a terminal would signal."""
    return [pid for pid in processes_of(data) if os.getpgid(pid) == os.getpgid(leader)]


def send_rep(service: Service, athlete: str) -> dict[str, Any]:
    """Send one rep over a new socket, and return the answer."""
    with websockets.sync.client.connect(
        service.socket_url(athlete), open_timeout=DEADLINE_S
    ) as socket:
        socket.send(REP)
        answer: dict[str, Any] = json.loads(socket.recv(DEADLINE_S))
        return answer


def finish(service: Service, athlete: str) -> dict[str, Any]:
    """Finish the athlete's squats, and return the saved session as the API shows it."""
    answer = service.ask("POST", "/workout/finish", {"user_id": athlete})
    assert answer.status == 200, answer
    session: dict[str, Any] = service.ask("GET", answer.headers["location"]).body
    return session
