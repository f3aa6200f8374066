"""The codes of invitations: drawn at random, stored as hashes, and used up."""

import secrets

from django.db.models import F
from django.utils import timezone

from workouts.exceptions import Code, WorkoutError
from workouts.identity.secret_hashes import hash_secret
from workouts.models import Invitation
from workouts.services.roles import Role, may_invite_as

CODE_BYTES = 24  # 192 bits: nobody guesses one


def draw_invitation_code() -> str:
    """Return a new code, of letters, digits, - and _."""
    return secrets.token_urlsafe(CODE_BYTES)


def find_invitation(code: str, *kinds: Invitation.Kind) -> Invitation:
    """Return the invitation with this code, used or not.

    Raises WorkoutError(invitation_invalid) if there is none, or if it is not of these kinds.
    """
    invitation = (
        Invitation.objects.select_related("athlete__merged_into", "team", "created_by")
        .filter(code_hash=hash_secret(code))
        .first()
    )
    if invitation is None:
        raise WorkoutError(Code.INVITATION_INVALID, "no invitation has this code")
    if invitation.kind not in kinds:
        raise WorkoutError(Code.INVITATION_INVALID, f"this is an invitation for: {invitation.kind}")
    return invitation


def check_invitation(invitation: Invitation) -> None:
    """Raise WorkoutError (invitation_invalid, _used or _expired) if it cannot be used any more."""
    if invitation.created_by is not None and not invitation.created_by.is_active:
        raise WorkoutError(Code.INVITATION_INVALID, "whoever made this invitation has left")
    if not may_maker_still_invite(invitation):
        raise WorkoutError(Code.INVITATION_INVALID, "whoever made this invitation was demoted")
    if invitation.withdrawn_at is not None:
        raise WorkoutError(Code.INVITATION_INVALID, "this invitation was withdrawn")
    if invitation.uses >= invitation.max_uses:
        raise WorkoutError(Code.INVITATION_USED, "this invitation has been used")
    if invitation.expires_at <= timezone.now():
        raise WorkoutError(Code.INVITATION_EXPIRED, "this invitation has expired")


def may_maker_still_invite(invitation: Invitation) -> bool:
    """Return whether a coach's invitation gives no more than its maker could give today.

    Otherwise a head coach who is demoted comes back through a link of their own.
    """
    if invitation.kind != Invitation.Kind.COACH or invitation.created_by is None:
        return True
    role = Role.HEAD_COACH if invitation.is_head_coach else Role.COACH
    return may_invite_as(invitation.created_by, role)


def take_invitation_use(invitation: Invitation) -> None:
    """Use an invitation once. Its row is held until the caller's transaction ends.

    Raises WorkoutError as check_invitation() does.
    """
    check_invitation(invitation)
    taken = Invitation.objects.filter(
        pk=invitation.pk,
        uses__lt=F("max_uses"),
        expires_at__gt=timezone.now(),
        withdrawn_at=None,
    ).update(uses=F("uses") + 1)
    if not taken:  # another request was first
        invitation.refresh_from_db(fields=["withdrawn_at", "uses", "max_uses"])
        check_invitation(invitation)
        raise WorkoutError(Code.INVITATION_EXPIRED, "this invitation has expired")
