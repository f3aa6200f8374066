"""A socket lasts as long as its token, and a fresh token makes it last longer."""

import asyncio
import json
import time

import pytest
from django.test import SimpleTestCase

from workouts.tests.support.cast import new_athlete
from workouts.tests.support.phones import ANSWER_S, Frame, Phone, column, make_set, verdicts
from workouts.tests.support.token_services import (
    knock,
    let_in,
    shared_token_service,
    sign_brief_token,
)
from workouts.tests.support.tokens import sign_token


def authenticate(token: str) -> Frame:
    return {"event": "authenticate", "token": token}


@pytest.mark.slow
class ExpiryTests(SimpleTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.service = shared_token_service()

    def setUp(self) -> None:
        self.user_id = new_athlete()

    async def let_in_briefly(self) -> tuple[Phone, float]:
        token, expires_at = sign_brief_token(self.user_id, 3)
        return await let_in(self.service, token), expires_at

    async def check_closed_at(self, phone: Phone, expires_at: float) -> None:
        assert await phone.close_code() == 4401
        assert phone.socket.close_reason == "token_expired"
        assert expires_at <= time.time()

    async def test_it_closes_the_socket_once_everything_is_answered(self) -> None:
        phone, expires_at = await self.let_in_briefly()
        await phone.say_hello()
        answers = await phone.ask_all([*make_set(range(1, 40)), {"event": "finish"}])
        assert verdicts(answers) == ["counted"] * 39 + ["finished"]
        await self.check_closed_at(phone, expires_at)

    async def test_a_plain_socket_is_closed_too(self) -> None:
        token, expires_at = sign_brief_token(self.user_id, 3)
        phone = Phone(await knock(self.service, token))
        assert (await phone.ask(authenticate(sign_token(self.user_id))))["code"] == "unknown_event"
        await self.check_closed_at(phone, expires_at)

    async def test_a_fresh_token_moves_the_end(self) -> None:
        phone, first = await self.let_in_briefly()
        fresh, expires_at = sign_brief_token(self.user_id, 6)
        assert expires_at > first + 2
        answer = await phone.ask(authenticate(fresh))
        assert answer == {"event": "authenticated", "expires_at": expires_at * 1000}
        await self.check_closed_at(phone, expires_at)

    async def test_a_token_that_is_refused_changes_nothing(self) -> None:
        phone, expires_at = await self.let_in_briefly()
        refused = {
            sign_token(new_athlete()): "not_allowed",
            sign_token(self.user_id, exp=1_700_000_000): "token_expired",
            "": "token_invalid",
            "x" * 4000: "token_invalid",
        }
        answers = await phone.ask_all([authenticate(token) for token in refused])
        assert list(column(answers, "code")) == [*refused.values()]
        assert (await phone.ask({"event": "authenticate"}))["code"] == "invalid_message"
        await self.check_closed_at(phone, expires_at)

    async def test_it_is_answered_in_order(self) -> None:
        phone = await let_in(self.service, sign_token(self.user_id))
        await phone.say_hello()
        frames = [*make_set([1]), authenticate(sign_token(self.user_id)), {"event": "finish"}]
        answers = await phone.ask_all(frames)
        assert list(column(answers, "event")) == ["rep_ack", "authenticated", "finished"]
        await phone.close()

    async def test_fresh_tokens_are_requests_of_which_few_are_answered_at_once(self) -> None:
        phone = await let_in(self.service, sign_token(self.user_id))
        began, frame = time.monotonic(), json.dumps(authenticate(sign_token(self.user_id)))
        answers = await phone.ask_all([frame] * 22)
        assert set(column(answers, "event")) == {"authenticated"}
        assert time.monotonic() - began >= 1
        await phone.close()

    async def test_a_socket_that_never_stops_sending_is_closed_too(self) -> None:
        phone, expires_at = await self.let_in_briefly()
        await phone.say_hello()
        async with asyncio.timeout(ANSWER_S):
            answers = await phone.ask_until_closed(
                frame for _ in range(100) for frame in make_set(range(1, 1000))
            )
        assert answers
        await self.check_closed_at(phone, expires_at)
