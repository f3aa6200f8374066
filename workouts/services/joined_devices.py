"""Joined devices: let in by an invitation, given new tokens, and cut off."""

import uuid
from datetime import timedelta
from typing import Any, NamedTuple

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from workouts.exceptions import Code, WorkoutError
from workouts.identity.access_tokens import issue_access_token
from workouts.identity.refresh_tokens import RefreshToken, parse_refresh_token
from workouts.identity.secret_hashes import hash_secret
from workouts.models import (
    MAX_DEVICE_NAME_LENGTH,
    Athlete,
    Invitation,
    JoinedDevice,
    WaitingAthlete,
)
from workouts.services.invitation_codes import find_invitation, take_invitation_use
from workouts.services.join_tries import limit_failed_tries
from workouts.services.new_athletes import clean_name, create_athlete

JOINED, WAITING = "joined", "waiting"
REPEATABLE = timedelta(minutes=10)  # for how long a join whose answer was lost can be repeated
IDLE = timedelta(days=90)
log = structlog.get_logger(__name__)


class Joined(NamedTuple):
    """A device that is in, with new tokens. `state` is "waiting" until a coach says yes."""

    athlete: Athlete
    device: JoinedDevice
    state: str
    access_token: str
    refresh_token: str


class TokenPair(NamedTuple):
    """What a device gets for its refresh token."""

    device: JoinedDevice
    access_token: str
    refresh_token: str


def join_by_code(
    *, code: str, join_id: str, device_name: str, address: str, name: str = ""
) -> Joined:
    """Let a device in by an athlete's or a team's invitation.

    A team's makes a new athlete with this name, who waits for a coach. The same `join_id` gets the
    same device again for 10 minutes. Failed tries are counted by the client's address. Raises
    WorkoutError (invitation_invalid, invitation_used, invitation_expired, too_many_tries,
    invalid_message for a name, or unavailable) and django.db.Error; nothing is used up then.
    """
    device_name = clean_name(device_name, MAX_DEVICE_NAME_LENGTH)
    join_hash = hash_join(join_id, name)
    with limit_failed_tries(address):
        invitation = find_invitation(code, Invitation.Kind.ATHLETE, Invitation.Kind.TEAM)
        joins = JoinedDevice.objects.filter(invitation=invitation, join_hash=join_hash)
        device = find_repeated_join(joins)
        if device is None:
            try:
                device = add_invited_device(invitation, join_hash, device_name, name)
            except (WorkoutError, IntegrityError):
                # the same join may have come twice at once
                device = find_repeated_join(joins)
                if device is None:
                    raise
    return describe_joined(device)


def join_by_name(*, name: str, join_id: str, device_name: str) -> Joined:
    """Make a new athlete with this name, and let the device in: for the open mode.

    The same `join_id` gets the same device again for 10 minutes. Raises WorkoutError
    (invalid_message for a name, invitation_used for an old join_id, or unavailable) and
    django.db.Error.
    """
    device_name = clean_name(device_name, MAX_DEVICE_NAME_LENGTH)
    join_hash = hash_join(join_id, name)
    # no invitation makes these unique, so the key does
    joins = JoinedDevice.objects.filter(pk=key_of_join(join_hash))
    device = find_repeated_join(joins)
    if device is None:
        try:
            with transaction.atomic():
                device = JoinedDevice.objects.create(
                    pk=key_of_join(join_hash),
                    athlete=create_athlete(name),
                    join_hash=join_hash,
                    name=device_name,
                )
        except IntegrityError:
            device = find_repeated_join(joins)
            if device is None:
                raise
    return describe_joined(device)


def hash_join(join_id: str, name: str) -> str:
    """Return what tells a join from others; two people may have drawn the same poor join_id."""
    return hash_secret(f"{join_id}\n{name}")


def key_of_join(join_hash: str) -> uuid.UUID:
    """Return the primary key of a device that joined by a name alone."""
    return uuid.UUID(join_hash[:32])


def revoke_devices_of_open_mode() -> int:
    """Cut off the devices that joined by a name alone, which nobody invited; return how many.

    The open mode lets anybody in. Called at the start in token mode, which asks for their tokens.
    """
    uninvited = JoinedDevice.objects.filter(invitation=None, revoked_at=None)
    keys = [
        key
        for key, join_hash in uninvited.values_list("pk", "join_hash")
        if key == key_of_join(join_hash)
    ]
    return revoke_devices(JoinedDevice.objects.filter(pk__in=keys))


def find_repeated_join(joins: QuerySet[JoinedDevice]) -> JoinedDevice | None:
    """Return the device that this join let in before, or None.

    Raises WorkoutError(invitation_used) if that was too long ago, or if it was cut off.
    """
    device = joins.select_related("athlete").first()
    if device is None:
        return None
    is_cut_off = device.revoked_at is not None or device.athlete.switched_off_at is not None
    if is_cut_off or device.joined_at < timezone.now() - REPEATABLE:
        raise WorkoutError(Code.INVITATION_USED, "this device has joined before")
    return device


