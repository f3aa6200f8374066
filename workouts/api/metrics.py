"""GET /metrics: who may read it, and the figures as text."""

import functools
import ipaddress
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from workouts.api.problems import answer_plain_problem
from workouts.metrics import write_metrics

FORWARDING_HEADERS = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP", "Forwarded", "Via")
# the port of an address that a trusted proxy forwards (senim.middleware.forwarded); no peer has it
FORWARDED_PORT = 0

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@csrf_exempt  # a wrong method gets 405, not CSRF's 403
@never_cache
def answer_metrics_request(request: HttpRequest) -> HttpResponse:
    if not may_request_metrics(request):
        return answer_plain_problem(
            HTTPStatus.FORBIDDEN, "This address may not read the metrics: see SENIM_METRICS_ALLOW."
        )
    if request.method not in ("GET", "HEAD"):
        response = answer_plain_problem(
            HTTPStatus.METHOD_NOT_ALLOWED, f"{request.method} is not allowed."
        )
        response["Allow"] = "GET, HEAD"
        return response
    return HttpResponse(write_metrics(), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def may_request_metrics(request: HttpRequest) -> bool:
    """Return whether the client's address is in SENIM_METRICS_ALLOW.

    Behind a proxy of TRUSTED_PROXIES, that is the address which the proxy forwards. A request that
    any other proxy forwards has the proxy's own address, and is never allowed.
    """
    is_forwarded = any(name in request.headers for name in FORWARDING_HEADERS)
    if is_forwarded and request.META.get("REMOTE_PORT") != FORWARDED_PORT:
        return False
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(
        address in network for network in parse_networks_of_request(*settings.SENIM_METRICS_ALLOW)
    )


@functools.cache
def parse_networks_of_request(*texts: str) -> list[Network]:
    return [ipaddress.ip_network(text) for text in texts]
