"""Connections at the limit: who is let in, who comes back later, and who is told what."""

import asyncio
import re
import uuid
from contextlib import AsyncExitStack

import pytest
import websockets
from django.test import SimpleTestCase

from workouts.simulation.raw_socket import (
    SimulatedHandshakeRefused,
    SimulatedRawSocket,
    SocketClosed,
    build_simulated_text,
)
from workouts.tests.support.cast import new_athlete
from workouts.tests.support.raw_http import RawConnection
from workouts.tests.support.service import Service, shared_service

LIMIT = 20
ANSWER_S = 60.0
REP = build_simulated_text({"event": "rep_detected"})
FINISH = "POST /workout/finish HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n"


def small_service() -> Service:
    return shared_service(SENIM_MAX_CONNECTIONS=str(LIMIT), TRUSTED_PROXIES="127.0.0.1")


class AdmissionTests(SimpleTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.service = small_service()

    async def connect(
        self, stack: AsyncExitStack, address: str = "", **options: str
    ) -> SimulatedRawSocket:
        """Connect as an athlete of a proxy's client, each of an address of its own by default."""
        socket = await SimulatedRawSocket.connect(
            self.service.url,
            f"/ws/workout?user_id={new_athlete()}",
            headers={"X-Forwarded-For": address or f"2001:db8:{uuid.uuid4().hex[:4]}::1"},
            **options,
        )
        return await stack.enter_async_context(socket)

    async def fill(self, stack: AsyncExitStack, number: int) -> list[SimulatedRawSocket]:
        """Return so many sockets that count reps."""
        sockets = [await self.connect(stack) for _ in range(number)]
        for socket in sockets:
            await count_rep(socket)
        return sockets

    async def test_near_the_limit_a_socket_is_told_when_to_come_back(self) -> None:
        async with AsyncExitStack() as stack:
            await self.fill(stack, 18)
            for subprotocol in ("", "senim.v1"):
                closed = await (await self.connect(stack, subprotocol=subprotocol)).hear_close()
                assert closed.code == 1013
                assert re.fullmatch(r"retry_after_ms=\d{4,5}", closed.reason)

    async def test_near_the_limit_a_browser_with_a_token_is_told_too(self) -> None:
        async with AsyncExitStack() as stack:
            await self.fill(stack, 18)
            for offered, selected in (
                (["senim.bearer", "x"], "senim.bearer"),
                (["senim.bearer", "x", "senim.v1"], "senim.v1"),
            ):
                url = self.service.socket_url(new_athlete())
                async with websockets.connect(
                    url, subprotocols=offered, open_timeout=ANSWER_S
                ) as socket:
                    assert socket.subprotocol == selected
                    await asyncio.wait_for(socket.wait_closed(), ANSWER_S)
                    assert socket.close_code == 1013

    async def test_at_the_limit_a_handshake_gets_503_and_open_sockets_go_on(self) -> None:
        async with AsyncExitStack() as stack:
            sockets = await self.fill(stack, 18)
            for _ in range(2):
                await stack.enter_async_context(await hold_request(self.service))
            with pytest.raises(SimulatedHandshakeRefused) as refused:
                await self.connect(stack)
            assert refused.value.status == 503
            for socket in sockets:
                await count_rep(socket)

    async def test_at_the_limit_only_the_health_answer_and_the_metrics_are_given(self) -> None:
        async with AsyncExitStack() as stack:
            await self.fill(stack, 18)
            for _ in range(2):
                await stack.enter_async_context(await hold_request(self.service))
            assert self.service.ask("GET", "/").status == 200
            assert self.service.ask("GET", "/metrics").status == 200
            answer = self.service.ask("POST", "/workout/finish", {})
            assert answer.status == 503
            assert answer.headers["content-type"] == "application/problem+json"
            assert int(answer.headers["retry-after"]) > 0

    async def test_silent_connections_make_room(self) -> None:
        async with AsyncExitStack() as stack:
            for _ in range(3 * LIMIT):
                await stack.enter_async_context(await RawConnection.open(self.service))
            # they count until they are closed; a tenth of the limit is kept from sockets
            assert self.service.ask("GET", "/").status == 200
            request = await stack.enter_async_context(await RawConnection.open(self.service))
            request.send(FINISH)
            assert await request.read_status() in (200, 409, 503)

    async def test_an_address_gets_a_fair_share_of_what_is_left(self) -> None:
        async with AsyncExitStack() as stack:
            greedy = [await self.connect(stack, "192.0.2.1") for _ in range(LIMIT // 2)]
            for _ in range(3):
                async with AsyncExitStack() as brief:
                    refused = await self.connect(brief, "192.0.2.1")
                    assert (await refused.hear_close()).code == 1013
            await self.fill(stack, 3)
            for socket in greedy:  # never as a close of one that is open
                await count_rep(socket)

    async def test_a_socket_that_leaves_makes_room(self) -> None:
        for _ in range(2):
            async with AsyncExitStack() as stack:
                await self.fill(stack, 17)


async def count_rep(socket: SimulatedRawSocket) -> None:
    socket.send(REP)
    try:
        answer = await socket.hear_answer()
    except SocketClosed as closed:
        raise AssertionError(f"closed with {closed.code} {closed.reason}") from closed
    assert answer["event"] == "rep_ack"


async def hold_request(service: Service) -> RawConnection:
    """Return a connection whose request waits for its body."""
    connection = await RawConnection.open(service)
    connection.send(FINISH.replace("Length: 0", "Length: 2\r\nExpect: 100-continue"))
    assert await connection.read_status() == 100
    return connection
