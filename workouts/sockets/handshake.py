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
SENIM_DISPLAY_V1 = "senim.display.v1"  # at the wall's address, beside a screen's token
KNOWN_SUBPROTOCOLS = (SENIM_V1, SENIM_BEARER)  # the first that is offered is selected
REFUSAL = f"Unknown subprotocols; this address knows {' and '.join(KNOWN_SUBPROTOCOLS)}."


def choose_subprotocol(
    offered: Sequence[str], known: Sequence[str] = KNOWN_SUBPROTOCOLS
) -> str | None:
    """Return the subprotocol to accept a socket with, or None if none is known."""
    return next((name for name in known if name in offered), None)


def find_display_token(scope: Mapping[str, Any]) -> str | None:
    """Return the token that follows `senim.display.v1`, "" if none does, None if not a screen."""
    offered = [*scope.get("subprotocols", ())]
    if SENIM_DISPLAY_V1 not in offered:
        return None
    following = offered[offered.index(SENIM_DISPLAY_V1) + 1 :]
    return following[0] if following else ""


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
