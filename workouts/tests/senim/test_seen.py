"""What operators see of a running service: metrics of all workers, log lines, request IDs."""

import asyncio
import json
import os
import re
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import redis
import websockets
from django.test import SimpleTestCase

from workouts.tests.support.cast import new_athlete
from workouts.tests.support.outage import SWEEP_NEVER
from workouts.tests.support.phones import PhoneShop, make_rep, make_set
from workouts.tests.support.processes import HAS_PROC, finish, running, wait_until
from workouts.tests.support.service import Service, fresh_folder

REP = '{"event": "rep_detected", "type": "squat"}'
SOCKETS = 12
PAUSE_MS = 700
EMPTY_CLOSE_FRAME = b"\x88\x80\0\0\0\0"  # masked, as a client's have to be
SAMPLE = re.compile(r"^(senim_\w+)(\{.*\})? (\S+)$", re.MULTILINE)
Lines = list[dict[str, Any]]


def read_metrics(service: Service) -> dict[str, float]:
    """Return each series' value by name and labels."""
    answer = service.ask("GET", "/metrics")
    assert answer.status == 200, answer
    return {name + labels: float(value) for name, labels, value in SAMPLE.findall(answer.body)}


def find_lines(service: Service, event: str, **fields: Any) -> Lines:
    """Return the JSON log lines of an event with these fields."""
    lines = [json.loads(line) for line in service.lines if line.startswith("{")]
    return [line for line in lines if line["event"] == event and fields.items() <= line.items()]


def wait_for_line(service: Service, event: str, **fields: Any) -> dict[str, Any]:
    wait_until(lambda: find_lines(service, event, **fields))
    (line,) = find_lines(service, event, **fields)
    return line


class SeenCase(PhoneShop, SimpleTestCase):
    workers = "1"
    environment: dict[str, str] = {}

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.service = Service(
            "manage.py",
            "start",
            "--port",
            "{port}",
            "--workers",
            cls.workers,
            SENIM_DATA=str(fresh_folder()),
            SENIM_SWEEP_SECONDS=SWEEP_NEVER,
            LOG_LEVEL="INFO",
            LOG_FORMAT="json",
            **cls.environment,
        ).start()
        cls.addClassCleanup(cls.service.stop)


