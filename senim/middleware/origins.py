"""The check of the web pages that may open a socket or change something over HTTP."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlparse

from channels.security.websocket import OriginValidator, WebsocketDenier
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.http.request import split_domain_port, validate_host

from workouts.api.problems import answer_plain_problem
from workouts.exceptions import Code
from workouts.log_limits import limit_log

SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE")  # RFC 9110, section 9.2.1
# what Sec-Fetch-Site says of our own pages, and of what no page asked for, like a bookmark
OWN_SITES = ("same-origin", "none")
MAX_LOGGED_LENGTH = 100


class AllowedOriginsMiddleware:
    """Lets in sockets without an Origin (phones, programs), our own pages, and ALLOWED_ORIGINS."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        headers = dict(scope["headers"])
        origin, host = headers.get(b"origin"), headers.get(b"host", b"")
        if origin is None or is_allowed_origin(origin.decode("latin1"), host.decode("latin1")):
            return await self.application(scope, receive, send)
        return await WebsocketDenier()(scope, receive, send)


def refuse_foreign_pages_middleware(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Answer 403 to a request of a foreign page that would change something.

    Whoever is signed in, or can reach a service in the open mode, would be made to send it. Clients
    that are no browser send neither Origin nor Sec-Fetch-Site.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.method in SAFE_METHODS:
            return get_response(request)
        origin = request.headers.get("Origin")
        site = request.headers.get("Sec-Fetch-Site", "none")
        if origin is None:
            is_allowed = site in OWN_SITES
        else:
            is_allowed = is_allowed_origin(origin, request.get_host())
        if is_allowed:
            return get_response(request)
        limit_log("foreign_page_refused", origin=(origin or site)[:MAX_LOGGED_LENGTH])
        return answer_plain_problem(
            HTTPStatus.FORBIDDEN,
            "The page that sent this is not one of the service's own; see ALLOWED_ORIGINS.",
            code=Code.NOT_ALLOWED,
        )

    return middleware


def is_allowed_origin(origin: str, host: str) -> bool:
    """Return whether an Origin belongs to our own pages or is one of ALLOWED_ORIGINS."""
    if is_own_origin(origin, host):
        return True
    validator = OriginValidator(None, settings.ALLOWED_ORIGINS)
    # Channels would raise for one that cannot be parsed
    return can_parse_origin(origin) and bool(validator.validate_origin(urlparse(origin)))


def is_own_origin(origin: str, host: str) -> bool:
    """Return whether an Origin is the request's Host, and that is in ALLOWED_HOSTS.

    Without that second condition, any name that an attacker points at this machine would be let in.
    Either scheme will do, since a proxy that ends TLS may not say so, unless HTTPS_ONLY is set.
    """
    origin, host = origin.lower(), host.lower()
    schemes = ("https",) if settings.HTTPS_ONLY else ("http", "https")
    domain, _ = split_domain_port(host)
    return origin in [f"{scheme}://{host}" for scheme in schemes] and validate_host(
        domain, settings.ALLOWED_HOSTS
    )


def can_parse_origin(origin: str) -> bool:
    """Return whether this is an address, with a port from 0 to 65535 if it has one."""
    try:
        urlparse(origin).port  # noqa: B018 (raises for a bad one)
    except ValueError:
        return False
    return True
