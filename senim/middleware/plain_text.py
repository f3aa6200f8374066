"""A guard against what the admin's addresses cannot have: a NUL, and a blank `_to_field`.

PostgreSQL cannot take the one, and Django answers the other with a 500.
"""

from collections.abc import Callable

from django.contrib.admin.options import TO_FIELD_VAR
from django.http import HttpRequest, HttpResponseBadRequest, HttpResponseBase, QueryDict

SEARCH = "q"  # the lists report a bad search themselves


def has_nul_in_query(query: QueryDict) -> bool:
    return any(
        "\0" in text for name, values in query.lists() if name != SEARCH for text in (name, *values)
    )


def has_blank_to_field(request: HttpRequest) -> bool:
    return any(fields.get(TO_FIELD_VAR) == "" for fields in (request.GET, request.POST))


def refuse_malformed_middleware(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Answer 400 to those in a request for an admin page; the API reports a NUL for each field."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.path.startswith("/admin/"):
            if has_nul_in_query(request.GET):
                return refuse_malformed("The address contains a NUL character.")
            if has_blank_to_field(request):
                return refuse_malformed(f"The field {TO_FIELD_VAR} is blank.")
        return get_response(request)

    return middleware


def refuse_malformed(reason: str) -> HttpResponseBadRequest:
    return HttpResponseBadRequest(reason, content_type="text/plain; charset=utf-8")
