"""How the reference client gets, sends and renews access tokens."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from django.test import SimpleTestCase

from workouts.client import WorkoutClient, WorkoutClientError
from workouts.tests.support.cast import new_athlete
from workouts.tests.support.peer import Peer, Phone, client_of, make, until, within
from workouts.tests.support.token_services import shared_token_service, sign_brief_token
from workouts.tests.support.tokens import sign_token


def find_token(phone: Phone) -> str | None:
    """Return the token that a client connected with."""
    assert phone.socket.request is not None
    return phone.socket.request.headers.get("Authorization")


async def refuse_token(phone: Phone) -> None:
    await phone.socket.close(4401, "token_expired")


def number_tokens() -> Callable[[], Coroutine[Any, Any, str]]:
    """Return a source whose tokens are t1, t2 and so on, and do not say when they expire."""
    number = 0

    async def make_token() -> str:
        nonlocal number
        number += 1
        return f"t{number}"

    return make_token


class TokenTests(SimpleTestCase):
    async def test_it_sends_its_token_in_the_header_and_no_user_id(self) -> None:
        async def script(phone: Phone) -> None:
            assert find_token(phone) == "Bearer secret"
            assert phone.socket.request is not None
            assert phone.socket.request.path == "/ws/workout"
            assert phone.socket.request.headers["X-Gym"] == "7"
            await phone.greet()
            await phone.count(1, 1)
            await phone.stay()

        options = {"user_id": None, "token": "secret", "headers": {"X-Gym": "7"}}
        async with Peer(script) as peer, client_of(peer.url, **options) as client:
            make(client, 1)
            await within(client.settled())

    async def test_without_a_source_a_refusal_ends_it_and_it_keeps_its_reps(self) -> None:
        for code in (4401, 4403):

            async def refuse(phone: Phone, code: int = code) -> None:
                await phone.socket.close(code, "token_expired")

            async with Peer(refuse) as peer:
                client = await client_of(peer.url, token="secret").__aenter__()
                make(client, 3)
                with pytest.raises(WorkoutClientError, match=f"{code}: token_expired"):
                    await within(client.settled())
                assert await client.close() == 3
                assert len(client.held) == 3

    async def test_after_a_refusal_it_reconnects_with_a_fresh_token(self) -> None:
        async def count(phone: Phone) -> None:
            assert find_token(phone) == "Bearer t2"
            await phone.greet()
            await phone.count(1, 2)
            await phone.socket.close(1012)

        async def go_on(phone: Phone) -> None:
            assert find_token(phone) == "Bearer t2"  # which was not refused
            await phone.greet(last_seq=2)
            await phone.count(3, 3)
            await refuse_token(phone)

        async def end(phone: Phone) -> None:
            assert find_token(phone) == "Bearer t3"
            await phone.greet(last_seq=3)
            await phone.count(4, 4)
            await phone.stay()

        async with (
            Peer(refuse_token, count, go_on, end) as peer,
            client_of(peer.url, token=number_tokens()) as client,
        ):
            make(client, 4)
            await within(client.settled())

    async def test_it_gives_up_if_fresh_tokens_are_refused(self) -> None:
        async with Peer(refuse_token, refuse_token) as peer:
            client = await client_of(peer.url, token=number_tokens()).__aenter__()
            make(client, 1)
            with pytest.raises(WorkoutClientError, match="4401"):
                await within(client.settled())
            assert await client.close() == 1
        assert peer.connections == 2

    async def test_it_asks_again_while_its_source_is_away(self) -> None:
        tries = 0

        async def fail_twice() -> str:
            nonlocal tries
            tries += 1
            if tries < 3:
                raise OSError("no network")
            return "t3"

        async def script(phone: Phone) -> None:
            assert find_token(phone) == "Bearer t3"
            await phone.greet()
            await phone.count(1, 1)
            await phone.stay()

        async with Peer(script) as peer, client_of(peer.url, token=fail_twice) as client:
            make(client, 1)
            await within(client.settled())

    async def test_any_other_error_of_its_source_ends_it(self) -> None:
        async def fail() -> str:
            raise ValueError("logged out")

        client = await client_of("http://127.0.0.1:1", token=fail).__aenter__()
        make(client, 1)
        with pytest.raises(WorkoutClientError, match="token: ValueError: logged out"):
            await within(client.settled())
        assert await client.close() == 1

    async def test_it_sends_a_fresh_token_before_the_last_one_expires(self) -> None:
        tokens = [sign_brief_token("ann", 3)[0], sign_token("ann")]
        given = [*tokens]

        async def give() -> str:
            return given.pop(0)

        async def script(phone: Phone) -> None:
            now = {"server_time": int(time.time() * 1000)}
            await phone.say("welcome", protocol=1, user_id="ann", exercises=["squat"], **now)
            await phone.answer_hello(0)
            await phone.count(1, 1)
            (frame,) = await phone.hear("authenticate")
            assert frame["token"] == tokens[1]
            await phone.say("error", code="unknown_event", detail="an older server")
            await phone.count(2, 2)
            await phone.stay()

        async with Peer(script) as peer, client_of(peer.url, token=give) as client:
            make(client, 1)
            await within(until(lambda: not given))
            make(client, 1)
            await within(client.settled())


@pytest.mark.slow
class TokenServiceTests(SimpleTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.service = shared_token_service()

    async def test_it_trains_for_longer_than_a_token_lasts(self) -> None:
        user_id, expiries, welcomes = new_athlete(), [0.0], 0

        async def give() -> str:
            token, expires_at = sign_brief_token(user_id, 4)
            expiries.append(expires_at)
            return token

        def look(frame: Any) -> None:
            nonlocal welcomes
            welcomes += frame.event == "welcome"

        async with WorkoutClient(self.service.url, token=give, on_frame=look) as client:
            client.rep(at_ms=client.now_ms() - 60_000)
            await within(client.settled())
            first = expiries[1]
            await within(until(lambda: time.time() > first + 1))
            client.rep()
            assert (await within(client.finish())).count == 2
        assert len(expiries) > 2
        assert welcomes == 1

    async def test_it_needs_a_token(self) -> None:
        client = await WorkoutClient(self.service.url).__aenter__()
        client.rep()
        with pytest.raises(WorkoutClientError, match="4401: token_missing"):
            await within(client.settled())
        assert await asyncio.wait_for(client.close(), 60) == 1
