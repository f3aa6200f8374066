"""A team's link: made with its limits; and the answers to athletes who wait."""

from datetime import date, timedelta

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from workouts.admin.days import begin_of_coach_day
from workouts.admin.invitations.crumbs import find_team_crumbs
from workouts.admin.invitations.history import record_waiting_answer
from workouts.admin.invitations.link_page import find_link_problem, record_and_show_link
from workouts.admin.invitations.open_links import find_waiting
from workouts.models import Team
from workouts.models.primary_keys import can_be_primary_key
from workouts.services.invitations import (
    TEAM_LIFETIME,
    TEAM_USES,
    admit_waiting,
    decline_waiting,
    invite_team,
)

MAX_TEAM_USES = 1000  # a school; a link that lets in more is a mistake
MAX_LIFETIME = timedelta(days=366)  # for a season
ISO_DATE = "%Y-%m-%d"  # what date fields send, in every language


def get_default_last_day() -> date:
    return timezone.localdate() + TEAM_LIFETIME


class TeamLinkForm(forms.Form):
    max_uses = forms.IntegerField(
        label=gettext_lazy("How many may join"),
        min_value=1,
        max_value=MAX_TEAM_USES,
        initial=TEAM_USES,
    )
    last_day = forms.DateField(
        label=gettext_lazy("Valid through"),
        initial=get_default_last_day,
        input_formats=[ISO_DATE],
        widget=forms.DateInput({"type": "date"}, format=ISO_DATE),
    )

    def clean_last_day(self) -> date:
        last_day: date = self.cleaned_data["last_day"]
        today = timezone.localdate()
        if last_day < today:
            raise forms.ValidationError(_("This day has passed."))
        if last_day > today + MAX_LIFETIME:
            raise forms.ValidationError(_("A link is valid for a year at most."))
        return last_day


def find_team_for_invitation(request: HttpRequest, object_id: str) -> Team:
    """Return a team that the coach sees. Raises Http404, or PermissionDenied for lack of rights."""
    if not request.user.has_perm("workouts.add_invitation"):
        raise PermissionDenied
    if not can_be_primary_key(object_id):
        raise Http404
    return get_object_or_404(Team.objects.visible_to(request.user), pk=object_id)


def show_team_invite_page(request: HttpRequest, object_id: str) -> HttpResponse:
    """Ask for a link's limits, and show the link when the form comes back."""
    team = find_team_for_invitation(request, object_id)
    crumbs = find_team_crumbs(team)
    problem = find_link_problem(request)
    form = TeamLinkForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and not problem:
        given = form.cleaned_data
        # the end of the day, and not the beginning of the next: pages name it
        next_day = begin_of_coach_day(given["last_day"] + timedelta(days=1))
        expires_at = next_day - timedelta(seconds=1)
        return record_and_show_link(
            request,
            lambda: invite_team(
                team=team, by=request.user, max_uses=given["max_uses"], expires_at=expires_at
            ),
            name=team.name,
            crumbs=crumbs,
            again=request.path,
        )
    context = {
        **admin.site.each_context(request),
        "title": _("Invite athletes to %s") % team.name,
        "lead": _(
            "Whoever opens the link becomes a new athlete, who waits until a coach says yes."
        ),
        "form": form,
        "problem": problem,
        "crumbs": crumbs,
        "back": crumbs[-1][1],
    }
    return TemplateResponse(request, "admin/workouts/invitation/form.html", context)


@require_POST
def answer_waiting(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a waiting athlete into the team, or turn them away."""
    if not request.user.has_perm("workouts.change_waitingathlete"):
        raise PermissionDenied
    answer = request.POST.get("answer")
    if answer not in ("yes", "no"):
        raise Http404
    teams = Team.objects.visible_to(request.user)
    team = get_object_or_404(teams, pk=find_posted_key(request, "team"))
    waiting = (
        find_waiting(request).filter(team=team, pk=pk).select_related("athlete", "team").first()
    )
    is_done = False
    if waiting is not None:
        decide = admit_waiting if answer == "yes" else decline_waiting
        with transaction.atomic():
            if is_done := decide(waiting, request.user):
                record_waiting_answer(request, waiting, is_yes=answer == "yes")
    if waiting is None or not is_done:
        messages.info(request, _("Somebody has answered already."))
    elif answer == "yes":
        messages.success(request, _("%s is in the team.") % waiting.athlete)
    else:
        messages.success(
            request, _("%s was turned away, and their device is cut off.") % waiting.athlete
        )
    return redirect("admin:workouts_team_change", team.pk)


def find_posted_key(request: HttpRequest, name: str) -> str:
    key = request.POST.get(name, "")
    if not can_be_primary_key(key):
        raise Http404
    return key
