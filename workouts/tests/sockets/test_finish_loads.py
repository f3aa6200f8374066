"""The field load_kg of `finish` on a senim.v1 socket."""

from typing import Any

from django.test import SimpleTestCase

from workouts.tests.support.cast import new_athlete
from workouts.tests.support.phones import Phone, PhoneShop, make_set, verdicts
from workouts.tests.support.service import shared_service


class FinishLoadTests(PhoneShop, SimpleTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.service = shared_service()

    def setUp(self) -> None:
        self.user_id = new_athlete()

    async def train(self) -> Phone:
        phone = await self.take_device(self.user_id)
        assert verdicts(await phone.ask_all(make_set([1, 2]))) == ["counted"] * 2
        return phone

    def saved(self) -> list[tuple[int, float | None]]:
        path = f"/workout/sessions/?user_id={self.user_id}"
        sessions = self.service.ask("GET", path).body["results"]
        return [(session["total_reps"], session["load_kg"]) for session in sessions]

    async def test_it_is_saved_and_answered(self) -> None:
        phone = await self.train()
        finished = await phone.ask({"event": "finish", "type": "squat", "load_kg": 62.5})
        assert finished == {
            "event": "finished",
            "type": "squat",
            "workout_id": finished["workout_id"],
            "count": 2,
            "load_kg": 62.5,
        }
        await phone.close()
        assert self.saved() == [(2, 62.5)]

    async def test_a_repeated_finish_tells_the_load_that_was_saved(self) -> None:
        phone = await self.train()
        first = await phone.ask({"event": "finish", "load_kg": 62.5})
        assert await phone.ask({"event": "finish", "load_kg": 80}) == first
        await phone.close()
        assert self.saved() == [(2, 62.5)]

    async def test_a_client_that_sends_none_gets_the_same_fields_as_ever(self) -> None:
        phone = await self.train()
        await phone.ask({"event": "finish", "load_kg": 62.5})
        for frame in ({"event": "finish"}, {"event": "finish", "load_kg": None}):
            assert list(await phone.ask(frame)) == ["event", "type", "workout_id", "count"]
        await phone.close()

    async def test_a_finish_whose_answer_was_lost_is_repeated_over_http(self) -> None:
        phone = await self.train()
        await phone.send({"event": "finish", "load_kg": 62.5})
        phone.socket.transport.abort()
        body = {"user_id": self.user_id, "load_kg": 62.5}
        answer = self.service.ask("POST", "/workout/finish", body)
        # either of the two finishes may be the first
        assert answer.body["load_kg"] == 62.5
        assert self.saved() == [(2, 62.5)]

    async def test_anything_but_a_number_in_range_is_refused_and_nothing_is_sealed(self) -> None:
        phone = await self.train()
        bad: list[Any] = [0, -1, 0.004, 1000.01, True, "62.5", "", [60], {}]
        for load_kg in bad:
            error = await phone.ask({"event": "finish", "load_kg": load_kg})
            assert (error["event"], error["code"]) == ("error", "invalid_message"), load_kg
            assert "load_kg" in error["detail"], load_kg
        for text, code in (("1e400", "invalid_message"), ("NaN", "invalid_json")):
            error = await phone.ask(f'{{"event": "finish", "load_kg": {text}}}')
            assert error["code"] == code, text
        assert self.saved() == []
        assert (await phone.ask({"event": "status"}))["sessions"][0]["count"] == 2
        await phone.close()
