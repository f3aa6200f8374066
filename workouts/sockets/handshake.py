"""What a client offers at the handshake: subprotocols, and an access token.

A browser cannot set headers, so it offers its token as a subprotocol, after `senim.bearer`. The
token itself is never selected: the answer would repeat it.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from workouts.request_ids import request_id_headers
from workouts.sockets.frames import SENIM_V1

SENIM_BEARER = "senim.bearer"
KNOWN_SUBPROTOCOLS = (SENIM_V1, SENIM_BEARER)  # the first that is offered is selected
REFUSAL = f"Unknown subprotocols; this address knows {' and '.join(KNOWN_SUBPROTOCOLS)}."


def choose_subprotocol(offered: Sequence[str]) -> str | None:
    """Return the subprotocol to accept a socket with, or None if none is known."""
    return next((name for name in KNOWN_SUBPROTOCOLS if name in offered), None)


def find_offered_tokens(scope: Mapping[str, Any]) -> set[str]:
    """Return the tokens in the headers and beside the subprotocols, never one in the address."""
    tokens = {
        text
        for name, text in pairwise(scope.get("subprotocols", ()))
        if name == SENIM_BEARER and text not in KNOWN_SUBPROTOCOLS
    }
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _, text = value.decode("latin1").partition(" ")
            if scheme.lower() == "bearer" and text.strip():
                tokens.add(text.strip())
    return tokens


async def refuse_unknown_subprotocols(scope: Mapping[str, Any], send: Any) -> None:
    """Answer a handshake with 400, or with 403 if the server cannot send such an answer."""
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close"})
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8"), *request_id_headers()]
    await send({"type": "websocket.http.response.start", "status": 400, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": REFUSAL.encode()})
