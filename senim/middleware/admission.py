"""Who gets in while the server is nearly full: the limit on connections, and fair shares of it."""

import random
from collections import Counter
from typing import Any

from django.conf import settings

from senim.http.refusals import refuse_asgi_request_for_now, send_asgi_refusal
from workouts.close_codes import CLOSE_TRY_LATER
from workouts.identity.networks import find_client_network
from workouts.metrics import count_refusal_metric
from workouts.sockets.handshake import (
    KNOWN_SUBPROTOCOLS,
    SENIM_DISPLAY_V1,
    choose_subprotocol,
)

FULL = "The server is full; try again later."
NEARLY_FULL = 0.9
# those who are sent away come back spread over some seconds
RETRY_AFTER_MS = (5_000, 15_000)
# the health answer and the metrics, for those who look after the server: short, and few ask
ALWAYS_ANSWERED = ("/", "/metrics")


class RequestAdmission:
    """Answers 503 to requests over SENIM_MAX_CONNECTIONS, but for those of ALWAYS_ANSWERED."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        is_full = count_server_connections(scope) > settings.SENIM_MAX_CONNECTIONS
        if not is_full or scope["path"] in ALWAYS_ANSWERED:
            await self.application(scope, receive, send)
            return
        await send_asgi_refusal(
            send, refuse_asgi_request_for_now("connections", FULL, closes=True), as_problem=True
        )


class SocketAdmission:
    """Refuses sockets over SENIM_MAX_CONNECTIONS, and from 90 % on asks them to come back later.

    An address gets as many sockets as are left for everybody: the more are taken, the fewer it may
    have, and no address can take them all. That is only known behind a trusted proxy; without one,
    all of a site's clients may share an address. Sockets that are open stay open.
    """

    def __init__(self, application: Any) -> None:
        self.application = application
        self._sockets: Counter[str] = Counter()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        most = settings.SENIM_MAX_CONNECTIONS
        taken = count_server_connections(scope)
        if taken > most:
            count_refusal_metric("connections")
            await refuse_handshake(receive, send)
            return
        network = find_scope_network(scope) if settings.TRUSTED_PROXIES else None
        if taken > most * NEARLY_FULL:
            count_refusal_metric("nearly_full")
            await send_socket_away(scope, receive, send)
            return
        if network and self._sockets[network] > most - taken:
            count_refusal_metric("address_share", network=network)
            await send_socket_away(scope, receive, send)
            return
        if network is None:
            await self.application(scope, receive, send)
            return
        self._sockets[network] += 1
        try:
            await self.application(scope, receive, send)
        finally:
            self._sockets[network] -= 1
            if not self._sockets[network]:
                del self._sockets[network]


def count_server_connections(scope: Any) -> int:
    """Return how many connections the process has, with this one; 0 if the server does not say."""
    return len(scope.get("state", {}).get("connections", ()))


def find_scope_network(scope: Any) -> str | None:
    client = scope.get("client")
    return find_client_network(client[0]) if client else None


async def refuse_handshake(receive: Any, send: Any) -> None:
    await receive()
    headers = [
        (b"retry-after", b"%d" % (draw_retry_after_ms() // 1000)),
        (b"content-type", b"text/plain; charset=utf-8"),
    ]
    await send({"type": "websocket.http.response.start", "status": 503, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": FULL.encode()})


async def send_socket_away(scope: Any, receive: Any, send: Any) -> None:
    """Accept a socket, so that its client sees why, and close it."""
    await receive()
    known = (*KNOWN_SUBPROTOCOLS, SENIM_DISPLAY_V1)
    subprotocol = choose_subprotocol(scope.get("subprotocols", ()), known)
    await send({"type": "websocket.accept", "subprotocol": subprotocol})
    reason = f"retry_after_ms={draw_retry_after_ms()}"
    await send({"type": "websocket.close", "code": CLOSE_TRY_LATER, "reason": reason})


def draw_retry_after_ms() -> int:
    return random.randint(*RETRY_AFTER_MS)  # noqa: S311 (to spread them, not to hide anything)
