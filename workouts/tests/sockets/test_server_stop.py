"""The server's stop: what sockets wait for ends, and nobody holds it up."""

import asyncio
import time
from contextlib import suppress
from socket import SO_RCVBUF, SOL_SOCKET
from socket import socket as new_socket
from unittest.mock import patch

import pytest
import websockets
from django.test import SimpleTestCase

from workouts.sockets import server_stop
from workouts.sockets.senim_v1 import REQUESTS_AT_ONCE, REQUESTS_PER_S
from workouts.sockets.server_stop import GRACE_S, ServerStop
from workouts.tests.support.cast import new_athlete
from workouts.tests.support.phones import PhoneShop, column
from workouts.tests.support.service import Service, fresh_folder

LONG_S = 60.0
STATUS = {"event": "status"}
BEYOND = 12  # requests over those that are answered at once; they would take as many seconds
STOP_WITHIN_S = GRACE_S + 3.0
REP = '{"event": "rep_detected", "type": "squat"}'
UNKNOWN = REP.replace("squat", "x" * 40)  # its answer is long


class ServerStopTests(SimpleTestCase):
    async def test_it_ends_a_pause(self) -> None:
        stop = ServerStop()
        pausing = asyncio.create_task(stop.pause(LONG_S))
        await asyncio.sleep(0)
        assert not pausing.done()
        stop.begin()
        await asyncio.wait_for(pausing, 1)
        await asyncio.wait_for(stop.pause(LONG_S), 1)

    async def test_without_a_stop_a_pause_takes_its_time(self) -> None:
        began = time.monotonic()
        await ServerStop().pause(0.05)
        assert time.monotonic() - began >= 0.05

    async def test_all_waits_share_what_is_left_once_it_begins(self) -> None:
        stop, outcomes = ServerStop(), []

        async def wait() -> None:
            try:
                async with stop.bounding():
                    await asyncio.sleep(LONG_S)
            except TimeoutError:
                outcomes.append("given up")

        with patch.object(server_stop, "GRACE_S", 0.05):
            before = asyncio.create_task(wait())
            await asyncio.sleep(0)
            stop.begin()
            stop.begin()
            async with asyncio.timeout(LONG_S / 2):
                await before
                for _ in range(20):  # each of them after the grace
                    await wait()
        assert outcomes == ["given up"] * 21

    async def test_what_is_done_by_then_is_done(self) -> None:
        stop = ServerStop()
        stop.begin()
        async with stop.bounding():
            await asyncio.sleep(0)


@pytest.mark.slow
class StoppedServiceTests(PhoneShop, SimpleTestCase):
    def setUp(self) -> None:
        self.service = Service(
            SENIM_DATA=str(fresh_folder()), SENIM_MAX_MESSAGES_PER_SECOND="1000000"
        ).start()
        self.addCleanup(self.service.kill)

    async def stop(self) -> float:
        """Stop the service, and return how long it took (s)."""
        began = time.monotonic()
        assert await asyncio.to_thread(self.service.stop) == 0
        assert "Traceback" not in self.service.output()
        return time.monotonic() - began

    async def test_requests_that_wait_for_their_turn_are_answered_at_once(self) -> None:
        assert BEYOND / REQUESTS_PER_S > STOP_WITHIN_S
        phone = await self.take_phone(new_athlete())
        await phone.send(*[STATUS] * (REQUESTS_AT_ONCE + BEYOND))
        for _ in range(REQUESTS_AT_ONCE):
            await phone.hear_answer()
        await (await phone.socket.ping())  # its pong says that all were read
        stopping = asyncio.create_task(self.stop())
        answers = []
        with suppress(websockets.ConnectionClosed):
            while True:
                answers.append(await phone.hear_answer())
        assert phone.socket.close_code == 1012
        assert [*column(answers, "event")] == ["sessions"] * BEYOND
        assert await stopping < STOP_WITHIN_S

    async def test_a_client_that_does_not_read_does_not_hold_it_up(self) -> None:
        raw = new_socket()
        raw.setsockopt(SOL_SOCKET, SO_RCVBUF, 4096)
        raw.setblocking(False)
        await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", self.service.port))
        slow = await self.open_socket(new_athlete(), sock=raw, ping_interval=None)
        slow.transport.pause_reading()
        with suppress(TimeoutError):
            while True:  # until the server takes no more
                await asyncio.wait_for(slow.send(UNKNOWN), 2)
                await asyncio.wait_for(slow.send(REP), 2)
        assert await self.stop() < STOP_WITHIN_S
        slow.transport.abort()
