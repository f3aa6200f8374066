"""Inviting a coach: the link asks them for a user name and a password."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from workouts.admin.invitations.crumbs import find_coach_crumbs
from workouts.admin.invitations.link_page import find_link_problem, record_and_show_link
from workouts.admin.invitations.name_field import NameField
from workouts.admin.invitations.open_links import find_open_invitations
from workouts.models import Invitation, Team
from workouts.services.invitations import invite_coach
from workouts.services.roles import Role, find_role

INVITABLE = (Role.COACH, Role.HEAD_COACH)


class CoachInviteForm(forms.Form):
    name = NameField(label=gettext_lazy("Name"))
    role = forms.TypedChoiceField(label=gettext_lazy("Role"), coerce=lambda value: Role(int(value)))
    team = forms.ModelChoiceField(
        Team.objects.none(),
        label=gettext_lazy("Team"),
        required=False,
        help_text=gettext_lazy("You can add more teams once the account exists."),
    )

    def __init__(self, by: Any, data: Any = None) -> None:
        super().__init__(data)
        role: Any = self.fields["role"]
        role.choices = [(each.value, each.label) for each in INVITABLE if each <= find_role(by)]
        team: Any = self.fields["team"]
        team.queryset = Team.objects.visible_to(by)


def show_coach_invite_page(request: HttpRequest) -> HttpResponse:
    """Ask whom to invite, and show the link when the form comes back."""
    if not request.user.has_perm("workouts.invite_coach"):
        raise PermissionDenied
    problem = find_link_problem(request)
    form = CoachInviteForm(request.user, request.POST if request.method == "POST" else None)
    crumbs = find_coach_crumbs()
    if form.is_valid() and not problem:
        given = form.cleaned_data
        return record_and_show_link(
            request,
            lambda: invite_coach(
                name=given["name"],
                is_head_coach=given["role"] is Role.HEAD_COACH,
                by=request.user,
                team=given["team"],
            ),
            name=given["name"],
            crumbs=crumbs,
            again=request.path,
        )
    context = {
        **admin.site.each_context(request),
        "title": _("Invite a coach"),
        "lead": _("The link asks for a user name and a password, and makes the account."),
        "form": form,
        "problem": problem,
        "crumbs": crumbs[:1],
        "back": crumbs[0][1],
        "invitations": find_open_invitations(request, kind=Invitation.Kind.COACH),
    }
    return TemplateResponse(request, "admin/workouts/invitation/form.html", context)
