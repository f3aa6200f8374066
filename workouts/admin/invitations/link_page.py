"""The page that shows a new invitation: its link, its QR code, and a sheet to print."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest
from django.http.request import split_domain_port
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from workouts.admin.invitations.crumbs import Crumbs
from workouts.admin.invitations.history import record_invitation
from workouts.identity.networks import is_loopback_host
from workouts.models import Invitation
from workouts.services.invitations import NewInvitation, draw_invitation_qr, invitation_link


def find_link_problem(request: HttpRequest) -> str:
    """Return why no link can be made here, or nothing."""
    if settings.SENIM_PUBLIC_URL or find_own_base_url(request):
        return ""
    return _(
        "No link can be made, since the service does not know its public address. Whoever runs it"
        " has to set SENIM_PUBLIC_URL, such as https://senim.example.org."
    )


def find_own_base_url(request: HttpRequest) -> str:
    """Return the address that the coach uses, where others can use it too, or nothing.

    In token mode links go to phones elsewhere, so only a coach on the same machine gets one.
    """
    host = split_domain_port(request.get_host())[0].strip("[]")
    if settings.SENIM_AUTH == "token" and not is_loopback_host(host):
        return ""
    return request.build_absolute_uri(reverse("health")).rstrip("/")


def show_link_page(
    request: HttpRequest, made: NewInvitation, *, name: str, crumbs: Crumbs, again: str = ""
) -> TemplateResponse:
    """Show a new invitation's link in this very answer: nothing keeps its code.

    `name` says whom it is for, the last of the `crumbs` leads back, and `again` is the address of
    a page that makes another.
    """
    link = invitation_link(made.code, made.invitation.kind, find_own_base_url(request))
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Invitation for %s") % name,
        "name": name,
        "crumbs": crumbs,
        "back": crumbs[-1][1],
        "again": again,
        "invitation": made.invitation,
        "link": link,
        # segno draws it; the link itself is not in it
        "qr_code": mark_safe(draw_invitation_qr(link)),  # noqa: S308  # nosec B308 B703
        "steps": describe_steps(Invitation.Kind(made.invitation.kind)),
    }
    return TemplateResponse(request, "admin/workouts/invitation/link.html", context)


def describe_steps(kind: Invitation.Kind) -> list[str]:
    """Return what the invited person does, in three steps."""
    scan = _("Scan the code with your phone's camera, or open the link in its browser.")
    match kind:
        case Invitation.Kind.ATHLETE:
            return [
                scan,
                _("Give the phone a name and press Join."),
                _("Train: the phone counts, and your coach sees your workouts."),
            ]
        case Invitation.Kind.TEAM:
            return [
                scan,
                _("Enter your name, give the phone a name, and press Join."),
                _("Train right away. Your coach sees your workouts after letting you in."),
            ]
    return [
        _("Scan the code, or open the link in a browser."),
        _("Choose a user name and a password."),
        _("Log in with them."),
    ]


def record_and_show_link(
    request: HttpRequest, make: Any, *, name: str, crumbs: Crumbs, again: str = ""
) -> TemplateResponse:
    """Make an invitation with `make`, record who made it, and show its link."""
    with transaction.atomic():
        made: NewInvitation = make()
        record_invitation(request, made.invitation)
    return show_link_page(request, made, name=name, crumbs=crumbs, again=again)
