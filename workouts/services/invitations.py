"""Invitations: made, withdrawn, answered by a coach, and accepted by new coaches."""

import io
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import segno
import structlog
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models.signals import pre_delete
from django.dispatch import receiver
from django.utils import timezone
from django.utils.translation import gettext as _

from workouts.identity.secret_hashes import hash_secret
from workouts.models import Athlete, Invitation, JoinedDevice, Team, WaitingAthlete
from workouts.services.invitation_codes import (
    check_invitation,
    draw_invitation_code,
    find_invitation,
    take_invitation_use,
)
from workouts.services.join_tries import limit_failed_tries
from workouts.services.joined_devices import revoke_devices
from workouts.services.new_athletes import MAX_ATHLETE_NAME_LENGTH, clean_name, create_athlete
from workouts.services.public_links import build_public_link
from workouts.services.roles import COACHES, HEAD_COACHES

PERSONAL_LIFETIME = timedelta(hours=48)
TEAM_LIFETIME = timedelta(days=14)
TEAM_USES = 50
# the code comes after the #, which browsers do not send and servers cannot log
PAGES = {
    Invitation.Kind.ATHLETE: "/join/",
    Invitation.Kind.TEAM: "/join/team/",
    Invitation.Kind.COACH: "/join/coach/",
}
QR_BORDER = 4  # modules; ISO/IEC 18004 asks for them
log = structlog.get_logger(__name__)


class NewInvitation(NamedTuple):
    """An invitation, and its code, which is not stored: it can be shown only now."""

    invitation: Invitation
    code: str


def add_athlete(*, name: str, by: Any, team: Team | None) -> Athlete:
    """Create an athlete with this name, in a team if there is one; the user_id is made from it.

    Raises WorkoutError(invalid_message) for a name with control characters, or too long a one.
    """
    with transaction.atomic():
        athlete = create_athlete(name)
        if team is not None:
            team.athletes.add(athlete)
    return athlete


def invite_athlete(*, athlete: Athlete, by: Any) -> NewInvitation:
    """Make an invitation that lets one device of this athlete in, within 48 hours."""
    return create_invitation(
        by, timezone.now() + PERSONAL_LIFETIME, kind=Invitation.Kind.ATHLETE, athlete=athlete
    )


def invite_team(
    *, team: Team, by: Any, max_uses: int = TEAM_USES, expires_at: datetime | None = None
) -> NewInvitation:
    """Make an invitation that lets new athletes in, who wait for a coach of the team.

    It works `max_uses` times, and for 14 days unless `expires_at` says otherwise.
    """
    return create_invitation(
        by,
        expires_at or timezone.now() + TEAM_LIFETIME,
        kind=Invitation.Kind.TEAM,
        team=team,
        max_uses=max_uses,
    )


def invite_coach(
    *, name: str, is_head_coach: bool, by: Any, team: Team | None = None
) -> NewInvitation:
    """Make an invitation to make one coach's account, within 48 hours; `team` will be theirs.

    Raises WorkoutError(invalid_message) for a name with control characters, or too long a one.
    """
    return create_invitation(
        by,
        timezone.now() + PERSONAL_LIFETIME,
        kind=Invitation.Kind.COACH,
        name=clean_name(name, MAX_ATHLETE_NAME_LENGTH),
        is_head_coach=is_head_coach,
        team=team,
    )


def create_invitation(by: Any, expires_at: datetime, **fields: Any) -> NewInvitation:
    code = draw_invitation_code()
    invitation = Invitation.objects.create(
        code_hash=hash_secret(code), created_by=by, expires_at=expires_at, **fields
    )
    log.info("invitation_made", kind=invitation.kind, invitation=invitation.pk)
    return NewInvitation(invitation, code)


def withdraw_invitation(invitation: Invitation) -> bool:
    """Withdraw an invitation, and return whether it was not withdrawn before.

    The devices that it let in stay in.
    """
    return bool(
        Invitation.objects.filter(pk=invitation.pk, withdrawn_at=None).update(
            withdrawn_at=timezone.now()
        )
    )


@receiver(pre_delete, sender=get_user_model(), dispatch_uid="withdraw_invitations_of_user")
def withdraw_invitations_of_user(sender: Any, instance: Any, **kwargs: Any) -> None:
    """Withdraw what a user's links could still do, before nothing says any more whose they are."""
    made = Invitation.objects.filter(created_by=instance.pk).usable()
    made.update(withdrawn_at=timezone.now())


