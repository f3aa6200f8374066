"""The ends of `manage.py start`: SIGTERM, Ctrl-C, and SIGKILL."""

import asyncio
import json
import os
import signal
import socket
from collections.abc import Callable

import pytest
import websockets
from django.test import SimpleTestCase

from workouts.tests.support.cast import new_athlete
from workouts.tests.support.processes import (
    DEADLINE_S,
    HAS_PROC,
    REP,
    find_valkey_process,
    finish,
    process_group,
    processes_of,
    running,
    send_rep,
    wait_until,
)
from workouts.tests.support.service import Service, fresh_folder

TWO_WORKERS = ("manage.py", "start", "--port", "{port}", "--workers", "2")
needs_proc = pytest.mark.skipif(
    not HAS_PROC, reason="only Linux lists processes in /proc, and ends them with their parent"
)


def listens(service: Service) -> bool:
    try:
        socket.create_connection(("127.0.0.1", service.port), timeout=5).close()
    except OSError:
        return False
    return True


@pytest.mark.slow
@needs_proc
class StopTests(SimpleTestCase):
    def start(self, *command: str) -> None:
        self.folder = fresh_folder()
        self.service = Service(*command, SENIM_DATA=str(self.folder)).start()
        self.addCleanup(self.service.kill)

    def connect(self, athlete: str) -> websockets.connect:
        return websockets.connect(self.service.socket_url(athlete), open_timeout=DEADLINE_S)

    def terminate(self) -> None:
        running(self.service).terminate()

    def interrupt(self) -> None:
        """Send SIGINT to the process group, as a terminal does on Ctrl-C."""
        group = process_group(self.folder, running(self.service).pid)
        # the service needs Valkey for its last answers
        assert find_valkey_process(self.folder) not in group
        for pid in group:
            os.kill(pid, signal.SIGINT)

    async def check_stop(self, stop: Callable[[], None]) -> None:
        """Stop the service, and check what its sockets and its terminal see."""
        async with (
            self.connect(new_athlete()) as idle,
            self.connect("busy") as busy,
        ):
            await busy.send(REP)
            await busy.recv()
            stop()
            await self.check_end(idle, busy)

    async def check_answer_in_flight(self, stop: Callable[[], None]) -> None:
        """Stop the service while it waits for an answer from Redis."""
        valkey = find_valkey_process(self.folder)
        async with self.connect(new_athlete()) as client:
            await client.send(REP)
            await client.recv()
            os.kill(valkey, signal.SIGSTOP)
            await client.send('{"event": "rep_detected", "type": "burpee"}')
            await (await client.ping())  # its pong says that the rep before it was read
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
        wait_until(lambda: not processes_of(self.folder))
        assert "Traceback" not in self.service.output()

    async def test_it_finishes_its_answers_on_sigterm(self) -> None:
        self.start()
        await self.check_answer_in_flight(self.terminate)

    async def test_it_finishes_its_answers_on_ctrl_c(self) -> None:
        self.start()
        await self.check_answer_in_flight(self.interrupt)

    async def test_its_workers_stop_on_sigterm(self) -> None:
        self.start(*TWO_WORKERS)
        await self.check_stop(self.terminate)

    async def test_its_workers_stop_on_ctrl_c(self) -> None:
        self.start(*TWO_WORKERS)
        await self.check_stop(self.interrupt)


@pytest.mark.slow
@needs_proc
class KillTests(SimpleTestCase):
    def check_kill(self, *command: str) -> None:
        """Kill the service, start it again at once, and check that nothing is left or lost."""
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
        assert "The first coach" not in second.output()
        wait_until(lambda: not started & processes_of(folder))

    def test_it_leaves_nothing_behind_and_loses_nothing(self) -> None:
        self.check_kill()

    def test_its_workers_leave_nothing_behind_and_lose_nothing(self) -> None:
        self.check_kill(*TWO_WORKERS)
