"""Entering or correcting a session's load."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from workouts.admin.sessions.loads import LoadForm, build_load_form, may_enter_load
from workouts.admin.sessions.names import name_session_for_coach
from workouts.models import WorkoutSession
from workouts.models.primary_keys import can_be_primary_key
from workouts.services.entered_loads import LoadChangedError, enter_session_load


def show_load_page(request: HttpRequest, object_id: str) -> HttpResponse:
    """Save the load typed on the session's page, or show what is wrong with it."""
    if not may_enter_load(request):
        raise PermissionDenied
    if not can_be_primary_key(object_id):
        raise Http404
    visible = WorkoutSession.objects.visible_to(request.user).with_athletes(request.user)
    session = get_object_or_404(visible.select_related("exercise"), pk=object_id)
    form = build_load_form(session)
    if request.method == "POST":
        form = LoadForm(request.POST, auto_id="load_%s")
        if form.is_valid():
            enter_load_and_say(request, session, form)
            return redirect("admin:workouts_workoutsession_change", session.pk)
    name = name_session_for_coach(session)
    address = reverse("admin:workouts_workoutsession_change", args=[session.pk])
    context = {
        **admin.site.each_context(request),
        "title": _("Load"),
        "subtitle": name,
        "session": session,
        "form": form,
        "crumbs": [
            (_("Sessions"), reverse("admin:workouts_workoutsession_changelist")),
            (name, address),
        ],
        "back": address,
    }
    return TemplateResponse(request, "admin/workouts/workoutsession/load.html", context)


def enter_load_and_say(request: HttpRequest, session: WorkoutSession, form: LoadForm) -> None:
    """Save a valid form, and tell the coach what came of it."""
    try:
        is_changed = enter_session_load(
            session.pk,
            seen_kg=form.cleaned_data["seen"],
            to_kg=form.cleaned_data["load"],
            coach=request.user,  # type: ignore[arg-type]
        )
    except LoadChangedError:
        text = _("Not saved: someone else has changed the load meanwhile. Look at it again.")
        messages.warning(request, text)
    else:
        if is_changed:
            messages.success(request, _("The load is saved."))
