"""The check of the web pages that may open a socket."""

from typing import Any
from urllib.parse import ParseResult, urlparse

from channels.security.websocket import OriginValidator, WebsocketDenier
from django.conf import settings
from django.http.request import split_domain_port, validate_host


class AllowedOriginsMiddleware(OriginValidator):
    """Lets in clients without an Origin (phones, programs), our own pages, and ALLOWED_ORIGINS.

    A page is our own if its Origin is the request's Host and that is in ALLOWED_HOSTS. Without that
    second condition, any name that an attacker points at this machine would be let in.
    """

    def __init__(self, application: Any) -> None:
        super().__init__(application, settings.ALLOWED_ORIGINS)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        headers = dict(scope["headers"])
        origin, host = headers.get(b"origin"), headers.get(b"host", b"").decode("latin1").lower()
        if origin is None or self.is_own(origin.decode("latin1").lower(), host):
            return await self.application(scope, receive, send)
        if not can_parse_origin(origin.decode("latin1")):  # Channels would raise
            return await WebsocketDenier()(scope, receive, send)
        return await super().__call__(scope, receive, send)

    def is_own(self, origin: str, host: str) -> bool:
        domain, _ = split_domain_port(host)
        return origin in (f"http://{host}", f"https://{host}") and validate_host(
            domain, settings.ALLOWED_HOSTS
        )

    def valid_origin(self, parsed_origin: ParseResult | None) -> bool:
        return parsed_origin is not None and self.validate_origin(parsed_origin)


def can_parse_origin(origin: str) -> bool:
    """Return whether this is an address, with a port from 0 to 65535 if it has one."""
    try:
        urlparse(origin).port  # noqa: B018 (raises for a bad one)
    except ValueError:
        return False
    return True