def invitation_link(code: str, kind: str, base_url: str | None = None) -> str:
    """Return an invitation's link: SENIM_PUBLIC_URL or else `base_url`, the page, and the code.

    Raises WorkoutError(unavailable) if neither is there.
    """
    return build_public_link(PAGES[Invitation.Kind(kind)], code, base_url)


def draw_invitation_qr(link: str) -> str:
    """Return a link's QR code as an <svg>, of a size that CSS sets, without styles and scripts."""
    drawn: str = segno.make_qr(link).svg_inline(
        border=QR_BORDER, light="#fff", svgclass=None, lineclass=None, omitsize=True
    )
    return drawn


def draw_invitation_qr_for_terminal(link: str) -> str:
    """Return a link's QR code in block characters and ANSI colours."""
    drawn = io.StringIO()
    segno.make_qr(link).terminal(drawn, border=QR_BORDER // 2, compact=True)
    return drawn.getvalue()


def admit_waiting(waiting: WaitingAthlete, by: Any) -> bool:
    """Take a waiting athlete into the team. Return False if somebody has decided already."""
    with transaction.atomic():
        deleted, _of_models = WaitingAthlete.objects.filter(pk=waiting.pk).delete()
        if deleted:
            athlete = Athlete.objects.select_related("merged_into").get(pk=waiting.athlete.pk)
            waiting.team.athletes.add(athlete.kept)
    if deleted:
        log_waiting_decision("athlete_admitted", waiting, by)
    return bool(deleted)


def decline_waiting(waiting: WaitingAthlete, by: Any) -> bool:
    """Turn a waiting athlete away: the devices that joined by this team's links are cut off.

    Return False if somebody has decided already.
    """
    with transaction.atomic():
        deleted, _of_models = WaitingAthlete.objects.filter(pk=waiting.pk).delete()
        if deleted:
            joined = JoinedDevice.objects.filter(
                athlete_id=waiting.athlete_id,
                invitation__in=Invitation.objects.filter(team_id=waiting.team_id),
            )
            revoke_devices(joined, by=by)
    if deleted:
        log_waiting_decision("athlete_declined", waiting, by)
    return bool(deleted)


def log_waiting_decision(event: str, waiting: WaitingAthlete, by: Any) -> None:
    log.info(event, user_id=waiting.athlete_id, team=waiting.team_id, by=by and by.get_username())


def accept_coach_invitation(code: str, *, username: str, password: str, address: str = "") -> User:
    """Make the account that a coach's invitation is for: staff, in its group, with its team.

    All or nothing. `address` is the client's, by which failed tries are counted. Raises
    WorkoutError (invitation_invalid, invitation_used, invitation_expired, too_many_tries or
    unavailable), ValidationError with errors for username and password, and django.db.Error.
    """
    with limit_failed_tries(address):
        invitation = find_invitation(code, Invitation.Kind.COACH)
        check_invitation(invitation)  # before anything is said about the user name
        user = build_invited_coach(invitation, username, password)
        try:
            with transaction.atomic():
                take_invitation_use(invitation)
                user.save()
                group = HEAD_COACHES if invitation.is_head_coach else COACHES
                user.groups.add(Group.objects.get(name=group))
                if invitation.team is not None:
                    invitation.team.coaches.add(user)
                record_new_coach(invitation, user)
        except IntegrityError:
            raise ValidationError(
                {"username": [_("A user with that username already exists.")]}
            ) from None
    log.info(
        "coach_joined",
        user=user.get_username(),
        group=group,
        invitation=invitation.pk,
        by=invitation.created_by and invitation.created_by.get_username(),
    )
    return user


def record_new_coach(invitation: Invitation, user: User) -> None:
    """Record in the audit trail who added an account: a link from manage.py has nobody else."""
    by: Any = (invitation.created_by or user).pk
    added: Any = [{"added": {}}]
    LogEntry.objects.log_actions(by, [user], ADDITION, change_message=added, single_object=True)


def build_invited_coach(invitation: Invitation, username: str, password: str) -> User:
    """Return the unsaved account; errors as above for username and password."""
    user = User(
        username=User.normalize_username(username),
        first_name=invitation.name,
        is_staff=True,
    )
    errors: dict[str, Any] = {}
    try:
        user.clean_fields(exclude=["password"])
        user.validate_unique()
    except ValidationError as error:
        errors |= error.error_dict
    try:
        validate_password(password, user)
    except ValidationError as error:
        errors["password"] = error.error_list
    if errors:
        raise ValidationError(errors)
    user.set_password(password)
    return user