def add_invited_device(
    invitation: Invitation, join_hash: str, device_name: str, name: str
) -> JoinedDevice:
    """Use an invitation for a new device; errors as for join_by_code().

    Raises IntegrityError if this join has a device already: then nothing is used up.
    """
    with transaction.atomic():
        take_invitation_use(invitation)
        return JoinedDevice.objects.create(
            athlete=choose_invited_athlete(invitation, name),
            invitation=invitation,
            join_hash=join_hash,
            name=device_name,
        )


def choose_invited_athlete(invitation: Invitation, name: str) -> Athlete:
    """Return whom an invitation lets in: a team's makes a new athlete, who waits for a coach."""
    if invitation.team is not None:
        athlete = create_athlete(name)
        WaitingAthlete.objects.create(athlete=athlete, team=invitation.team)
        return athlete
    if invitation.athlete is None:  # the table's constraint rules that out
        raise WorkoutError(Code.INVITATION_INVALID, "this invitation is for nobody")
    athlete = invitation.athlete.kept
    if athlete.switched_off_at is not None:
        raise WorkoutError(Code.INVITATION_INVALID, "this athlete has been switched off")
    return athlete


def describe_joined(device: JoinedDevice) -> Joined:
    """Return a device's athlete, state and tokens; the same refresh token until it is used."""
    athlete = device.athlete
    state = WAITING if athlete.waiting.exists() else JOINED
    pair = issue_token_pair(device)
    log.info("device_joined", user_id=athlete.user_id, joined_device=device.id.hex, state=state)
    return Joined(athlete, device, state, pair.access_token, pair.refresh_token)


def issue_token_pair(device: JoinedDevice) -> TokenPair:
    """Return an access token, and the successor of the refresh token that was used last."""
    refresh_token = RefreshToken(device.id, device.refresh_number + 1).encode()
    return TokenPair(device, issue_access_token(device.athlete_id, device.id), refresh_token)


def refresh_device(refresh_token: str) -> TokenPair:
    """Return a new pair of tokens for a device's refresh token.

    A token gives the same successor until that is used: its answer may have been lost. Used after
    that, somebody else has it too, and the device is revoked. Raises WorkoutError (token_invalid,
    token_expired after 90 idle days, device_revoked, not_allowed for a switched-off athlete, or
    unavailable) and django.db.Error.
    """
    token = parse_refresh_token(refresh_token)
    if token is None:
        raise WorkoutError(Code.TOKEN_INVALID, "the refresh token is not valid")
    now = timezone.now()
    # also one whose number is too high: we signed it, and a backup has brought back an older row
    used = JoinedDevice.objects.filter(
        Exists(Athlete.objects.filter(user_id=OuterRef("athlete_id"), switched_off_at=None)),
        pk=token.device_id,
        revoked_at=None,
        last_seen_at__gt=now - IDLE,
        refresh_number__lte=token.number,
    )
    if not used.update(refresh_number=token.number, last_seen_at=now):
        refuse_refresh(token)
    device = JoinedDevice.objects.get(pk=token.device_id)
    device.refresh_number = token.number
    return issue_token_pair(device)


def refuse_refresh(token: RefreshToken) -> None:
    """Raise WorkoutError with the reason why a refresh token is not taken."""
    device = JoinedDevice.objects.select_related("athlete").filter(pk=token.device_id).first()
    if device is None or device.revoked_at:
        raise WorkoutError(Code.DEVICE_REVOKED, "this device has been cut off")
    if device.athlete.switched_off_at:  # which a coach may undo: the device keeps its token
        raise WorkoutError(Code.NOT_ALLOWED, "this athlete has been switched off")
    if device.refresh_number > token.number:
        revoke_device(device)
        log.warning("refresh_token_replayed", user_id=device.athlete_id, device=device.id.hex)
        raise WorkoutError(
            Code.DEVICE_REVOKED, "this refresh token was used before; the device has been cut off"
        )
    raise WorkoutError(
        Code.TOKEN_EXPIRED, f"this device has not been seen for {IDLE.days} days; join again"
    )


def revoke_device(device: JoinedDevice, by: Any = None) -> bool:
    """Cut a device off, and return whether it was not cut off before.

    Its sockets close and its tokens are refused within 5 s (revocations.py). `by` is the user who
    did it, or None for the device itself.
    """
    return bool(revoke_devices(JoinedDevice.objects.filter(pk=device.pk), by=by))


def revoke_devices(devices: QuerySet[JoinedDevice], by: Any = None) -> int:
    """Cut off those of these devices that are not, and return how many."""
    number = devices.filter(revoked_at=None).update(revoked_at=timezone.now())
    if number:
        log.info("devices_revoked", number=number, by=by and by.get_username())
    return number


def leave(*, device_id: uuid.UUID) -> None:
    """Cut a device off at its own wish. Safe to repeat."""
    revoke_devices(JoinedDevice.objects.filter(pk=device_id))
