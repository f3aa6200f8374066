"""The reference client leaves a server alone for as long as that one asks."""

import asyncio
from http import HTTPStatus
from typing import Any

import websockets
from django.test import SimpleTestCase
from websockets.datastructures import Headers
from websockets.frames import Close
from websockets.http11 import Response

from workouts.client.connection import RETRY_AFTER_MAX_S, ReconnectBackoff, read_reconnect_after_s
from workouts.tests.support.peer import Peer, Phone, client_of, make, within


def closed(code: int, reason: str) -> websockets.ConnectionClosedError:
    return websockets.ConnectionClosedError(Close(code, reason), None)


def refused(**headers: str) -> websockets.InvalidStatus:
    named = Headers((name.replace("_", "-"), value) for name, value in headers.items())
    return websockets.InvalidStatus(Response(503, "Service Unavailable", named))


class RetryAfterTests(SimpleTestCase):
    def test_it_reads_what_the_server_asks_for(self) -> None:
        asked = [
            (closed(1013, "full; retry_after_ms=2500"), 2.5),
            (closed(1013, "retry_after_ms=0"), 0),
            (closed(1013, "the database cannot be reached"), 0),
            (closed(1012, "retry_after_ms=2500"), 0),
            (closed(1013, "retry_after_ms=999999999"), RETRY_AFTER_MAX_S),
            (refused(Retry_After="7"), 7),
            (refused(retry_after="86400"), RETRY_AFTER_MAX_S),
            (refused(Retry_After="Wed, 21 Oct 2026 07:28:00 GMT"), 0),
            (refused(Retry_After="-1"), 0),
            (refused(), 0),
            (websockets.ConnectionClosedError(None, None), 0),
            (OSError("connection refused"), 0),
        ]
        for error, wait_s in asked:
            with self.subTest(error=error):
                assert read_reconnect_after_s(error) == wait_s

    def test_it_adds_jitter_so_that_clients_do_not_all_come_back_at_once(self) -> None:
        backoff = ReconnectBackoff(lambda failures: 0.25)
        waits = {backoff.wait_s(at_least_s=2.0) for _ in range(100)}
        assert min(waits) >= 2.25
        assert max(waits) <= 3.25
        assert len(waits) > 10

    async def test_it_reconnects_no_sooner_than_a_close_with_1013_says(self) -> None:
        clock = asyncio.get_running_loop().time
        times: list[float] = []

        async def turn_away(phone: Phone) -> None:
            times.append(clock())
            await phone.socket.close(1013, "full; retry_after_ms=400")

        async def serve(phone: Phone) -> None:
            times.append(clock())
            await phone.greet()
            await phone.count(1, 1)
            await phone.stay()

        async with Peer(turn_away, serve) as peer, client_of(peer.url) as client:
            make(client, 1)
            await within(client.settled())
        assert times[1] - times[0] >= 0.4

    async def test_it_reconnects_no_sooner_than_a_refused_handshake_says(self) -> None:
        clock = asyncio.get_running_loop().time
        times: list[float] = []

        def refuse_once(socket: websockets.ServerConnection, request: Any) -> Any:
            times.append(clock())
            if len(times) > 1:
                return None
            response = socket.respond(HTTPStatus.SERVICE_UNAVAILABLE, "full")
            response.headers["Retry-After"] = "1"
            return response

        async def serve(phone: Phone) -> None:
            await phone.greet()
            await phone.count(1, 1)
            await phone.stay()

        peer = Peer(serve, process_request=refuse_once)
        async with peer, client_of(peer.url) as client:
            make(client, 1)
            await within(client.settled())
        assert times[1] - times[0] >= 1
