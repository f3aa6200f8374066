"""The viewer's time zone, from the cookie that senim/static/senim/time_zone.js sets."""

import zoneinfo
from collections.abc import Callable
from functools import cache

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

COOKIE = "time_zone"


@cache
def find_zones_for_middleware() -> frozenset[str]:
    """Return the names of all known time zones, including old ones like Asia/Calcutta."""
    return frozenset(zoneinfo.available_timezones())


def time_zone_middleware(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Activate the time zone that the request's cookie names, or TIME_ZONE if it names none.

    Like the language, it stays active afterwards: a streaming response is rendered after this
    function has returned.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        name = request.COOKIES.get(COOKIE, "")
        if name in find_zones_for_middleware():
            timezone.activate(zoneinfo.ZoneInfo(name))
        else:
            timezone.deactivate()
        return get_response(request)

    return middleware
