"""The client's address, as a proxy in TRUSTED_PROXIES forwards it."""

from typing import Any

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from workouts.api.metrics import FORWARDED_PORT


class ForwardedClientMiddleware:
    """Takes the client's address from a trusted proxy as uvicorn does, but never its port.

    Some proxies forward the port as well. Without it, a forwarded address can be told from a peer's
    own.
    """

    def __init__(self, application: Any, trusted: list[str]) -> None:
        self.application = application
        self._take_forwarded = ProxyHeadersMiddleware(do_nothing, trusted)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        peer = scope.get("client")
        await self._take_forwarded(scope, receive, send)  # puts it into the scope
        if scope.get("client") is not peer:
            scope["client"] = (scope["client"][0], FORWARDED_PORT)
        await self.application(scope, receive, send)


async def do_nothing(scope: Any, receive: Any, send: Any) -> None:
    pass
