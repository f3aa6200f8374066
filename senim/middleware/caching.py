"""What must not be kept by browsers and proxies."""

import re
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase


def no_store_middleware(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Add Cache-Control: no-store to the API's answers, errors included.

    An answer that has a Cache-Control of its own keeps it.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if re.match(settings.API_PATHS, request.path_info):
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    return middleware
