"""The bodies of requests, capped and counted before Django sees them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from http import HTTPStatus
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from django.core.exceptions import RequestAborted

from senim.http.refusals import RefusedError, refuse_asgi_request_for_now

Receive = Callable[[], Awaitable[Any]]
SPOOL_BYTES = 64 * 1024  # a longer body is kept in a file
# a body this short is never refused for want of room: large ones must not keep out finishes
SMALL_BODY_BYTES = 4 * 1024
# of all bodies beyond that: a thousand of 64 KiB, or twelve of the admin's largest
MAX_HELD_BYTES = 64 * 1024 * 1024
# a refused client may be in the middle of sending, and a connection that is closed with unread
# data is reset: the client would never see the answer
DRAIN_S = 2.0
DRAIN_BYTES = 8 * 1024 * 1024


class AsgiBodies:
    """The bodies that a process holds: in memory up to 64 KiB each, beyond that in a file."""

    def __init__(self) -> None:
        self.held_bytes = 0
        self.max_held_bytes = MAX_HELD_BYTES

    async def read(self, scope: Any, receive: Receive, *, max_bytes: int) -> "AsgiBody":
        """Read a body to its end.

        Raises RefusedError if it is too long, by its Content-Length or by what has come, or if too
        much is held, and RequestAborted if the client goes first.
        """
        if find_asgi_content_length(scope) > max_bytes:
            raise refuse_long_asgi_body(max_bytes)
        body = AsgiBody(self)
        try:
            async for part in read_asgi_body_parts(receive):
                body.append(part, max_bytes=max_bytes)
        except BaseException:
            body.close()
            raise
        body.file.seek(0)
        return body


class AsgiBody:
    """One request's body; `close` gives its room back."""

    def __init__(self, bodies: AsgiBodies) -> None:
        self.file: IO[bytes] = SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115
        self._bodies = bodies
        self._bytes = 0

    def append(self, part: bytes, *, max_bytes: int) -> None:
        """Add a part. Raises RefusedError, and adds nothing, if that is too much."""
        if self._bytes + len(part) > max_bytes:
            raise refuse_long_asgi_body(max_bytes)
        is_small = self._bytes + len(part) <= SMALL_BODY_BYTES
        if not is_small and self._bodies.held_bytes + len(part) > self._bodies.max_held_bytes:
            raise refuse_asgi_request_for_now(
                "bodies_held", "Too many long requests at once.", closes=True
            )
        self._bytes += len(part)
        self._bodies.held_bytes += len(part)
        self.file.write(part)

    def close(self) -> None:
        self._bodies.held_bytes -= self._bytes
        self._bytes = 0
        self.file.close()


async def read_asgi_body_parts(receive: Receive) -> AsyncIterator[bytes]:
    """Yield the parts of a body. Raises RequestAborted if the client goes before its end."""
    is_more = True
    while is_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RequestAborted
        is_more = message.get("more_body", False)
        yield message.get("body", b"")


def find_asgi_content_length(scope: Any) -> int:
    """Return the length that the request declares, or 0."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else 0
    return 0


def refuse_long_asgi_body(max_bytes: int) -> RefusedError:
    return RefusedError(
        "body_bytes",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        f"The body is longer than {max_bytes // 1024} KiB.",
        closes=True,
    )


async def drain_asgi_body(receive: Receive) -> None:
    """Read and drop the rest of a refused body, within bounds."""
    dropped = 0
    with suppress(TimeoutError, RequestAborted):
        async with asyncio.timeout(DRAIN_S):
            async for part in read_asgi_body_parts(receive):
                dropped += len(part)
                if dropped > DRAIN_BYTES:
                    return
