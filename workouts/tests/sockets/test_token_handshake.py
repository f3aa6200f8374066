"""Who gets in with which token, and what others are told."""

import asyncio
import json
from contextlib import AsyncExitStack, suppress
from typing import Any

import pytest
import websockets
from django.test import SimpleTestCase

from workouts.tests.support.cast import new_athlete
from workouts.tests.support.phones import ANSWER_S, make_rep
from workouts.tests.support.service import shared_service
from workouts.tests.support.token_services import knock, let_in, shared_token_service
from workouts.tests.support.tokens import sign_token, unsigned_token

REP = json.dumps(make_rep())
MOST_SOCKETS = 8


class TokenCase(SimpleTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.service = shared_token_service()

    def setUp(self) -> None:
        self.user_id = new_athlete()
        self.token = sign_token(self.user_id)

    async def count_rep(self, socket: websockets.ClientConnection) -> dict[str, Any]:
        """Send a rep, and return the first answer to one."""
        await socket.send(REP)
        while True:
            answer: dict[str, Any] = json.loads(await asyncio.wait_for(socket.recv(), ANSWER_S))
            if answer["event"] != "welcome":
                return answer

    async def find_closing(self, token: str = "", **options: Any) -> tuple[int | None, str | None]:
        """Send a rep as soon as the handshake is done, and return how the server closes."""
        socket = await knock(self.service, token, **options)
        with suppress(websockets.ConnectionClosed):
            await socket.send(REP)
        with suppress(websockets.ConnectionClosed):
            answer = await asyncio.wait_for(socket.recv(), ANSWER_S)
            raise AssertionError(answer)
        return socket.close_code, socket.close_reason

    async def find_selected(self, *offered: str, token: str = "") -> str | None:
        """Return which subprotocol is selected, once a rep was counted."""
        async with knock(self.service, token, subprotocols=list(offered)) as socket:
            assert (await self.count_rep(socket))["event"] == "rep_ack"
            return socket.subprotocol


class WelcomeTests(TokenCase):
    async def test_a_token_in_the_header_says_whose_reps_they_are(self) -> None:
        async with knock(self.service, self.token) as socket:
            assert (await self.count_rep(socket))["count"] == 1
        phone = await let_in(self.service, self.token)
        sessions = (await phone.ask({"event": "status"}))["sessions"]
        assert [session["count"] for session in sessions] == [1]
        await phone.close()

    async def test_a_browser_offers_its_token_as_a_subprotocol(self) -> None:
        bearer = ("senim.bearer", self.token)
        assert await self.find_selected(*bearer, "senim.v1") == "senim.v1"
        assert await self.find_selected("senim.v1", *bearer) == "senim.v1"
        assert await self.find_selected(*bearer) == "senim.bearer"
        assert await self.find_selected("other", *bearer, "another") == "senim.bearer"

    async def test_the_handshake_never_repeats_the_token(self) -> None:
        offered = ["senim.bearer", self.token, "senim.v1"]
        async with knock(self.service, subprotocols=offered) as socket:
            assert socket.response is not None
            assert self.token not in str(socket.response.headers)

    async def test_the_same_token_may_come_twice(self) -> None:
        offered = ("senim.bearer", self.token)
        assert await self.find_selected(*offered, token=self.token) == "senim.bearer"

    async def test_the_address_may_name_the_tokens_athlete(self) -> None:
        for query in (f"?user_id={self.user_id}", "?user_id=me"):
            async with knock(self.service, self.token, query=query) as socket:
                assert (await self.count_rep(socket))["event"] == "rep_ack"

    async def test_an_athlete_has_a_few_sockets_at_most(self) -> None:
        async with AsyncExitStack() as stack:
            for _ in range(MOST_SOCKETS):
                socket = await stack.enter_async_context(knock(self.service, self.token))
                await self.count_rep(socket)
            assert await self.find_closing(self.token) == (1013, "retry_after_ms=40000")


class RefusalTests(TokenCase):
    async def test_it_says_what_is_wrong_with_a_token_and_counts_nothing(self) -> None:
        wrong = {
            "token_missing": "",
            "token_expired": sign_token(self.user_id, exp=1_700_000_000),
            "token_invalid": sign_token(self.user_id) + "x",
        }
        for reason, token in wrong.items():
            assert await self.find_closing(token) == (4401, reason)
            offered = ["senim.bearer", token, "senim.v1"] if token else ["senim.v1"]
            assert await self.find_closing(subprotocols=offered) == (4401, reason)
        for token in (unsigned_token(self.user_id), "senim_key", "x", sign_token("me")):
            assert await self.find_closing(token) == (4401, "token_invalid")
        phone = await let_in(self.service, self.token)
        assert (await phone.ask({"event": "status"}))["sessions"] == []
        await phone.close()

    async def test_a_token_of_8000_characters_is_read(self) -> None:
        long = self.token + "x" * (8000 - len(self.token))
        assert await self.find_closing(long) == (4401, "token_invalid")
        closing = await self.find_closing(subprotocols=["senim.bearer", long])
        assert closing == (4401, "token_invalid")

    async def test_a_name_of_ours_is_no_token(self) -> None:
        for offered in (["senim.bearer"], ["senim.bearer", "senim.v1"], ["a", "senim.bearer"]):
            closing = await self.find_closing(subprotocols=offered)
            assert closing == (4401, "token_missing"), offered

    async def test_two_tokens_that_disagree_are_refused(self) -> None:
        offered = ["senim.bearer", sign_token(new_athlete()), "senim.v1"]
        closing = await self.find_closing(self.token, subprotocols=offered)
        assert closing == (4401, "token_invalid")

    async def test_a_token_in_the_address_lets_nobody_in(self) -> None:
        for name in ("token", "access_token", "authorization"):
            closing = await self.find_closing(query=f"?{name}={self.token}")
            assert closing == (4401, "token_missing")

    async def test_another_scheme_is_no_token(self) -> None:
        socket = await websockets.connect(
            self.service.socket_url(self.user_id),
            additional_headers={"Authorization": f"Basic {self.token}"},
            open_timeout=ANSWER_S,
        )
        await asyncio.wait_for(socket.wait_closed(), ANSWER_S)
        assert (socket.close_code, socket.close_reason) == (4401, "token_missing")

    async def test_another_athletes_user_id_in_the_address_is_refused(self) -> None:
        for user_id in (new_athlete(), "guest"):
            closing = await self.find_closing(self.token, query=f"?user_id={user_id}")
            assert closing == (4403, "not_allowed")
        for query in ("?user_id=a%20b", f"?user_id={self.user_id}&user_id=guest"):
            assert await self.find_closing(self.token, query=query) == (4403, "not_allowed")

    async def test_no_token_gets_into_the_log(self) -> None:
        expired = sign_token(self.user_id, exp=1_700_000_000)
        async with knock(self.service, self.token) as socket:
            await self.count_rep(socket)
        phone = await let_in(self.service, self.token)
        await phone.ask({"event": "authenticate", "token": expired})
        await phone.ask(json.dumps({"event": "authenticate", "token": [expired]}))
        await phone.close()
        await self.find_selected("senim.bearer", self.token)
        await self.find_closing(expired)
        await self.find_closing(subprotocols=["senim.bearer", expired])
        with pytest.raises(websockets.InvalidStatus):
            await knock(self.service, self.token, subprotocols=["other", expired])
        async with asyncio.timeout(ANSWER_S):
            while "token_expired" not in (output := self.service.output()):
                await asyncio.sleep(0.02)
        assert self.user_id in output
        for token in (self.token, expired):
            assert token.rpartition(".")[2] not in output


class SubprotocolTests(SimpleTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.open_service, cls.token_service = shared_service(), shared_token_service()

    async def test_without_a_subprotocol_that_it_knows_the_handshake_is_refused(self) -> None:
        for service in (self.open_service, self.token_service):
            for offered in (["other"], ["senim.v2", "x"], [sign_token("ann")]):
                with pytest.raises(websockets.InvalidStatus) as refused:
                    await knock(service, sign_token("ann"), subprotocols=offered)
                assert refused.value.response.status_code == 400
                assert b"senim.v1 and senim.bearer" in (refused.value.response.body or b"")

    async def test_open_mode_ignores_tokens(self) -> None:
        user_id = new_athlete()
        options = {
            "query": f"?user_id={user_id}",
            "subprotocols": ["senim.bearer", "x", "senim.v1"],
        }
        async with knock(self.open_service, sign_token("ben"), **options) as socket:
            assert socket.subprotocol == "senim.v1"
            assert json.loads(await socket.recv())["user_id"] == user_id
            await socket.send('{"event": "authenticate", "token": "x"}')
            assert json.loads(await socket.recv())["code"] == "unknown_event"
