"""Export of the sessions that the list's filter shows: the page that asks how, the file, and how far it is."""

import re
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ALL_VAR, ERROR_FLAG, PAGE_VAR, SEARCH_VAR, ChangeList
from django.core.exceptions import PermissionDenied
from django.core.handlers.asgi import ASGIRequest
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    StreamingHttpResponse,
)
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone, translation
from django.utils.formats import get_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from workouts.admin.paging import count_up_to
from workouts.admin.sessions.filters import FormFilter
from workouts.exports.progress import UNKNOWN, Progress, ProgressNotes, read_progress
from workouts.exports.steps import FILES, Export, Steps, send_from_threads

COUNTED_ON_PAGE = 10_000
WORD = r"[A-Za-z0-9_-]{8,64}"
LIST = "admin:workouts_workoutsession_changelist"


class ExportForm(forms.Form):
    """`progress` is a word by which the page asks how far the file is."""

    format = forms.ChoiceField(
        label=gettext_lazy("Format"),
        choices=[(name, name.upper()) for name in FILES],
        required=False,
        widget=forms.RadioSelect,
    )
    timeline = forms.BooleanField(label=gettext_lazy("With the timeline"), required=False)
    progress = forms.RegexField(rf"\A{WORD}\Z", required=False, widget=forms.HiddenInput)


def export_paths(sessions: admin.ModelAdmin) -> list[URLPattern]:
    """Return the addresses of the export, to stand among those of the sessions' admin."""
    views = (
        ("export/", show_export, "workouts_export"),
        ("export/file/", send_file, "workouts_export_file"),
        ("export/progress/", tell_progress, "workouts_export_progress"),
    )
    wrap = sessions.admin_site.admin_view
    return [
        path(address, wrap(require_GET(partial(view, sessions))), name=name)
        for address, view, name in views
    ]


def show_export(sessions: admin.ModelAdmin, request: HttpRequest) -> HttpResponse:
    """Show what would be exported, and ask how."""
    try:
        shown = read_list(sessions, request)
        rows = count_up_to(COUNTED_ON_PAGE, shown.queryset)
    except (IncorrectLookupParameters, ValueError, OverflowError):
        return back_to_list()
    context = {
        **admin.site.each_context(request),
        "title": _("Export"),
        "form": ExportForm(initial={"format": "csv"}),
        "filters": describe_filters(shown),
        "query": [(name, value) for name, values in request.GET.lists() for value in values],
        "rows": min(rows, COUNTED_ON_PAGE),
        "is_more": rows > COUNTED_ON_PAGE,
        "zone": timezone.get_current_timezone_name(),
        "texts": describe_texts(),
        "list_url": f"{reverse(LIST)}?{request.GET.urlencode()}",
    }
    return TemplateResponse(request, "admin/workouts/export.html", context)


def send_file(sessions: admin.ModelAdmin, request: HttpRequest) -> HttpResponseBase:
    """Send the file as it is made."""
    form = ExportForm(request.GET)
    try:
        shown = read_list(sessions, request)
    except IncorrectLookupParameters:
        return back_to_list()
    if not form.is_valid():
        problems = (
            f"{name}: {' '.join(map(str, messages))}" for name, messages in form.errors.items()
        )
        return HttpResponse(
            "\n".join(problems), status=400, content_type="text/plain; charset=utf-8"
        )
    kind = form.cleaned_data["format"] or "csv"
    export = Export(
        sessions=shown.queryset,
        file=FILES[kind](),
        with_timeline=form.cleaned_data["timeline"],
        zone=timezone.get_current_timezone(),
        language=translation.get_language(),
        notes=ProgressNotes(owner_of(request), form.cleaned_data["progress"]),
    )
    return respond(request, export, f"senim-sessions-{timezone.localdate()}.{kind}")


def respond(request: HttpRequest, export: Export, name: str) -> StreamingHttpResponse:
    steps = Steps(export)
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Accel-Buffering": "no",  # nginx would take in all of it for a client that is slow, or gone
    }
    # an iterator that is not asynchronous would be made a list of under ASGI
    chunks = send_from_threads(steps) if isinstance(request, ASGIRequest) else steps
    return StreamingHttpResponse(chunks, content_type=export.file.content_type, headers=headers)


def tell_progress(sessions: admin.ModelAdmin, request: HttpRequest) -> JsonResponse:
    """Answer how far the export of this user with the word in `progress` is."""
    if not sessions.has_view_permission(request):
        raise PermissionDenied
    token = request.GET.get("progress", "")
    known = (
        read_progress(owner_of(request), token) if re.fullmatch(WORD, token) else Progress(UNKNOWN)
    )
    return JsonResponse(known._asdict())


def owner_of(request: HttpRequest) -> str:
    return str(request.user.pk)


def read_list(sessions: admin.ModelAdmin, request: HttpRequest) -> ChangeList:
    """Return the list for the request's query, of which nothing is read; the request's GET has the list's own words after that.

    Raises PermissionDenied, and IncorrectLookupParameters where the list cannot make sense of the query.
    """
    if not sessions.has_view_permission(request):
        raise PermissionDenied
    kept = request.GET.copy()
    for name in (*ExportForm.base_fields, PAGE_VAR, ALL_VAR, ERROR_FLAG):
        kept.pop(name, None)
    request.GET = kept  # type: ignore[assignment]  # as a copy of it would be
    shown = unread_admin(sessions, request).get_changelist_instance(request)
    if shown.query != kept.get(SEARCH_VAR, "").strip():
        raise IncorrectLookupParameters  # the list says what is wrong with the search, and shows all: not so a file
    return shown


def unread_admin(sessions: admin.ModelAdmin, request: HttpRequest) -> admin.ModelAdmin:
    """Return the admin with a list that neither counts its rows nor reads a page of them."""
    listing: Any = sessions.get_changelist(request)
    unread_list = type("UnreadList", (listing,), {"get_results": lambda self, request: None})
    unread = type(
        "UnreadAdmin",
        (type(sessions),),
        {"get_changelist": lambda self, request, **kwargs: unread_list},
    )
    admin_of_list: admin.ModelAdmin = unread(sessions.model, sessions.admin_site)
    return admin_of_list


def describe_filters(shown: ChangeList) -> list[tuple[Any, Any]]:
    """Return name and value of each filter that is set, and of the search; the first choice of a filter is everything."""
    chosen: list[tuple[Any, Any]] = []
    for spec in shown.filter_specs:
        if isinstance(spec, FormFilter):
            chosen += spec.describe()
        else:
            chosen += [
                (spec.title, choice["display"])
                for choice in [*spec.choices(shown)][1:]
                if choice["selected"]
            ]
    return [(_("search"), shown.query), *chosen] if shown.query else chosen


def back_to_list() -> HttpResponse:
    """Go where the list itself goes with a query that it can make no sense of."""
    return redirect(f"{reverse(LIST)}?{ERROR_FLAG}=1")


def describe_texts() -> dict[str, str]:
    """Return what the page's script says, in the language of the page."""
    return {
        "group": get_format("THOUSAND_SEPARATOR"),
        "preparing": _("Preparing…"),
        "sending": _("{rows} of {total} rows"),
        "sending_uncounted": _("{rows} rows"),
        "done": _("Done: {rows} rows."),
        "failed": _("It was not finished, and the file is not whole: try again."),
        "unknown": _("How far it is cannot be told just now; the download goes on."),
    }
