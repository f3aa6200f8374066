"""Which clock counts: after a hello, with times that are right, wrong or impossible."""

import asyncio

import pytest
from django.test import SimpleTestCase

from workouts.sockets.frames import MAX_WHOLE
from workouts.tests.support.cast import new_athlete
from workouts.tests.support.phones import PhoneShop, make_rep, make_set, now_ms, verdicts
from workouts.tests.support.service import shared_service

HOUR_MS = 3_600_000


@pytest.mark.slow
class DeviceTimeTests(PhoneShop, SimpleTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.service = shared_service()

    def setUp(self) -> None:
        self.user_id = new_athlete()

    async def test_it_uses_the_times_of_the_device(self) -> None:
        phone = await self.take_device(self.user_id)
        hours_ago = make_set([1, 2, 3], ago_ms=20 * HOUR_MS)
        stalled = [
            make_rep(4, now_ms() - 700),
            make_rep(5, now_ms() - 200),
            make_rep(6, now_ms() - 100),
        ]
        answers = await phone.ask_all([*hours_ago, *stalled])
        await phone.close()
        assert verdicts(answers) == ["counted"] * 5 + ["debounced"]
        assert 300 <= answers[-1]["retry_after_ms"] <= 400

    async def test_it_corrects_a_wrong_clock(self) -> None:
        for clock in (
            0,
            now_ms() - 400 * 24 * HOUR_MS,
            now_ms() + 400 * 24 * HOUR_MS,
            MAX_WHOLE - HOUR_MS,
        ):
            phone = await self.take_phone(new_athlete())
            await phone.say_hello(now=clock)
            reps = [make_rep(seq, clock + 500 * seq, f"{'squat'}") for seq in (1, 2, 3)]
            answers = await phone.ask_all(
                [
                    rep | {"type": exercise}
                    for rep, exercise in zip(reps, ["squat", "lunge", "squat"], strict=True)
                ]
            )
            assert verdicts(answers) == ["counted"] * 3, clock
            await phone.finish()
            await phone.close()
            await asyncio.sleep(0.5)  # between devices the arrival counts

    async def test_the_faster_of_two_hellos_before_a_rep_sets_the_offset(self) -> None:
        for nows in ((-5000, 0), (0, -5000)):  # one of them was 5 s on its way
            phone = await self.take_phone(new_athlete())
            for late_ms in nows:
                assert (await phone.say_hello(now=now_ms() + late_ms))["event"] == "hello"
            now = now_ms()
            answers = await phone.ask_all(
                [make_rep(seq, now - 5000 + seq * 500) for seq in range(1, 11)]
            )
            assert verdicts(answers) == ["counted"] * 10
            await phone.close()

    async def test_a_clock_that_was_set_back_loses_no_rep(self) -> None:
        phone = await self.take_device(self.user_id)
        assert verdicts(await phone.ask_all([make_rep(1, now_ms())])) == ["counted"]
        await phone.close()
        await asyncio.sleep(1)
        phone = await self.take_phone(self.user_id)
        back = 8000
        await phone.say_hello(now=now_ms() - back)
        now = now_ms()
        answers = await phone.ask_all(
            [make_rep(1 + seq, now - back - 500 + seq * 500) for seq in (1, 2, 3)]
        )
        assert verdicts(answers) == ["counted"] * 3
        await phone.close()

    async def test_it_uses_the_arrival_of_a_rep_whose_time_is_impossible(self) -> None:
        wrong = {
            "in the future": lambda now: (now + 4000, now + 6000),
            "days old": lambda now: (now - 25 * HOUR_MS, now - 25 * HOUR_MS + 2000),
            "at the beginning of time": lambda now: (0, 2000),
            "in a far future": lambda now: (MAX_WHOLE - 2000, MAX_WHOLE),
        }
        for kind, times in wrong.items():
            self.user_id = new_athlete()
            phone = await self.take_device(self.user_id)
            reps = [make_rep(seq, at) for seq, at in enumerate(times(now_ms()), 1)]
            assert verdicts(await phone.ask_all(reps)) == ["counted", "debounced"], kind
            await phone.close()

    async def test_it_uses_the_arrival_of_a_rep_whose_time_goes_back(self) -> None:
        phone = await self.take_device(self.user_id)
        now = now_ms()
        answers = await phone.ask_all(
            [make_rep(1, now - 3000), make_rep(2, now - 9000), make_rep(3, now - 7000)]
        )
        await phone.close()
        assert verdicts(answers) == ["counted", "counted", "debounced"]
