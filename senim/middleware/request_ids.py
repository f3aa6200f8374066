"""Gives each HTTP request and each socket a request ID."""

from typing import Any

from structlog.contextvars import bound_contextvars

from workouts.request_ids import choose_request_id, request_id_headers


class RequestIdMiddleware:
    """Binds the request ID for the log, and answers an HTTP request with it.

    A socket's consumer answers it at the handshake: wrapping `send` here would cost every rep.
    """

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        with bound_contextvars(request_id=choose_request_id(scope["headers"])):
            if scope["type"] == "http":
                send = add_middleware_headers(send, request_id_headers())
            await self.application(scope, receive, send)


def add_middleware_headers(send: Any, headers: list[tuple[bytes, bytes]]) -> Any:
    """Return `send` such that an answer starts with these headers as well."""

    async def send_with_headers(message: Any) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *headers]}
        await send(message)

    return send_with_headers
