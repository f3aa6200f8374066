"""What a device's socket refuses, and how it says so."""

import pytest
import websockets
from django.test import SimpleTestCase

from workouts.tests.support.cast import new_athlete
from workouts.tests.support.phones import PhoneShop, make_rep, make_set, verdicts
from workouts.tests.support.service import shared_service


class DeviceErrorTests(PhoneShop, SimpleTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.service = shared_service()

    def setUp(self) -> None:
        self.user_id = new_athlete()

    async def test_it_says_what_is_wrong_with_a_seq(self) -> None:
        phone = await self.take_device(self.user_id)
        for seq in (0, -1, 2**53, 2**63, 2**64, 1.5, "7", [], {}, True):
            answer = await phone.ask({**make_rep(), "seq": seq})
            assert (answer["event"], answer["code"]) == ("error", "invalid_message"), seq
            assert "seq" not in answer
            # one after another would close the socket
            assert (await phone.ask({"event": "status"}))["sessions"] == []
        assert (await phone.ask('{"event": "rep_detected", "seq": 1e400}'))[
            "code"
        ] == "invalid_message"
        assert verdicts(await phone.ask_all(make_set([1]))) == ["counted"]
        await phone.close()

    async def test_it_says_what_is_wrong_with_a_time(self) -> None:
        phone = await self.take_device(self.user_id)
        for at in ("now", -1, 1.5, 2**53, [], False):
            answer = await phone.ask({**make_rep(1), "at": at})
            assert (answer["event"], answer["code"], answer["seq"]) == (
                "error",
                "invalid_message",
                1,
            ), at
        assert verdicts(await phone.ask_all(make_set([1]))) == ["counted"]
        await phone.close()

    async def test_the_error_for_an_unknown_exercise_names_the_seq(self) -> None:
        phone = await self.take_device(self.user_id)
        answer = await phone.ask(make_rep(3, exercise="unicorn_ride"))
        assert (answer["code"], answer["seq"]) == ("unknown_exercise", 3)
        assert verdicts(await phone.ask_all(make_set([4]))) == ["counted"]
        await phone.close()

    async def test_it_refuses_a_seq_before_a_hello(self) -> None:
        phone = await self.take_phone(self.user_id)
        answer = await phone.ask(make_rep(9))
        assert (answer["code"], answer["seq"]) == ("invalid_message", 9)
        assert "hello" in answer["detail"]
        assert (await phone.say_hello())["last_seq"] == 0
        assert verdicts(await phone.ask_all(make_set([9]))) == ["counted"]
        await phone.close()

    async def test_it_says_what_is_wrong_with_a_hello(self) -> None:
        phone = await self.take_phone(self.user_id)
        for device in ("", "a b", "x" * 33, "a:b", "я", 7, None):
            assert (await phone.ask({"event": "hello", "device": device, "now": 1}))[
                "code"
            ] == "invalid_message", device
        for now in (-1, 2**53, "text", 1.5, None):
            assert (await phone.ask({"event": "hello", "device": "phone", "now": now}))[
                "code"
            ] == "invalid_message", now
        assert (await phone.ask({"event": "hello", "device": "phone"}))["code"] == "invalid_message"
        assert (await phone.say_hello("x" * 32, now=0))["last_seq"] == 0
        await phone.close()

    async def test_a_finish_with_nothing_to_finish_is_an_error(self) -> None:
        phone = await self.take_device(self.user_id)
        answer = await phone.finish()
        assert (answer["event"], answer["code"]) == ("error", "nothing_to_finish")
        await phone.close()
        assert (
            self.service.ask("GET", f"/workout/sessions/?user_id={self.user_id}").body["results"]
            == []
        )

    async def test_it_refuses_to_finish_an_unknown_exercise(self) -> None:
        phone = await self.take_device(self.user_id)
        for _ in range(20):
            answer = await phone.finish("unicorn_ride")
            assert answer["code"] == "unknown_exercise"
            assert "battle_rope" in answer["detail"]
        assert await phone.close_code() == 1008

    async def test_it_says_what_is_wrong_and_stays_open(self) -> None:
        phone = await self.take_device(self.user_id)
        bad: dict[str | bytes, str] = {
            "": "invalid_json",
            "[]": "invalid_message",
            "{}": "invalid_message",
            '{"event": 7}': "invalid_message",
            '{"event": "welcome"}': "unknown_event",
            '{"event": "authenticate", "token": "x"}': "unknown_event",
            '{"event": "finish", "type": 7}': "invalid_message",
            b"\x00": "invalid_message",
        }
        for frame, code in bad.items():
            assert (await phone.ask(frame))["code"] == code, frame
        assert (await phone.ask('{"event": "status", "more": [1, {"a": null}]}'))[
            "event"
        ] == "sessions"
        await phone.close()

    async def test_it_closes_after_twenty_errors_in_a_row(self) -> None:
        phone = await self.take_phone(self.user_id)
        assert verdicts(await phone.ask_all(make_set(range(1, 21)))) == ["invalid_message"] * 20
        assert await phone.close_code() == 1008

    async def test_it_refuses_pages_of_other_origins(self) -> None:
        with pytest.raises(websockets.InvalidStatus):
            await self.open_socket(
                self.user_id, subprotocols=["senim.v1"], origin="http://evil.example"
            )
