"""What the admin's history says about invitations, screens, devices, access and merging.

The messages are Django's own structures, which are translated when they are shown.
"""

from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_noop

from workouts.models import DisplayLink, Invitation, JoinedDevice, WaitingAthlete
from workouts.services.merging import Merged

INVITATION, DEVICE = gettext_noop("invitation"), gettext_noop("joined device")
WAITING, ATHLETE = gettext_noop("waiting athlete"), gettext_noop("athlete")
SCREEN = gettext_noop("screen link")
MERGED, MAIN = gettext_noop("merged athlete record"), gettext_noop("main athlete record")
WITHDRAWN = gettext_noop("validity (withdrawn)")
REVOKED = gettext_noop("validity (revoked)")
CUT_OFF = gettext_noop("access (cut off)")
SWITCHED_OFF = gettext_noop("access (switched off)")
SWITCHED_ON = gettext_noop("access (switched on)")
DECLINED = gettext_noop("answer (no)")


def record_invitation(request: HttpRequest, invitation: Invitation) -> None:
    """Record that the request's user made an invitation, with whom it is for."""
    for_whom = find_invited(invitation)
    if for_whom is None:
        write_history(request, invitation, [{"added": {}}], flag=ADDITION)
    else:
        write_history(request, for_whom, [{"added": name_part(INVITATION, for_whom)}])


def record_withdrawal(request: HttpRequest, invitation: Invitation) -> None:
    for_whom = find_invited(invitation)
    if for_whom is None:
        write_history(request, invitation, [{"changed": {"fields": [WITHDRAWN]}}])
    else:
        part = {**name_part(INVITATION, for_whom), "fields": [WITHDRAWN]}
        write_history(request, for_whom, [{"changed": part}])


def record_screen(request: HttpRequest, display_link: DisplayLink) -> None:
    """Record in a team's history that the request's user made a link for a screen."""
    write_history(request, display_link.team, [{"added": name_part(SCREEN, display_link)}])


def record_screen_revocation(request: HttpRequest, display_link: DisplayLink) -> None:
    part = {**name_part(SCREEN, display_link), "fields": [REVOKED]}
    write_history(request, display_link.team, [{"changed": part}])


def record_waiting_answer(request: HttpRequest, waiting: WaitingAthlete, *, is_yes: bool) -> None:
    # in a team's history, forgetting finds a user_id, but no name that was changed meanwhile
    user_id = waiting.athlete.user_id
    if is_yes:
        message = {"added": name_part(ATHLETE, user_id)}
    else:
        message = {"changed": {**name_part(WAITING, user_id), "fields": [DECLINED]}}
    write_history(request, waiting.team, [message])


def record_cut_off(request: HttpRequest, device: JoinedDevice) -> None:
    part = {**name_part(DEVICE, device), "fields": [CUT_OFF]}
    write_history(request, device.athlete.kept, [{"changed": part}])


def record_switch(request: HttpRequest, athlete: Model, *, is_on: bool) -> None:
    fields = [SWITCHED_ON if is_on else SWITCHED_OFF]
    write_history(request, athlete, [{"changed": {"fields": fields}}])


def record_merge(request: HttpRequest, merged: Merged) -> None:
    """Record in both athletes' histories that the request's user merged them."""
    alias, kept = merged.alias, merged.kept
    write_history(request, kept, [{"added": name_part(MERGED, alias.user_id)}])
    write_history(request, alias, [{"added": name_part(MAIN, kept.user_id)}])


def find_invited(invitation: Invitation) -> Model | None:
    """Return the athlete or team that an invitation is for; a coach has no account yet."""
    if invitation.athlete is not None:
        return invitation.athlete.kept
    return invitation.team if invitation.kind == Invitation.Kind.TEAM else None


def name_part(kind: str, obj: Model | str) -> dict[str, Any]:
    return {"name": kind, "object": str(obj)}


def write_history(
    request: HttpRequest, obj: Model, message: list[dict[str, Any]], *, flag: int = CHANGE
) -> None:
    by: Any = request.user.pk
    LogEntry.objects.log_actions(by, [obj], flag, change_message=message, single_object=True)
