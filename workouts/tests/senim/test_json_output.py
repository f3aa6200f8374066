"""With LOG_FORMAT=json, the service prints nothing but JSON, an object per line."""

import json
import socket
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.test import SimpleTestCase

from workouts.tests.support.cast import new_athlete
from workouts.tests.support.processes import finish, run_manage, run_python, send_rep, wait_until
from workouts.tests.support.service import Service, fresh_folder

JSON = {"LOG_FORMAT": "json", "LOG_LEVEL": "INFO", "PYTHONWARNINGS": "default"}
# what goes wrong in a process of the service, each in its own way
TROUBLE = """
import sys, threading, warnings
from senim.json_output import print_only_json
print_only_json()
print("two\\nlines")
sys.stderr.write("no end")
sys.stderr.flush()
import django
django.setup(set_prefix=False)
warnings.warn("odd")
class Leaves:
    def __del__(self):
        raise ValueError("unraisable")
Leaves()
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
raise LookupError("uncaught")
"""


def parse_lines(text: str) -> list[dict[str, Any]]:
    """Return the events. Raises JSONDecodeError for a line that is not JSON."""
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.slow
class ServiceTests(SimpleTestCase):
    def start(self, *options: str) -> Service:
        service = Service(
            *("manage.py", "start", "--port", "{port}", *options),
            is_migrated=False,
            SENIM_DATA=str(fresh_folder()),
            SENIM_COLOR="red",
            **JSON,
        ).start()
        self.addCleanup(service.kill)
        return service

    def drive(self, service: Service) -> None:
        """Have the service do its work, refuse nonsense, fail with a 500, and stop."""
        athlete = new_athlete()
        send_rep(service, athlete)
        finish(service, athlete)
        for path in ("/admin/login/", "/static/admin/css/base.css", "/nothing", "/admin/x/"):
            service.ask("GET", path)
        service.ask("POST", "/workout/finish", b"{")
        with socket.create_connection(("127.0.0.1", service.port)) as peer:
            peer.sendall(b"nonsense\r\n\r\n")
            peer.recv(1000)
        database = Path(service.environment["SENIM_DATA"]) / "senim.sqlite3"
        with closing(sqlite3.connect(database)) as connection, connection:
            connection.execute("UPDATE workout_sessions SET session_id = 'x'")
        assert service.ask("GET", "/workout/sessions/").status == 500
        wait_until(lambda: "badly formed hexadecimal UUID string" in service.output())
        assert service.stop() == 0

    def test_all_that_start_prints_is_json(self) -> None:
        for workers in ("1", "2"):
            service = self.start("--workers", workers)
            self.drive(service)
            events = parse_lines(service.output())
            assert all({"event", "level", "timestamp"} <= event.keys() for event in events)
            said = "\n".join(event["event"] for event in events)
            assert f"Senim answers on {service.url}/" in said
            assert "The first coach: name coach" in said
            assert "variable_ignored" in said
            (error,) = [event for event in events if "exception" in event]
            assert error["exception"].startswith("Traceback")

    def test_all_that_sweep_prints_is_json(self) -> None:
        folder = fresh_folder()
        sweep = Service("manage.py", "sweep", ready="{", SENIM_DATA=str(folder), **JSON)
        sweep.start(wait=False)
        self.addCleanup(sweep.kill)
        wait_until((folder / "valkey.sock").exists)
        database = folder / "senim.sqlite3"
        with closing(sqlite3.connect(database)) as connection, connection:
            connection.execute("ALTER TABLE workout_sessions RENAME TO gone")
        once = run_manage("sweep", "--once", SENIM_DATA=str(folder), **JSON)
        assert sweep.stop() == 0
        parse_lines(sweep.output())
        assert parse_lines(once.stdout + once.stderr)

    def test_refusals_to_start_are_json(self) -> None:
        for arguments, more, reason in (
            (["--port", "x"], {}, "invalid int value: 'x'"),
            (["--workers", "0"], {}, "--workers is 0"),
            ([], {"SENIM_WORKERS": "x"}, "SENIM_WORKERS is 'x'"),
            ([], {"SENIM_WORKER": "2"}, "did you mean SENIM_WORKERS?"),
        ):
            folder = str(fresh_folder())
            done = run_manage("start", *arguments, SENIM_DATA=folder, **JSON, **more)
            assert done.returncode
            assert reason in parse_lines(done.stdout + done.stderr)[-1]["event"]


class TroubleTests(SimpleTestCase):
    def test_warnings_and_errors_that_nobody_caught_are_json(self) -> None:
        done = run_python(
            "-c",
            TROUBLE,
            DJANGO_SETTINGS_MODULE="senim.settings",
            SENIM_DATA=str(fresh_folder()),
            **JSON,
        )
        assert [event["event"] for event in parse_lines(done.stdout)] == ["two", "lines"]
        no_end, odd, *errors = parse_lines(done.stderr)
        assert no_end["event"] == "no end"
        assert "UserWarning: odd" in odd["event"]
        assert [(event["event"], event["exception"].splitlines()[-1]) for event in errors] == [
            ("error_ignored", "ValueError: unraisable"),
            ("error_uncaught", "ZeroDivisionError: division by zero"),
            ("error_uncaught", "LookupError: uncaught"),
        ]
