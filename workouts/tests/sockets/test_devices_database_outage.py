"""senim.v1 while the database is down."""

import asyncio
import time

from workouts.tests.support.cast import new_athlete
from workouts.tests.support.device_outages import DeviceOutageCase
from workouts.tests.support.phones import (
    Phone,
    make_rep,
    make_set,
    verdicts,
)
from workouts.tests.support.processes import wait_until

ANSWER_WITHIN_S = 2.0
UNAVAILABLE = "unavailable"


class DatabaseAwayTests(DeviceOutageCase):
    async def take_new_device(self) -> Phone:
        """Return a phone that has said hello for a device that Redis does not know."""
        phone = await self.take_phone(self.user_id)
        async with asyncio.timeout(ANSWER_WITHIN_S * 5):
            # for a moment after an outage the database is not asked
            while (await phone.say_hello())["event"] != "hello":
                await asyncio.sleep(0.1)
        return phone

    async def test_a_finish_works_once_the_database_is_back(self) -> None:
        phone = await self.take_new_device()
        reps = make_set([1, 2, 3])
        await phone.ask_all(reps[:2])
        self.take_away(self.database)
        assert (await phone.finish())["code"] == UNAVAILABLE
        assert verdicts(await phone.ask_all(reps[2:])) == ["counted"]  # into the next session
        # a device that Redis knows needs no database
        other = await self.take_phone(self.user_id)
        assert (await other.say_hello())["last_seq"] == 3
        assert (await other.say_hello("watch"))["code"] == "invalid_message"
        stranger = await self.take_phone(self.user_id)
        assert (await stranger.say_hello("watch"))["code"] == UNAVAILABLE
        await self.bring_back_async(self.database)
        wait_until(self.is_healthy)
        answer = await phone.finish()
        assert answer["count"] == 1
        assert self.rows() == [(2, {"phone": 2}), (1, {"phone": 3})]
        for device in (phone, other, stranger):
            await device.close()

    async def test_devices_that_redis_knows_say_hello_while_finishes_wait(self) -> None:
        athletes = [new_athlete() for _ in range(40)]
        await (await self.take_new_device()).close()
        for athlete in athletes:
            await (phone := await self.take_device(athlete)).ask_all(make_set([1]))
            await phone.close()
        self.take_away(self.database)
        finishers = [await self.take_phone(athlete) for athlete in athletes]
        finishing = [asyncio.create_task(phone.finish()) for phone in finishers]
        phones = [await self.take_phone(athlete) for athlete in athletes]
        hellos = await asyncio.gather(*(phone.say_hello() for phone in phones))
        assert [hello.get("last_seq") for hello in hellos] == [1] * 40, hellos
        assert {answer["code"] for answer in await asyncio.gather(*finishing)} == {UNAVAILABLE}
        for phone in (*phones, *finishers):
            await phone.close()

    async def test_the_offset_leaves_out_the_time_that_the_database_takes(self) -> None:
        phone = await self.take_new_device()
        await phone.ask_all(make_set([1]))
        await phone.finish()
        self.take_away(self.database)
        await phone.say_hello()  # takes as long as the pool waits
        now = time.time_ns() // 1_000_000
        answers = await phone.ask_all([make_rep(2, now - 1000), make_rep(3, now)])
        assert verdicts(answers) == ["counted"] * 2
        await phone.close()
