"""When the reference client reconnects, when it gives up, and what it keeps meanwhile."""

import asyncio
from http import HTTPStatus
from typing import Any
from unittest.mock import patch

import pytest
import websockets
from django.test import SimpleTestCase

from workouts.client import Rep, WorkoutClient, WorkoutClientError, jittered_reconnect_s
from workouts.client.connection import read_client_clock_ms, start_client_clock
from workouts.tests.support.peer import Peer, Phone, client_of, make, statuses, until, within


class ConnectionTests(SimpleTestCase):
    async def test_it_keeps_reps_while_offline(self) -> None:
        async def script(phone: Phone) -> None:
            await phone.greet()
            await phone.count(1, 50)
            await phone.save(1, 50)
            await phone.stay()

        peer, failed = Peer(script), asyncio.Event()
        async with client_of(peer.url, backoff=lambda failures: failed.set() or 0.01) as client:
            make(client, 50)
            await within(failed.wait())
            async with peer:
                assert (await within(client.finish())).count == 50
                await within(client.close())

    async def test_it_warns_once_that_no_service_answers(self) -> None:
        thrice = asyncio.Event()

        def wait(failures: int) -> float:
            if failures == 3:
                thrice.set()
            return 0.0

        peer = Peer()
        with self.assertLogs("workouts.client", "WARNING") as said:
            async with client_of(peer.url, backoff=wait) as client:
                await within(thrice.wait())
                await within(client.close())
        assert [record.getMessage() for record in said.records] == [
            f"no service answers at {peer.url} yet; still trying"
        ]

    async def test_failures_add_up_until_a_rep_is_settled(self) -> None:
        waits: list[int] = []
        five = asyncio.Event()

        def wait(failures: int) -> float:
            waits.append(failures)
            if len(waits) == 5:
                five.set()
            return 0.0

        async def script(phone: Phone) -> None:
            await phone.greet()
            await phone.count(1, 1)
            await phone.socket.close(1012)

        async def carry_on(phone: Phone) -> None:
            await phone.greet(1)
            await phone.stay()

        peer = Peer(script, carry_on)
        async with client_of(peer.url, backoff=wait) as client:
            await within(five.wait())
            make(client, 1)
            async with peer:
                await within(client.settled())
                await within(peer.at_the_last.wait())
                await within(client.close())
        assert waits[:5] == [1, 2, 3, 4, 5]
        assert waits[-1] == 1

    def test_the_wait_is_random_from_zero_to_a_growing_limit(self) -> None:
        assert all(0 <= jittered_reconnect_s(1) <= 0.1 for _ in range(200))
        assert all(0 <= jittered_reconnect_s(10_000) <= 5 for _ in range(200))
        assert len({jittered_reconnect_s(7) for _ in range(50)}) > 10
        assert max(jittered_reconnect_s(7) for _ in range(200)) > 2.5

    async def test_it_reconnects_if_the_server_stops_answering(self) -> None:
        async def be_silent(phone: Phone) -> None:
            await phone.greet()
            await phone.hear("rep_detected")
            await phone.stay()

        async def carry_on(phone: Phone) -> None:
            await phone.greet()
            await phone.count(1, 1)
            await phone.stay()

        async with (
            Peer(Phone.stay, be_silent, carry_on) as peer,
            client_of(peer.url, answer_timeout_s=0.15) as client,
        ):
            make(client, 1)
            await within(client.settled())

    async def test_it_gives_up_after_a_fatal_close_code(self) -> None:
        for code in (4401, 4403, 1008, 1009):

            async def turn_away(phone: Phone, code: int = code) -> None:
                await phone.greet()
                await phone.count(1, 1)
                await phone.hear("rep_detected")
                await phone.socket.close(code, "not you")

            async with Peer(turn_away) as peer:
                client = await client_of(peer.url).__aenter__()
                make(client, 2)
                with pytest.raises(WorkoutClientError) as raised:
                    await within(client.finish())
                with pytest.raises(WorkoutClientError, match="not you"):
                    await within(client.__aexit__(None, None, None))
                assert raised.value.code == str(code)
                with pytest.raises(WorkoutClientError, match="not you"):
                    client.rep()

    async def test_it_gives_up_on_a_refused_handshake(self) -> None:
        def refuse(socket: websockets.ServerConnection, request: Any) -> Any:
            return socket.respond(HTTPStatus.FORBIDDEN, "not you")

        async with websockets.serve(
            lambda socket: socket.wait_closed(), "127.0.0.1", 0, process_request=refuse
        ) as server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            async with client_of(url) as client:
                with pytest.raises(WorkoutClientError, match="403"):
                    await within(client.finish())

    async def test_it_gives_up_on_a_server_without_senim_v1(self) -> None:
        async with websockets.serve(lambda socket: socket.wait_closed(), "127.0.0.1", 0) as server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            async with client_of(url) as client:
                with pytest.raises(WorkoutClientError, match=r"senim\.v1"):
                    await within(client.finish())

    async def test_an_error_that_no_call_has_raised_is_raised_on_leaving(self) -> None:
        async def turn_away(phone: Phone) -> None:
            await phone.greet()
            await phone.socket.close(1008, "not you")

        async with Peer(turn_away) as peer:
            with pytest.raises(WorkoutClientError, match="1008: not you"):
                async with client_of(peer.url) as client:
                    await within(until(lambda: client._error is not None))

    async def test_an_error_in_a_callback_ends_it_without_reconnecting(self) -> None:
        async def script(phone: Phone) -> None:
            await phone.greet()
            await phone.count(1, 1)
            await phone.stay()

        def fail(rep: Rep, count: int) -> None:
            raise OSError("disk full")

        async with Peer(script) as peer:
            with pytest.raises(WorkoutClientError, match="callback: OSError: disk full"):
                async with client_of(peer.url, on_ack=fail) as client:
                    make(client, 1)
        assert peer.connections == 1

    async def test_later_reps_of_an_unknown_exercise_are_not_sent(self) -> None:
        async def script(phone: Phone) -> None:
            await phone.greet()
            (rep,) = await phone.hear("rep_detected")
            await phone.say("error", code="unknown_exercise", detail="known: squat", seq=rep["seq"])
            await phone.count(26, 26)
            await phone.stay()

        async with Peer(script) as peer, client_of(peer.url) as client:
            for _ in range(25):
                (typo,) = make(client, 1, "sqat")
                await within(client.settled())
                assert typo.status == "unknown_exercise"
            make(client, 1)
            await within(client.settled())

    async def test_it_repeats_a_hello_whose_answer_was_slow(self) -> None:
        async def script(phone: Phone) -> None:
            await phone.say(
                "welcome", protocol=1, user_id="aigul", server_time=1, exercises=["squat"]
            )
            for wait_s in (0.15, 0.0):
                await phone.hear("hello")
                await asyncio.sleep(wait_s)
                await phone.say("hello", device="phone", last_seq=0, server_time=1)
            await phone.count(1, 1)
            await phone.stay()

        with patch("workouts.client.conversation.HELLO_S", 0.1):
            async with Peer(script) as peer, client_of(peer.url) as client:
                make(client, 1)
                await within(client.settled())

    def test_its_clock_ignores_changes_to_the_systems_time(self) -> None:
        now_ms = start_client_clock()
        before = now_ms()
        assert abs(before - read_client_clock_ms()) < 1000
        with patch("time.time_ns", lambda: 0):
            assert 0 <= now_ms() - before < 1000

    async def test_waiting_reps_of_an_unknown_exercise_are_dropped_after_one_error(self) -> None:
        async def script(phone: Phone) -> None:
            await phone.greet()
            (rep,) = await phone.hear("rep_detected")
            await phone.say("error", code="unknown_exercise", detail="known: squat", seq=rep["seq"])
            await phone.count(31, 32)
            await phone.stay()

        async with Peer(script) as peer, client_of(peer.url) as client:
            typos = make(client, 30, "sqat")
            make(client, 2)
            await within(client.settled())
        assert set(statuses(typos)) == {"unknown_exercise"}
        assert [rep.exercise for rep in client.held] == ["squat", "squat"]

    async def test_close_returns_how_many_reps_are_unsettled(self) -> None:
        async with client_of("http://127.0.0.1:1") as client:
            make(client, 3)
            assert await within(client.close(wait_s=0.05)) == 3
            with pytest.raises(WorkoutClientError, match="closed"):
                client.rep()

    async def test_leaving_raises_an_error_if_reps_are_unsettled(self) -> None:
        client = await client_of("http://127.0.0.1:1").__aenter__()
        make(client, 3)
        with (
            patch("workouts.client.client.LEAVE_TIMEOUT_S", 0.05),
            pytest.raises(WorkoutClientError, match="unsettled: 3 reps"),
        ):
            await within(client.__aexit__(None, None, None))

    def test_it_refuses_an_impossible_device_address_or_exercise(self) -> None:
        with pytest.raises(ValueError, match="device"):
            WorkoutClient("http://127.0.0.1", device="två")
        with pytest.raises(ValueError, match="address"):
            WorkoutClient("127.0.0.1:8000")
        for exercise in ("Squat", "x" * 33, "a b", "\ud800"):
            with pytest.raises(ValueError, match="exercise"):
                WorkoutClient("http://127.0.0.1").rep(exercise)
