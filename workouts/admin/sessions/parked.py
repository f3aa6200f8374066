"""Parked sessions, which the database refused: listed, and retried on demand."""

from datetime import datetime
from typing import NamedTuple

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from workouts.clock import datetime_from_ms
from workouts.live.clients import REDIS_AWAY
from workouts.live.runtime import get_live_store
from workouts.live.sessions import ParkedSession
from workouts.models import Athlete, Exercise, may_see_all_athletes
from workouts.services.finishing import DATABASE_AWAY, save_and_clear_session


class ParkedRow(NamedTuple):
    """A parked session as the page lists it: the name of its exercise, and since when it waits."""

    parked: ParkedSession
    exercise: str
    since: datetime


def show_parked_page(request: HttpRequest) -> HttpResponse:
    """List the parked sessions; a POST retries them all."""
    if not request.user.has_perm("workouts.view_workoutsession"):
        raise PermissionDenied
    if request.method == "POST":
        retry_parked_for_coach(request)
        return redirect("admin:workouts_parked")
    context = {
        **admin.site.each_context(request),
        "title": _("Sessions not saved yet"),
        "rows": list_rows_of_parked_page(find_parked_for_coach(request)),
    }
    return TemplateResponse(request, "admin/workouts/parked.html", context)


def find_parked_for_coach(request: HttpRequest) -> list[ParkedSession]:
    """Return the parked sessions of the athletes visible to the coach."""
    try:
        parked = list(get_live_store().parked_sessions())
    except REDIS_AWAY as error:
        messages.error(request, _("Redis is unavailable: %s") % error)
        return []
    if may_see_all_athletes(request.user):
        return parked  # including athletes without a saved session, who have no row yet
    user_ids = {each.name.user_id for each in parked}
    theirs = Athlete.objects.visible_to(request.user).values("pk")
    trained = Athlete.objects.filter(
        Q(pk__in=theirs) | Q(merged_into__in=theirs), user_id__in=user_ids
    )
    visible = set(trained.values_list("user_id", flat=True))
    return [each for each in parked if each.name.user_id in visible]


def list_rows_of_parked_page(parked: list[ParkedSession]) -> list[ParkedRow]:
    slugs = {each.name.exercise_type for each in parked}
    names = {each.slug: str(each) for each in Exercise.objects.filter(slug__in=slugs)}
    return [
        ParkedRow(
            each,
            names.get(each.name.exercise_type, each.name.exercise_type),
            datetime_from_ms(each.since_ms),
        )
        for each in parked
    ]


def retry_parked_for_coach(request: HttpRequest) -> None:
    parked = find_parked_for_coach(request)
    try:
        saved = sum(save_and_clear_session(each.name) is not None for each in parked)
    except (*REDIS_AWAY, DATABASE_AWAY) as error:
        messages.error(request, _("Stopped: %s") % error)
    else:
        messages.info(
            request, _("Saved %(saved)d of %(all)d.") % {"saved": saved, "all": len(parked)}
        )
