"""Request IDs: one for each HTTP request, socket and sweep, in its log lines and in what it saves.

It is kept in structlog's context variables, which follow a request into its threads.
"""

import re
import uuid

from structlog.contextvars import get_contextvars

HEADER = b"x-request-id"
MAX_LENGTH = 64
REQUEST_ID = re.compile(rf"\A[A-Za-z0-9._-]{{1,{MAX_LENGTH}}}\Z")


def make_request_id() -> str:
    return uuid.uuid4().hex


def choose_request_id(headers: list[tuple[bytes, bytes]]) -> str:
    """Return the request ID in an ASGI scope's headers if there is a well-formed one, or a new one.

    A malformed one could break a log line or overflow the column.
    """
    given = dict(headers).get(HEADER, b"").decode("latin1")
    return given if REQUEST_ID.match(given) else make_request_id()


def current_request_id() -> str:
    """Return the ID of the request, socket or sweep that runs now, "" outside of any."""
    request_id: str = get_contextvars().get("request_id", "")
    return request_id


def request_id_headers() -> list[tuple[bytes, bytes]]:
    """Return the headers that tell the client its request ID."""
    request_id = current_request_id()
    return [(HEADER, request_id.encode())] if request_id else []
