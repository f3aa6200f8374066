"""No text has a NUL, and PostgreSQL takes none: an address with one is wrong, whatever page it is of."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBadRequest, HttpResponseBase, QueryDict

SEARCH = "q"  # a list says by itself what is wrong with it


def has_nul(query: QueryDict) -> bool:
    return any(
        "\0" in text for name, values in query.lists() if name != SEARCH for text in (name, *values)
    )


def refuse_nul(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Answer an address of the admin that has a NUL with 400; the API has words of its own for it."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.path.startswith("/admin/") and has_nul(request.GET):
            return HttpResponseBadRequest(
                "The address has a NUL, which no text has.",
                content_type="text/plain; charset=utf-8",
            )
        return get_response(request)

    return middleware
