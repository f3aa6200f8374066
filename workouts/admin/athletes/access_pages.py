"""Letting an athlete's devices in, cutting one off, and switching the athlete off."""

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from workouts.admin.confirm_page import Question, show_confirm_page
from workouts.admin.invitations.crumbs import find_athlete_crumbs
from workouts.admin.invitations.history import record_cut_off, record_switch
from workouts.admin.invitations.link_page import find_link_problem, record_and_show_link
from workouts.admin.invitations.open_links import find_open_invitations
from workouts.models import Athlete, JoinedDevice
from workouts.models.primary_keys import can_be_primary_key
from workouts.services.athlete_access import switch_athlete_off, switch_athlete_on
from workouts.services.invitations import invite_athlete
from workouts.services.joined_devices import revoke_device

MAX_DEVICES_SHOWN = 50


def describe_athlete_access(request: HttpRequest, athlete: Athlete) -> dict[str, Any]:
    """Return the template's context for an athlete's devices, open links and switch."""
    user = request.user
    own = {"athlete__in": find_user_ids(athlete)}
    return {
        "devices": JoinedDevice.objects.filter(**own).order_by(
            F("revoked_at").desc(nulls_first=True), "-last_seen_at"
        )[:MAX_DEVICES_SHOWN],
        "open_invitations": find_open_invitations(request, **own),
        "may_invite": user.has_perm("workouts.add_invitation"),
        "may_cut_off": user.has_perm("workouts.change_joineddevice"),
        "may_switch": user.has_perm("workouts.change_athlete"),
    }


def find_user_ids(athlete: Athlete) -> QuerySet[Athlete, Any]:
    """Return a query for the user_ids of an athlete and of their aliases, whose devices go on."""
    return Athlete.objects.of_person(athlete.pk).values("user_id")


def find_athlete_for_access(request: HttpRequest, object_id: str, permission: str) -> Athlete:
    """Return an athlete that the coach sees. Raises Http404, or PermissionDenied."""
    if not request.user.has_perm(permission):
        raise PermissionDenied
    if not can_be_primary_key(object_id):
        raise Http404
    return get_object_or_404(Athlete.objects.visible_to(request.user).unmerged(), pk=object_id)


def show_athlete_invite_page(request: HttpRequest, object_id: str) -> HttpResponse:
    """Make a link for one more device of an athlete, and show it."""
    athlete = find_athlete_for_access(request, object_id, "workouts.add_invitation")
    crumbs = find_athlete_crumbs(athlete)
    if request.method != "POST":
        return show_confirm_page(
            request,
            Question(
                title=_("Invite a device of %s") % athlete,
                text=_("The link lets one phone or browser in, within 48 hours."),
                button=_("Make a link"),
            ),
            crumbs=crumbs,
        )
    return invite_device(request, athlete)


def invite_device(request: HttpRequest, athlete: Athlete) -> HttpResponse:
    """Show a new link for the athlete, or their page with the reason why there is none."""
    crumbs = find_athlete_crumbs(athlete)
    problem = find_link_problem(request)
    if athlete.switched_off_at is not None:
        problem = _("%s is switched off, so no link would let them in.") % athlete
    if problem:
        messages.warning(request, problem)
        return redirect(crumbs[-1][1])
    return record_and_show_link(
        request,
        lambda: invite_athlete(athlete=athlete, by=request.user),
        name=str(athlete),
        crumbs=crumbs,
        again=reverse("admin:workouts_athlete_invite", args=[athlete.pk]),
    )


def show_cut_off_page(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Ask whether to cut a device off, and do it."""
    if not request.user.has_perm("workouts.change_joineddevice"):
        raise PermissionDenied
    athletes = Athlete.objects.visible_to(request.user).values("pk")
    visible = JoinedDevice.objects.filter(
        Q(athlete__pk__in=athletes) | Q(athlete__merged_into__in=athletes)
    )
    device = get_object_or_404(visible.select_related("athlete__merged_into"), pk=pk)
    athlete = device.athlete.kept
    crumbs = find_athlete_crumbs(athlete)
    if request.method != "POST":
        return show_confirm_page(
            request,
            Question(
                title=_("Cut off %s") % device,
                text=_(
                    "Within 5 seconds this device can no longer train for %s. What it has counted"
                    " stays. To come back, it needs a new link."
                )
                % athlete,
                button=_("Cut off"),
                is_final=True,
            ),
            crumbs=crumbs,
        )
    with transaction.atomic():
        if revoke_device(device, by=request.user):
            record_cut_off(request, device)
    messages.success(request, _("%s is cut off.") % device)
    return redirect(crumbs[-1][1])


def show_switch_page(request: HttpRequest, object_id: str) -> HttpResponse:
    """Ask whether to switch an athlete off, or on again (`to=on`), and do it."""
    athlete = find_athlete_for_access(request, object_id, "workouts.change_athlete")
    to = (request.POST or request.GET).get("to")
    if to not in ("on", "off"):
        raise Http404
    is_on = to == "on"
    crumbs = find_athlete_crumbs(athlete)
    if request.method != "POST":
        return show_confirm_page(request, describe_switch(athlete, is_on=is_on), crumbs=crumbs)
    switch = switch_athlete_on if is_on else switch_athlete_off
    with transaction.atomic():
        if switch(athlete, by=request.user):
            record_switch(request, athlete, is_on=is_on)
    text = _("%s is switched on.") if is_on else _("%s is switched off.")
    messages.success(request, text % athlete)
    return redirect(crumbs[-1][1])


def describe_switch(athlete: Athlete, *, is_on: bool) -> Question:
    if is_on:
        return Question(
            title=_("Switch %s on") % athlete,
            text=_("Devices that were not cut off can train again."),
            button=_("Switch on"),
            answer=("to", "on"),
        )
    return Question(
        title=_("Switch %s off") % athlete,
        text=_(
            "Within 5 seconds none of the athlete's devices can train, and no link lets one in."
            " Sessions stay, and you can switch the athlete on again."
        ),
        button=_("Switch off"),
        answer=("to", "off"),
    )
