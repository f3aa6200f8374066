"""A service of its own for each attack, with the limits that it has by default."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from bench.nginx import running_nginx
from bench.services import PROJECT, START_DEADLINE_S, clean_environment, running

HEALTH_S = 5.0
# as many as a busy gym has in a few days, each as long as the longest sets
SEED_LONG_SESSIONS = """
import uuid
from datetime import timedelta
from django.utils import timezone
from workouts.models import Athlete, WorkoutSession
now, times = timezone.now(), [number * 2000 for number in range(2000)]
Athlete.objects.create(user_id="long")
WorkoutSession.objects.bulk_create(
    WorkoutSession(
        session_id=uuid.uuid4(), athlete_id="long", exercise_id="squat", total_reps=len(times),
        started_at=now - timedelta(hours=2), finished_at=now, timeline_ms=times,
    )
    for _ in range(500)
)
"""


@dataclass(frozen=True)
class Stage:
    """A running service: its address through nginx, if there is one, and its process."""

    url: str
    pid: int
    log: Path

    def is_healthy(self) -> bool:
        """Return whether GET / answers 200 in a few seconds."""
        try:
            with urlopen(self.url, timeout=HEALTH_S) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False


@contextlib.contextmanager
def running_stage(
    folder: Path, *, workers: int, with_nginx: bool, with_long_sessions: bool = False
) -> Iterator[Stage]:
    """Run the service with its data in the folder, and nginx in front of it if asked for."""
    log = folder / "service.log"
    environment = {
        **clean_environment(folder / "data"),
        "SENIM_MAX_MESSAGES_PER_SECOND": "",
        "TRUSTED_PROXIES": "127.0.0.1",
    }
    manage = [sys.executable, "manage.py"]
    command = [*manage, "start", "--port", "0", "--workers", str(workers)]
    with contextlib.ExitStack() as stack:
        process, address = stack.enter_context(running(command, PROJECT, environment, log=log))
        if with_long_sessions:
            shell = [*manage, "shell", "-v", "0", "-c", SEED_LONG_SESSIONS]
            subprocess.run(shell, cwd=PROJECT, env=environment, check=True)
        if with_nginx:
            address = stack.enter_context(running_nginx(folder / "nginx", address))
        stage = Stage(f"http://{address}", process.pid, log)
        wait_for_health(stage)
        yield stage


def wait_for_health(stage: Stage) -> None:
    """Wait until the service answers: several workers announce themselves before they do."""
    deadline = time.monotonic() + START_DEADLINE_S
    while not stage.is_healthy():
        if time.monotonic() > deadline:
            raise TimeoutError(f"GET {stage.url} never answered 200; see {stage.log}")
        time.sleep(0.1)