@pytest.mark.slow
class OneWorkerTests(SeenCase):
    environment = {"TRUSTED_PROXIES": "127.0.0.1"}

    def test_behind_a_trusted_proxy_the_metrics_are_for_allowed_clients_alone(self) -> None:
        allowed = ("127.0.0.1", "127.0.0.1:5678", "[::1]", "[::1]:80")
        refused = ("203.0.113.7", "203.0.113.7:80", "[2001:db8::7]:80", "127.0.0.1:x", "nobody")
        for client in (*allowed, *refused):
            status = 200 if client in allowed else 403
            answer = self.service.ask("GET", "/metrics", X_Forwarded_For=client)
            assert answer.status == status, client
        assert self.service.ask("GET", "/metrics", X_Real_IP="127.0.0.1").status == 403

    async def test_a_sockets_end_is_one_line_with_the_athlete_the_device_and_why(self) -> None:
        athlete = new_athlete()
        phone = await self.take_device(athlete, "watch")
        await phone.ask_all([*make_set([1, 2]), make_rep(2)])
        await phone.close()
        line = await asyncio.to_thread(
            wait_for_line, self.service, "socket_closed", user_id=athlete
        )
        assert (line["kind"], line["device"], line["code"]) == ("senim_v1", "watch", 1000)
        assert line["reps"] == {"counted": 2, "duplicate": 1}
        assert line["seconds"] > 0

    async def test_reps_that_get_their_verdict_after_the_end_are_in_the_line(self) -> None:
        athlete = new_athlete()
        valkey = redis.Redis(
            unix_socket_path=f"{self.service.environment['SENIM_DATA']}/valkey.sock"
        )
        for subprotocols in (None, ["senim.v1"]):
            async with self.open_socket(athlete, subprotocols=subprotocols) as socket:
                await socket.send(REP)
                await socket.recv()
                valkey.execute_command("CLIENT", "PAUSE", str(PAUSE_MS), "ALL")
                await socket.send('{"event": "rep_detected", "type": "burpee"}')
                await vanish(socket)
        await asyncio.to_thread(
            wait_until, lambda: len(find_lines(self.service, "socket_closed", user_id=athlete)) == 2
        )
        lines = find_lines(self.service, "socket_closed", user_id=athlete)
        assert [sum(line["reps"].values()) for line in lines] == [2, 2]

    async def test_a_connection_that_broke_is_no_close_frame_without_a_code(self) -> None:
        for break_off, code in ((vanish, 1006), (close_without_code, 1005)):
            athlete = new_athlete()
            async with self.open_socket(athlete) as socket:
                await socket.send(REP)
                await socket.recv()
                await break_off(socket)
                line = await asyncio.to_thread(
                    wait_for_line, self.service, "socket_closed", user_id=athlete
                )
            assert line["code"] == code
            assert line["reps"] == {"counted": 1}
            metrics = await asyncio.to_thread(read_metrics, self.service)
            assert metrics[f'senim_sockets_closed_total{{code="{code}",kind="plain"}}'] == 1

    async def test_a_refused_socket_says_why_in_the_log(self) -> None:
        headers = {"X-Request-ID": "refused"}
        async with self.open_socket("a/b", additional_headers=headers) as socket:
            await socket.wait_closed()
        line = await asyncio.to_thread(
            wait_for_line, self.service, "socket_closed", request_id="refused"
        )
        assert line["code"] == 1008
        assert "user_id takes" in line["reason"]

    async def test_a_flood_is_counted_and_logged_once_a_second(self) -> None:
        async with self.open_socket(new_athlete()) as socket:
            for _ in range(30):
                await socket.send("{}")
            await socket.wait_closed()
        line = await asyncio.to_thread(
            wait_for_line, self.service, "limit_refused", kind="socket_policy"
        )
        assert "errors in a row" in line["reason"]
        metrics = await asyncio.to_thread(read_metrics, self.service)
        assert metrics['senim_refused_total{limit="socket_policy"}'] == 1

    async def test_a_sockets_request_id_goes_to_the_log_and_the_row(self) -> None:
        athlete = new_athlete()
        async with self.open_socket(
            athlete, subprotocols=["senim.v1"], additional_headers={"X-Request-ID": "gym.7"}
        ) as socket:
            assert socket.response.headers["X-Request-ID"] == "gym.7"
            await socket.recv()
            await socket.send(REP)
            await socket.recv()
            await socket.send('{"event": "finish", "type": "squat"}')
            while json.loads(await socket.recv())["event"] != "finished":
                pass
        line = await asyncio.to_thread(
            wait_for_line, self.service, "workout_finished", user_id=athlete
        )
        assert (line["request_id"], line["source"], line["reps"]) == ("gym.7", "socket", 1)
        assert self.read_saved_id(athlete) == "gym.7"

    async def test_an_http_requests_id_goes_to_the_answer_the_log_and_the_row(self) -> None:
        athlete = new_athlete()
        async with self.open_socket(athlete) as socket:
            await socket.send(REP)
            await socket.recv()
        answer = await asyncio.to_thread(
            self.service.ask, "POST", "/workout/finish", {"user_id": athlete}, X_Request_ID="r-1"
        )
        assert answer.headers["x-request-id"] == "r-1"
        line = await asyncio.to_thread(
            wait_for_line, self.service, "workout_finished", user_id=athlete
        )
        assert (line["request_id"], line["source"], line["result"]) == ("r-1", "http", "saved")
        assert line["workout_id"] == answer.body["workout_id"]
        assert self.read_saved_id(athlete) == "r-1"
        session = await asyncio.to_thread(self.service.ask, "GET", answer.headers["location"])
        assert "request_id" not in session.body

    def test_each_request_without_an_id_gets_one_of_its_own(self) -> None:
        ids = {self.service.ask("GET", "/").headers["x-request-id"] for _ in range(3)}
        assert len(ids) == 3

    def read_saved_id(self, athlete: str) -> str:
        path = Path(self.service.environment["SENIM_DATA"], "senim.sqlite3")
        with closing(sqlite3.connect(path)) as database:
            ((request_id,),) = database.execute(
                "SELECT request_id FROM workout_sessions WHERE user_id = ?", [athlete]
            )
        return str(request_id)


