"""Screens that show a team's wall: their links are made and revoked on the team's page."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from workouts.admin.confirm_page import Question, show_confirm_page
from workouts.admin.invitations.crumbs import find_team_crumbs
from workouts.admin.invitations.history import record_screen, record_screen_revocation
from workouts.admin.invitations.link_page import (
    LinkPage,
    find_link_problem,
    find_own_base_url,
    show_link_page,
)
from workouts.models import DisplayLink, Team
from workouts.models.primary_keys import can_be_primary_key
from workouts.services.display_links import SCREEN_PAGE, make_display_link, revoke_display_link
from workouts.services.public_links import build_public_link

SHOWN = 100


class ScreenForm(forms.ModelForm):
    class Meta:
        model = DisplayLink
        fields = ("name",)


def describe_team_screens(request: HttpRequest, team: Team) -> dict[str, Any]:
    """Return the team's links that were not revoked, and how many more than a page shows."""
    if not request.user.has_perm("workouts.view_displaylink"):
        return {}
    visible = DisplayLink.objects.visible_to(request.user).filter(team=team, revoked_at=None)
    screens = [*visible.select_related("created_by")[:SHOWN]]
    is_full = len(screens) == SHOWN
    return {"screens": screens, "more_screens": visible.count() - SHOWN if is_full else 0}


def show_screen_add_page(request: HttpRequest, object_id: str) -> HttpResponse:
    """Ask where a screen is, and show its link when the form comes back."""
    if not request.user.has_perm("workouts.add_displaylink"):
        raise PermissionDenied
    if not can_be_primary_key(object_id):
        raise Http404
    team = get_object_or_404(Team.objects.visible_to(request.user), pk=object_id)
    problem = find_link_problem(request)
    form = ScreenForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and not problem:
        return make_and_show_screen_link(request, team, form.cleaned_data["name"])
    crumbs = find_team_crumbs(team)
    context = {
        **admin.site.each_context(request),
        "title": _("Show %s on a screen") % team.name,
        "lead": _("The link shows this team's live wall to whoever opens it, without a log-in."),
        "form": form,
        "problem": problem,
        "crumbs": crumbs,
        "back": crumbs[-1][1],
    }
    return TemplateResponse(request, "admin/workouts/invitation/form.html", context)


def make_and_show_screen_link(request: HttpRequest, team: Team, name: str) -> HttpResponse:
    with transaction.atomic():
        made = make_display_link(team=team, name=name, by=request.user)
        record_screen(request, made.display_link)
    page = LinkPage(
        title=_("Link for the screen %s") % name,
        link=build_public_link(SCREEN_PAGE, made.token, find_own_base_url(request)),
        limits=_(
            "Works until it is revoked. Whoever has it sees the names and counts of the team."
        ),
        steps=[
            _("Open the link in the browser of the television, or of the computer behind it."),
            _("Press Full screen."),
            _("From then on, the address without the last part is enough on that screen."),
        ],
        crumbs=find_team_crumbs(team),
        again=request.path,
    )
    return show_link_page(request, page)


def show_screen_revoke_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask whether to revoke a screen's link, and do it."""
    if not request.user.has_perm("workouts.change_displaylink"):
        raise PermissionDenied
    visible = DisplayLink.objects.visible_to(request.user).select_related("team")
    display_link = get_object_or_404(visible, pk=pk)
    if request.method != "POST":
        question = Question(
            title=_("Revoke the link of the screen %s") % display_link,
            text=_("The screen goes dark within seconds, and its link will show nothing any more."),
            button=_("Revoke"),
            is_final=True,
        )
        return show_confirm_page(request, question, crumbs=find_team_crumbs(display_link.team))
    with transaction.atomic():
        if revoke_display_link(display_link.pk, by=request.user):
            record_screen_revocation(request, display_link)
    messages.success(request, _("%s is revoked: it shows nothing any more.") % display_link)
    return redirect("admin:workouts_team_change", display_link.team.pk)
