"""Devices that come back: what a hello says after their memory was lost, or gave way to others."""

import asyncio

from asgiref.sync import sync_to_async
from django.conf import settings
from django.test import SimpleTestCase

from workouts.clock import now_ms
from workouts.live.clients import connect_to_redis
from workouts.live.keys import RedisKeySpace
from workouts.tests.support.cast import new_athlete
from workouts.tests.support.phones import Phone, PhoneShop, column, make_set, verdicts
from workouts.tests.support.service import shared_service

MOST = 16


class ComingBackTests(PhoneShop, SimpleTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.service = shared_service()
        cls.redis = connect_to_redis(settings.REDIS_URL)
        cls.addClassCleanup(cls.redis.close)
        cls.space = RedisKeySpace(cls.service.environment["SENIM_REDIS_PREFIX"])

    def setUp(self) -> None:
        self.user_id = new_athlete()

    @sync_to_async
    def list_devices(self) -> set[str]:
        found = self.redis.hkeys(self.space.devices(self.user_id))
        return {device.decode() for device in found}

    async def come_back(self, phone: Phone, device: str = "phone") -> tuple[Phone, int]:
        """Return another phone of the device, and the last_seq that it was told."""
        await phone.close()
        phone = await self.take_phone(self.user_id)
        return phone, (await phone.say_hello(device))["last_seq"]

    async def take_devices(self, number: int) -> None:
        for each in range(number):
            await (await self.take_device(self.user_id, f"d{each}")).close()

    async def test_what_was_saved_is_known_after_the_memory_was_lost(self) -> None:
        phone = await self.take_device(self.user_id)
        await phone.ask_all([*make_set([1, 2, 3]), {"event": "finish"}])
        await sync_to_async(self.redis.delete)(self.space.device(self.user_id, "phone"))
        phone, last_seq = await self.come_back(phone)
        assert last_seq == 3
        answers = await phone.ask_all(make_set([1, 2, 3, 4]))
        assert verdicts(answers) == ["duplicate"] * 3 + ["counted"]
        await phone.close()

    async def test_reps_that_were_not_saved_come_again_after_the_memory_was_lost(self) -> None:
        phone = await self.take_device(self.user_id)
        await phone.ask_all([*make_set([1, 2]), {"event": "finish"}, *make_set([3, 4])])
        keys = self.space.live(self.user_id, "squat")
        lost = (self.space.device(self.user_id, "phone"), keys.session, keys.timeline, keys.mark)
        await sync_to_async(self.redis.delete)(*lost)
        phone, last_seq = await self.come_back(phone)
        assert last_seq == 2
        answers = await phone.ask_all(make_set([1, 2, 3, 4]))
        assert verdicts(answers) == ["duplicate"] * 2 + ["counted"] * 2
        assert (await phone.finish())["count"] == 2
        await phone.close()

    async def test_of_17_devices_the_one_idle_longest_is_told_what_was_saved(self) -> None:
        phone = await self.take_device(self.user_id)
        await phone.ask_all([*make_set([1, 2, 3]), {"event": "finish"}])
        await self.take_devices(MOST)
        assert await self.list_devices() == {f"d{each}" for each in range(MOST)}
        # its socket is still open, and must not settle what Redis does not remember
        assert verdicts(await phone.ask_all(make_set([4]))) == ["unavailable"]
        assert await phone.close_code() == 1012
        phone, last_seq = await self.come_back(phone)
        assert last_seq == 3
        answers = await phone.ask_all(make_set([2, 3, 4]))
        assert verdicts(answers) == ["duplicate", "duplicate", "counted"]
        await phone.close()

    async def test_a_device_with_unsaved_reps_outlasts_any_number_of_others(self) -> None:
        phone = await self.take_device(self.user_id)
        await phone.ask_all(make_set([1, 2, 3]))
        await self.take_devices(MOST + 4)
        assert "phone" in await self.list_devices()
        phone, last_seq = await self.come_back(phone)
        assert last_seq == 3
        assert verdicts(await phone.ask_all(make_set([1, 2, 3]))) == ["duplicate"] * 3
        assert (await phone.finish())["count"] == 3
        await phone.close()

    async def test_a_hundred_devices_come_back_at_once_and_send_again(self) -> None:
        athletes = [new_athlete() for _ in range(100)]
        reps = make_set(range(1, 7))

        async def train(user_id: str) -> None:
            phone = await self.take_device(user_id)
            await phone.ask_all(reps[:4])
            await phone.close()

        async def return_and_send_again(user_id: str) -> None:
            phone = Phone(await self.open_socket(user_id, subprotocols=["senim.v1"]))
            hello = {"event": "hello", "device": "phone", "now": now_ms()}
            answers = await phone.ask_all([hello, *reps[1:]])
            welcome, hello, *acks = [*answers, await phone.hear_answer()]
            assert [*column(welcome["sessions"], "count")] == [4]
            assert hello["last_seq"] == 4
            assert verdicts(acks) == ["duplicate"] * 3 + ["counted"] * 2
            await phone.close()

        await asyncio.gather(*map(train, athletes))
        await asyncio.gather(*map(return_and_send_again, athletes))
