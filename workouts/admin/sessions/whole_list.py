"""The list of sessions for a query, across its pages: what an export or a review goes through."""

from copy import copy

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ALL_VAR, ERROR_FLAG, PAGE_VAR, SEARCH_VAR, ChangeList
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, QueryDict


class WholeChangeList(ChangeList):
    """All rows of the list, without reading or counting any."""

    def get_results(self, request: HttpRequest) -> None:
        pass


def read_whole_changelist(
    sessions: admin.ModelAdmin, request: HttpRequest, query: QueryDict
) -> WholeChangeList:
    """Return the list that the user sees for a query.

    Raises PermissionDenied, and IncorrectLookupParameters for a query that the list can't apply.
    """
    if not sessions.has_view_permission(request):
        raise PermissionDenied
    request = copy(request)
    request.GET = query  # type: ignore[assignment]
    # as get_changelist_instance() does, which takes the class from the admin
    shown = WholeChangeList(
        request,
        model=sessions.model,
        list_display=sessions.get_list_display(request),
        list_display_links=(),
        list_filter=sessions.get_list_filter(request),
        date_hierarchy=sessions.date_hierarchy,
        search_fields=sessions.get_search_fields(request),
        list_select_related=sessions.get_list_select_related(request),
        list_per_page=sessions.list_per_page,
        list_max_show_all=sessions.list_max_show_all,
        list_editable=(),
        model_admin=sessions,
        sortable_by=(),
        search_help_text=None,
    )
    if shown.query != query.get(SEARCH_VAR, "").strip():
        # the list shows an error and every session; what goes through it cannot show the error
        raise IncorrectLookupParameters
    return shown


def copy_changelist_query(query: QueryDict, *without: str) -> QueryDict:
    """Return the list's part of a page's query: filters, search and order."""
    own = query.copy()
    for name in (*without, PAGE_VAR, ALL_VAR, ERROR_FLAG):
        own.pop(name, None)
    return own
