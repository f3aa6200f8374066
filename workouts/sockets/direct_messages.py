"""A socket's messages without the way through ASGI, from a server that offers it."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol

EXTENSION = "senim.messages"  # among the extensions of a socket's scope
REQUEST = "senim.request"  # the type of the event that passes on what a listener returned

# Takes a message's text, None if it is not text; returns what the next message has to wait for.
Listener = Callable[[str | None], Awaitable[None] | None]


class DirectMessages(Protocol):
    """What a server offers beside ASGI's receive and send, for the same socket."""

    def listen(self, listener: Listener) -> None:
        """Give each message to the listener at once, while somebody waits for one in receive().

        What the listener returns comes out of receive(), as the `request` of an event of the type
        REQUEST. Messages that arrive before the next call of receive() come out of it as well.
        The handshake is over then: the scope loses its headers, which would live as long as the
        socket.
        """

    def write(self, text: bytes) -> bool:
        """Send a text message, unless that has to wait or cannot be done; return whether it was."""


def find_direct_messages(scope: MutableMapping[str, Any]) -> DirectMessages | None:
    """Return what the server offers for a socket, None if it has only ASGI's way."""
    found: DirectMessages | None = scope.get("extensions", {}).get(EXTENSION)
    return found
