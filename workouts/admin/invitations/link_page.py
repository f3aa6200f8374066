"""The page that shows a new link: the link, its QR code, and a sheet to print."""

from typing import Any, NamedTuple

from django.conf import settings
from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest
from django.http.request import split_domain_port
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

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


class LinkPage(NamedTuple):
    """What the page shows: `crumbs` lead back, and `again` is a page that makes another link."""

    title: str
    link: str
    limits: str
    steps: list[str]
    crumbs: Crumbs
    again: str = ""


def show_link_page(request: HttpRequest, page: LinkPage) -> TemplateResponse:
    """Show a new link in this very answer: nothing keeps its secret."""
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        **page._asdict(),
        "back": page.crumbs[-1][1],
        # segno draws it; the link itself is not in it
        "qr_code": mark_safe(draw_invitation_qr(page.link)),  # noqa: S308  # nosec B308 B703
    }
    return TemplateResponse(request, "admin/workouts/invitation/link.html", context)


def describe_limits(invitation: Invitation) -> str:
    """Return how many an invitation lets in, and until when."""
    until = date_format(timezone.localtime(invitation.expires_at), "SHORT_DATETIME_FORMAT")
    if invitation.max_uses == 1:
        return _("Works once, until %(until)s") % {"until": until}
    return ngettext(
        "Lets %(number)s athlete in, until %(until)s",
        "Lets %(number)s athletes in, until %(until)s",
        invitation.max_uses,
    ) % {"number": number_format(invitation.max_uses, force_grouping=True), "until": until}


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
    kind = Invitation.Kind(made.invitation.kind)
    page = LinkPage(
        title=_("Invitation for %s") % name,
        link=invitation_link(made.code, kind, find_own_base_url(request)),
        limits=describe_limits(made.invitation),
        steps=describe_steps(kind),
        crumbs=crumbs,
        again=again,
    )
    return show_link_page(request, page)
