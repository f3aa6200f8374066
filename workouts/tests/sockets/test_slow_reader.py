"""A client that does not read its answers."""

import asyncio
from socket import SO_RCVBUF, SOL_SOCKET
from socket import socket as new_socket

import pytest
import websockets
from django.test import SimpleTestCase

from workouts.tests.support.cast import new_athlete
from workouts.tests.support.phones import Phone, PhoneShop
from workouts.tests.support.service import Service, fresh_folder

REP = '{"event": "rep_detected", "type": "squat"}'
LONG_REP = REP[:-1] + ', "x": "' + "x" * (4096 - len(REP) - 9) + '"}'
LONG_UNKNOWN = LONG_REP.replace("squat", "swing")
ANSWER_S = 60.0
QUICK_S = 5.0


class Pump:
    """A client that sends as fast as the server lets it."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self.socket = socket
        self.sent = 0

    def unsent_bytes(self) -> int:
        return int(self.socket.transport.get_write_buffer_size())

    async def work(self) -> None:
        while True:
            # long frames and long answers fill the buffers of both systems soon
            frame = LONG_REP if self.sent % 2 else LONG_UNKNOWN
            self.sent += 1
            await self.socket.send(frame)
            await asyncio.sleep(0)  # sending alone yields to nobody


@pytest.mark.slow
class SlowReaderTests(PhoneShop, SimpleTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        # the slow reader is to be stopped by its replies, not by the rate limit
        cls.service = Service(
            SENIM_DATA=str(fresh_folder()), SENIM_MAX_MESSAGES_PER_SECOND="1000000"
        ).start()
        cls.addClassCleanup(cls.service.stop)

    async def test_a_slow_reader_is_no_longer_read_and_holds_up_nobody(self) -> None:
        slow = Pump(await self.connect_with_small_buffer())
        slow.socket.transport.pause_reading()
        pumping = asyncio.create_task(slow.work())
        quick = Phone(await self.open_socket(new_athlete()))
        is_blocked = False
        async with asyncio.timeout(ANSWER_S):
            while not is_blocked:
                before = slow.sent, slow.unsent_bytes()
                for _ in range(50):
                    answer = await asyncio.wait_for(quick.ask(REP), QUICK_S)
                    assert answer["status"] in ("counted", "debounced")
                # meanwhile the server took nothing from the slow one, which had more to send
                after = slow.sent, slow.unsent_bytes()
                is_blocked = before == after and slow.unsent_bytes() > 0
        # once it reads, it gets the answers to everything it sent
        pumping.cancel()
        slow.socket.transport.resume_reading()
        reader = Phone(slow.socket)
        events = [(await reader.hear())["event"] for _ in range(slow.sent)]
        assert events == [("error", "rep_ack")[number % 2] for number in range(slow.sent)]
        for phone in (quick, reader):
            await phone.close()

    async def connect_with_small_buffer(self) -> websockets.ClientConnection:
        """Return a client whose system takes little that it has not read."""
        raw = new_socket()
        raw.setsockopt(SOL_SOCKET, SO_RCVBUF, 4096)
        raw.setblocking(False)
        await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", self.service.port))
        return await self.open_socket(new_athlete(), sock=raw, ping_interval=None)
