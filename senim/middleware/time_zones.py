"""The time zone of the viewer: their browser names it in a cookie, which senim/static/senim/time_zone.js sets."""

import zoneinfo
from collections.abc import Callable
from functools import cache

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

COOKIE = "time_zone"


@cache
def find_zones() -> frozenset[str]:
    """Return the names of all time zones known here, old ones like Asia/Calcutta too."""
    return frozenset(zoneinfo.available_timezones())


def use_time_zone(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Have each request see times in the zone of its cookie, or in TIME_ZONE where it names none.

    Like the language it is left on afterwards: a response that streams is made when this has returned.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        name = request.COOKIES.get(COOKIE, "")
        if name in find_zones():
            timezone.activate(zoneinfo.ZoneInfo(name))
        else:
            timezone.deactivate()
        return get_response(request)

    return middleware
