"""A device that is cut off and an athlete who is switched off are out, on every process."""

import asyncio
import time
from contextlib import suppress

import pytest
import websockets
from django.test import SimpleTestCase

from workouts.tests.support.cast import new_athlete
from workouts.tests.support.phones import Phone, make_set
from workouts.tests.support.service import Service, free_port
from workouts.tests.support.token_services import (
    change_device,
    join_device,
    knock,
    let_in,
    read_last_seen,
    revoke_device,
    shared_token_service,
    switch_off_athlete,
)

ANSWER_S = 60.0


@pytest.mark.slow
class RevocationTests(SimpleTestCase):
    """Two processes with one database and one Redis."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.first = shared_token_service()
        port = free_port()
        cls.second = Service("manage.py", "start", "--port", str(port))
        cls.second.port, cls.second.url = port, f"http://127.0.0.1:{port}"
        cls.second.environment = cls.first.environment
        cls.second.start()
        cls.addClassCleanup(cls.second.stop)

    def setUp(self) -> None:
        self.user_id = new_athlete()
        self.device_id, self.token = join_device(self.first, self.user_id)
        _, self.others_token = join_device(self.first, self.user_id)

    async def open_everywhere(self, token: str) -> list[Phone]:
        """Return a device's socket and a plain one, on each process."""
        return [
            await let_in(self.first, token),
            Phone(await knock(self.first, token)),
            await let_in(self.second, token),
            Phone(await knock(self.second, token)),
        ]

    async def send_without_end(self, phone: Phone) -> None:
        with suppress(websockets.ConnectionClosed):
            while True:
                await phone.send(*make_set(range(1, 100)))

    async def check_closed(self, phones: list[Phone], reason: str) -> None:
        assert [await phone.close_code() for phone in phones] == [4403] * len(phones)
        assert {phone.socket.close_reason for phone in phones} == {reason}

    async def test_a_device_that_is_cut_off_is_out_and_the_athletes_others_stay(self) -> None:
        phones = await self.open_everywhere(self.token)
        others = await self.open_everywhere(self.others_token)
        await asyncio.to_thread(revoke_device, self.first, self.device_id)
        await self.check_closed(phones, "device_revoked")
        for service in (self.first, self.second):
            again = Phone(await knock(service, self.token))
            assert (await again.close_code(), again.socket.close_reason) == (4403, "device_revoked")
        for phone in others:
            assert (await phone.ask({"event": "rep_detected"}))["event"] == "rep_ack"
        answer = await others[0].ask({"event": "authenticate", "token": self.token})
        assert answer["code"] == "device_revoked"
        for phone in others:
            await phone.close()

    async def test_an_athlete_who_is_switched_off_is_out(self) -> None:
        phones = await self.open_everywhere(self.token)
        phones += await self.open_everywhere(self.others_token)
        await asyncio.to_thread(switch_off_athlete, self.first, self.user_id)
        await self.check_closed(phones, "not_allowed")

    async def test_a_device_that_floods_is_out_too(self) -> None:
        phone = await let_in(self.first, self.token)
        await phone.say_hello()
        flood = asyncio.create_task(self.send_without_end(phone))
        assert (await phone.hear_answer())["status"] == "counted"
        reading = asyncio.create_task(phone.close_code())
        await asyncio.to_thread(revoke_device, self.first, self.device_id)
        await reading
        await self.check_closed([phone], "device_revoked")
        flood.cancel()

    async def test_a_revocation_from_while_nobody_was_connected_is_known(self) -> None:
        await asyncio.to_thread(revoke_device, self.first, self.device_id)
        phone = Phone(await knock(self.second, self.token))
        assert await phone.close_code() == 4403

    async def test_connected_devices_are_noted_as_seen(self) -> None:
        change = "last_seen_at=timezone.now() - timedelta(days=1)"
        await asyncio.to_thread(change_device, self.first, self.device_id, change)
        phone = await let_in(self.first, self.token)
        async with asyncio.timeout(ANSWER_S):
            while await asyncio.to_thread(read_last_seen, self.first, self.device_id) < (
                time.time() - 60
            ):
                await asyncio.sleep(0.1)
        await phone.close()
