"""Exports of the sessions that a filter of the list shows: the form, the file, the progress."""

import re
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG, ChangeList
from django.core.exceptions import PermissionDenied
from django.core.handlers.asgi import ASGIRequest
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    QueryDict,
    StreamingHttpResponse,
)
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone, translation
from django.utils.formats import get_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from workouts.admin.paging import count_changelist_rows_up_to
from workouts.admin.sessions.filters import describe_chosen_filters
from workouts.admin.sessions.whole_list import copy_changelist_query, read_whole_changelist
from workouts.exports.progress import (
    UNKNOWN,
    ExportProgress,
    ExportProgressReporter,
    read_export_progress,
)
from workouts.exports.steps import FORMATS, Export, ExportSteps, send_export_from_threads

COUNTED_ON_PAGE = 10_000
TOKEN = re.compile(r"\A[A-Za-z0-9_-]{8,64}\Z")
LIST = "admin:workouts_workoutsession_changelist"


class ExportForm(forms.Form):
    """`token` is made up by the page, which uses it to ask for the progress."""

    format = forms.ChoiceField(
        label=gettext_lazy("Format"),
        choices=[(name, name.upper()) for name in FORMATS],
        required=False,
        widget=forms.RadioSelect,
    )
    timeline = forms.BooleanField(label=gettext_lazy("Include the timeline"), required=False)
    token = forms.RegexField(TOKEN, required=False, widget=forms.HiddenInput)


def export_page_paths(sessions: admin.ModelAdmin) -> list[URLPattern]:
    """Return the export's URLs, for the URLs of the sessions' admin."""
    views = (
        ("export/", show_export_page, "workouts_export"),
        ("export/file/", send_export_file_to_coach, "workouts_export_file"),
        ("export/progress/", show_export_progress_to_coach, "workouts_export_progress"),
    )
    wrap = sessions.admin_site.admin_view
    return [
        path(address, wrap(require_GET(partial(view, sessions))), name=name)
        for address, view, name in views
    ]


def show_export_page(sessions: admin.ModelAdmin, request: HttpRequest) -> HttpResponse:
    """Show what would be exported, with a form for the format."""
    try:
        shown = read_changelist_to_export(sessions, request)
        rows = count_changelist_rows_up_to(COUNTED_ON_PAGE, shown.queryset)
    except (IncorrectLookupParameters, ValueError, OverflowError):
        return redirect_to_session_changelist()
    query = copy_export_query(request)
    context = {
        **sessions.admin_site.each_context(request),
        "title": _("Export sessions"),
        "form": ExportForm(initial={"format": "csv"}),
        "filters": describe_changelist_filters(shown),
        "query": [(name, value) for name, values in query.lists() for value in values],
        "count": min(rows, COUNTED_ON_PAGE),
        "rows": number_format(min(rows, COUNTED_ON_PAGE), force_grouping=True),
        "is_more": rows > COUNTED_ON_PAGE,
        "zone": timezone.get_current_timezone_name(),
        "texts": describe_export_page_texts(),
        "list_url": f"{reverse(LIST)}?{query.urlencode()}",
    }
    return TemplateResponse(request, "admin/workouts/export.html", context)


def send_export_file_to_coach(sessions: admin.ModelAdmin, request: HttpRequest) -> HttpResponseBase:
    """Send the file as it is made."""
    form = ExportForm(request.GET)
    try:
        shown = read_changelist_to_export(sessions, request)
    except IncorrectLookupParameters:
        return redirect_to_session_changelist()
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
        format=FORMATS[kind],
        with_timeline=form.cleaned_data["timeline"],
        zone=timezone.get_current_timezone(),
        language=translation.get_language(),
        reporter=ExportProgressReporter(coach_of_export(request), form.cleaned_data["token"]),
    )
    return stream_export_to_coach(request, export, f"senim-sessions-{timezone.localdate()}.{kind}")


def stream_export_to_coach(
    request: HttpRequest, export: Export, name: str
) -> StreamingHttpResponse:
    steps = ExportSteps(export)
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Accel-Buffering": "no",  # nginx would read ahead for a client that is slow or gone
    }
    # under ASGI, Django reads all of a synchronous iterator before it sends anything
    chunks = send_export_from_threads(steps) if isinstance(request, ASGIRequest) else steps
    return StreamingHttpResponse(chunks, content_type=export.format.content_type, headers=headers)


def show_export_progress_to_coach(sessions: admin.ModelAdmin, request: HttpRequest) -> JsonResponse:
    """Answer with the progress of this user's export."""
    if not sessions.has_view_permission(request):
        raise PermissionDenied
    token = request.GET.get("token", "")
    known = TOKEN.match(token)
    progress = (
        read_export_progress(coach_of_export(request), token) if known else ExportProgress(UNKNOWN)
    )
    return JsonResponse(progress._asdict())


def coach_of_export(request: HttpRequest) -> str:
    return str(request.user.pk)


def read_changelist_to_export(sessions: admin.ModelAdmin, request: HttpRequest) -> ChangeList:
    return read_whole_changelist(sessions, request, copy_export_query(request))


def copy_export_query(request: HttpRequest) -> QueryDict:
    """Return the list's part of the query."""
    return copy_changelist_query(request.GET, *ExportForm.base_fields)


def describe_changelist_filters(shown: ChangeList) -> list[tuple[Any, Any]]:
    """Return the name and value of the search and of each filter that is set."""
    chosen = describe_chosen_filters(shown)
    return [(_("search"), shown.query), *chosen] if shown.query else chosen


def redirect_to_session_changelist() -> HttpResponse:
    """Redirect as the list itself does for a query that it can't apply."""
    return redirect(f"{reverse(LIST)}?{ERROR_FLAG}=1")


def describe_export_page_texts() -> dict[str, str]:
    """Return the texts for the page's script, in the language of the page."""
    return {
        "group": get_format("THOUSAND_SEPARATOR"),
        "preparing": _("Preparing…"),
        "sending": _("{rows} of {total} rows"),
        "sending_uncounted": _("{rows} rows"),
        "done": _("Done: {rows} rows."),
        "failed": _("The export failed and the file is incomplete. Try again."),
        "unknown": _("The progress is unavailable right now. The download continues."),
    }
