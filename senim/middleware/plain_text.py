"""A guard against NUL characters in the admin's addresses: PostgreSQL cannot take them."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBadRequest, HttpResponseBase, QueryDict

SEARCH = "q"  # the lists report a bad search themselves


def has_nul_in_query(query: QueryDict) -> bool:
    return any(
        "\0" in text for name, values in query.lists() if name != SEARCH for text in (name, *values)
    )


def refuse_nul_middleware(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Answer 400 to a NUL in an admin page's query; the API reports it for each field itself."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.path.startswith("/admin/") and has_nul_in_query(request.GET):
            return HttpResponseBadRequest(
                "The address contains a NUL character.",
                content_type="text/plain; charset=utf-8",
            )
        return get_response(request)

    return middleware
