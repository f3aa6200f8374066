"""Django shells with a service's settings, for tests that look at or change its database."""

import atexit
import json
import subprocess
import sys

from django.conf import settings

from senim.embedded.processes import die_with_parent
from workouts.tests.support.service import Service

READ_AND_RUN = """
import contextlib, io, json, sys, traceback
from django.db import connections
for line in sys.stdin:
    printed, error = io.StringIO(), ""
    try:
        with contextlib.redirect_stdout(printed):
            exec(json.loads(line), {})
    except Exception:
        error = traceback.format_exc()
    connections.close_all()
    print(json.dumps([printed.getvalue().strip(), error]), flush=True)
"""


class Shell:
    """A Django shell with a service's settings that stays open: each new one takes seconds."""

    def __init__(self, service: Service) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "shell", "-v", "0", "-c", READ_AND_RUN],
            cwd=settings.BASE_DIR,
            env=service.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=die_with_parent(),
        )

    def run(self, code: str) -> str:
        """Run Python code, and return what it prints."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(code) + "\n")
        self.process.stdin.flush()
        printed, error = json.loads(self.process.stdout.readline())
        assert not error, error
        return str(printed)

    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def close(self) -> None:
        self.process.communicate()  # it ends with its input


class LastShell:
    """The shell of the service that was asked last."""

    service: Service | None = None
    shell: Shell | None = None

    def of(self, service: Service) -> Shell:
        # a shell ends with the thread that opened it
        if self.shell is None or self.service is not service or self.shell.has_ended():
            self.close()
            self.service, self.shell = service, Shell(service)
        return self.shell

    def close(self) -> None:
        if self.shell is not None:
            self.shell.close()
            self.shell = None


last_shell = LastShell()
atexit.register(last_shell.close)


def run_shell(service: Service, code: str) -> str:
    """Run Python code with the service's settings, and return what it prints."""
    return last_shell.of(service).run(code)
