"""No text has a NUL, and PostgreSQL takes none: an address with one is wrong, whatever page it is of."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBadRequest, HttpResponseBase


def refuse_nul(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Answer an address of the admin that has a NUL with 400; the API has words of its own for it."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.path.startswith("/admin/") and any("\0" in text for name in request.GET for text in (name, *request.GET.getlist(name))):
            return HttpResponseBadRequest()
        return get_response(request)

    return middleware