@pytest.mark.slow
class TwoWorkersTests(SeenCase):
    workers = "2"

    def test_an_untrusted_proxy_gets_no_metrics_whatever_it_forwards(self) -> None:
        assert self.service.ask("GET", "/metrics").status == 200
        for client in ("203.0.113.7", "127.0.0.1", "127.0.0.1:0"):
            answer = self.service.ask("GET", "/metrics", X_Forwarded_For=client)
            assert answer.status == 403, client

    async def test_any_worker_answers_for_all(self) -> None:
        before = await asyncio.to_thread(read_metrics, self.service)
        athletes = [new_athlete() for _ in range(SOCKETS)]
        sockets = [await self.open_socket(athlete) for athlete in athletes]
        for socket in sockets:
            await socket.send(REP)
            await socket.recv()
        counted = 'senim_reps_total{verdict="counted"}'
        await asyncio.to_thread(  # metrics come after the answers
            wait_until,
            lambda: read_metrics(self.service)[counted] - before[counted] == SOCKETS,
        )
        for _ in range(10):  # each time, whichever worker takes the connection
            metrics = await asyncio.to_thread(read_metrics, self.service)
            assert metrics[counted] - before[counted] == SOCKETS
            assert metrics['senim_sockets_open{kind="plain"}'] == SOCKETS
            assert metrics["senim_last_sweep_timestamp_seconds"] > 0
        for socket in sockets:
            await socket.close()
        await asyncio.to_thread(finish, self.service, athletes[0])
        await asyncio.to_thread(
            wait_until,
            lambda: read_metrics(self.service)['senim_sockets_open{kind="plain"}'] == 0,
        )
        metrics = await asyncio.to_thread(read_metrics, self.service)
        assert metrics['senim_sockets_closed_total{code="1000",kind="plain"}'] == SOCKETS
        assert metrics['senim_finishes_total{result="saved"}'] == 1

    @pytest.mark.skipif(not HAS_PROC, reason="finds the workers in /proc")
    async def test_a_killed_workers_sockets_are_open_no_more_and_its_reps_stay_counted(
        self,
    ) -> None:
        sockets = [await self.open_socket(new_athlete()) for _ in range(SOCKETS)]
        for socket in sockets:
            await socket.send(REP)
            await socket.recv()
        before = await asyncio.to_thread(read_metrics, self.service)
        for worker in find_workers(running(self.service).pid):
            os.kill(worker, signal.SIGKILL)
        for socket in sockets:
            await socket.wait_closed()
        await asyncio.to_thread(wait_until, lambda: self.sockets_open() == 0)
        after = await asyncio.to_thread(read_metrics, self.service)
        counted = 'senim_reps_total{verdict="counted"}'
        assert after[counted] == before[counted] >= SOCKETS

    def sockets_open(self) -> float | None:
        try:
            return read_metrics(self.service)['senim_sockets_open{kind="plain"}']
        except OSError:  # no worker has come back yet
            return None


@pytest.mark.slow
class FolderTests(SimpleTestCase):
    def test_its_folder_of_figures_is_gone_with_it(self) -> None:
        temporary = fresh_folder()
        service = Service(SENIM_DATA=str(fresh_folder()), TMPDIR=str(temporary)).start()
        assert [path.name[:14] for path in temporary.iterdir()] == ["senim-metrics-"]
        assert service.stop() == 0
        assert [*temporary.iterdir()] == []


async def vanish(socket: websockets.ClientConnection) -> None:
    socket.transport.abort()


async def close_without_code(socket: websockets.ClientConnection) -> None:
    socket.transport.write(EMPTY_CLOSE_FRAME)


def find_workers(parent: int) -> list[int]:
    """Return the children of `start` that serve."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [
        int(child)
        for child in children
        if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]
