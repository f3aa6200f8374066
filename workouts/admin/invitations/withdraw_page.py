"""Withdrawing an invitation, whomever it is for."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from workouts.admin.confirm_page import Question, show_confirm_page
from workouts.admin.invitations.crumbs import find_invitation_crumbs
from workouts.admin.invitations.history import record_withdrawal
from workouts.models import Invitation
from workouts.services.invitations import withdraw_invitation


def show_withdraw_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask whether to withdraw an invitation, and do it."""
    if not request.user.has_perm("workouts.change_invitation"):
        raise PermissionDenied
    visible = Invitation.objects.visible_to(request.user)
    invitation = get_object_or_404(visible.select_related("athlete__merged_into", "team"), pk=pk)
    crumbs = find_invitation_crumbs(invitation)
    if request.method != "POST":
        return show_confirm_page(
            request,
            Question(
                title=_("Withdraw the invitation for %s") % name_invited(invitation),
                text=_("Its link will let nobody in any more. Devices that it has let in stay in."),
                button=_("Withdraw"),
                is_final=True,
            ),
            crumbs=crumbs,
        )
    with transaction.atomic():
        if withdraw_invitation(invitation):
            record_withdrawal(request, invitation)
    messages.success(request, _("The invitation is withdrawn."))
    return redirect(crumbs[-1][1])


def name_invited(invitation: Invitation) -> str:
    if invitation.athlete is not None:
        return str(invitation.athlete.kept)
    return str(invitation.name or invitation.team)
