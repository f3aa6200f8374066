"""Requests on a senim.v1 socket: a client that sends too many is read more slowly."""

import asyncio
import time
from functools import partial
from typing import Any

from django.test import SimpleTestCase

from workouts.sockets.frames import HelloAck, OutgoingFrame
from workouts.sockets.message_loop import SocketLoop
from workouts.sockets.senim_v1 import REQUESTS_AT_ONCE, REQUESTS_PER_S, DeviceSocket
from workouts.tests.support.cast import new_athlete
from workouts.tests.support.phones import PhoneShop, column, make_set, verdicts
from workouts.tests.support.service import shared_service

STATUS = {"event": "status"}
ANSWER = HelloAck("phone", 0, 0)
ANSWER_S = 60.0


class RequestLimitTests(PhoneShop, SimpleTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.service = shared_service()

    async def test_too_many_requests_are_read_more_slowly_and_all_answered(self) -> None:
        phone = await self.take_phone(new_athlete())
        began = time.monotonic()
        answers = await phone.ask_all([STATUS] * (REQUESTS_AT_ONCE + 2))
        assert set(column(answers, "event")) == {"sessions"}
        # the bucket had filled by less than one request since the socket was opened
        assert time.monotonic() - began >= 1 / REQUESTS_PER_S
        await phone.close()

    async def test_reps_are_no_requests(self) -> None:
        phone = await self.take_device(new_athlete())
        reps = make_set(range(1, 10 * REQUESTS_AT_ONCE))
        assert set(verdicts(await phone.ask_all(reps))) == {"counted"}
        async with asyncio.timeout(len(reps) / REQUESTS_PER_S / 2):
            assert set(verdicts(await phone.ask_all(reps))) == {"duplicate"}
        await phone.close()


class GoneClientTests(PhoneShop, SimpleTestCase):
    """A client sends messages and goes away."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.service = shared_service()

    async def test_its_reps_count_and_one_finish_is_done(self) -> None:
        user_id = new_athlete()
        phone = await self.take_device(user_id)
        await phone.send(*make_set(range(1, 21)), *[{"event": "finish"}] * 500)
        phone.socket.transport.close()  # without a close frame: the answers fail
        path = f"/workout/sessions/?user_id={user_id}"
        async with asyncio.timeout(ANSWER_S):
            while not (sessions := self.service.ask("GET", path).body["results"]):
                await asyncio.sleep(0.1)
        assert [session["total_reps"] for session in sessions] == [20]

    async def test_of_its_requests_only_one_finish_per_exercise_is_done(self) -> None:
        done = await self.request_as_gone("finish squat", "status", *["finish squat"] * 30)
        assert done == ["finish squat"]
        done = await self.request_as_gone("finish plank", "finish squat", "finish plank")
        assert done == ["finish plank", "finish squat"]

    async def test_a_first_hello_is_done_since_the_reps_behind_it_count(self) -> None:
        assert await self.request_as_gone(*["hello"] * 30, "status") == ["hello"]

    async def request_as_gone(self, *requests: str) -> list[str]:
        """Make requests on a socket whose client is gone, and return those that were done."""
        done: list[str] = []
        socket = DeviceSocket(new_athlete(), SocketLoop(send_to_nobody, close_nothing))
        socket._replies.close()
        for request in requests:
            event, _, slug = request.partition(" ")

            async def build(request: str = request) -> OutgoingFrame:
                done.append(request)
                socket._device_reps.device = "phone"
                return ANSWER

            is_due = {
                "hello": socket._is_hello_due,
                "finish": partial(socket._is_finish_due, slug),
                "status": lambda: False,
            }[event]
            async with asyncio.timeout(1):  # so none of them waits to be read more slowly
                await socket._answer(event, build, is_due)
        return done


async def send_to_nobody(message: dict[str, Any]) -> None:
    raise AssertionError(message)


async def close_nothing(code: int, reason: str | None) -> None:
    raise AssertionError(code)
