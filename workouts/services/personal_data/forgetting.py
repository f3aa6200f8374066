"""Forgetting an athlete: everything is erased, or only the totals stay, without the person."""

import secrets
import uuid
from collections.abc import Collection
from typing import Any, NamedTuple

import structlog
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone

from workouts.live.runtime import get_live_store
from workouts.live.traces import erase_live_traces, find_live_traces
from workouts.models import (
    Athlete,
    Forgetting,
    Invitation,
    JoinedDevice,
    ReviewStep,
    WaitingAthlete,
    WorkoutSession,
)
from workouts.services.personal_data.audit_texts import erase_audit_texts, erase_names_in_audit
from workouts.services.personal_data.persons import (
    UnknownAthleteError,
    find_forgettings,
    find_person,
    lock_person,
)
from workouts.services.personal_data.places import ATHLETE_PLACES
from workouts.services.personal_data.sessions import erase_sessions

log = structlog.get_logger(__name__)


class Forgotten(NamedTuple):
    """Whom it was about, how many sessions there were, and under which name the totals stay."""

    user_ids: list[str]
    sessions: int
    anonymous_id: str


def forget_athlete(user_id: str, *, keep_totals: bool) -> Forgotten:
    """Erase all that Senim has about an athlete and its aliases, or keep only the totals.

    The order makes sure that nothing comes back:

    1. The door: tombstones, devices revoked, athletes switched off, invitations withdrawn. From
       here on no token lets them in, and open sockets are closed within 5 s.
    2. Redis: whatever was live or sealed is gone before it can be saved.
    3. The sessions, in short transactions, so that nobody waits for long.
    4. All other rows, with the athletes locked. A save that waits for that lock finds no athlete,
       but a tombstone, and drops its session (services/finishing.py).
    5. Redis once more, for the reps that came before the sockets were closed.

    Interrupted, it can be run again. In open mode there is no door: a new rep makes a new athlete.
    Raises UnknownAthleteError, and redis.RedisError or django.db.Error if Redis or the database is
    unavailable. Must not run inside a transaction.
    """
    with transaction.atomic(durable=True):
        user_ids, anonymous_id = shut_out_athlete(user_id, keep_totals=keep_totals)
    erase_redis_of_person(user_ids)
    sessions = erase_sessions(user_ids, anonymous_id=anonymous_id)
    with transaction.atomic(durable=True):
        lock_person(user_id)
        sessions += erase_sessions(user_ids, anonymous_id=anonymous_id)
        erase_person(user_ids)
        Athlete.objects.filter(user_id=anonymous_id, sessions=None).delete()
    erase_redis_of_person(user_ids)
    # without the anonymous name, which would lead from the person to the totals
    Forgetting.objects.filter(user_id__in=user_ids).update(ended_at=timezone.now(), anonymous_id="")
    log.info("athlete_forgotten", sessions=sessions, aliases=len(user_ids) - 1)
    return Forgotten(user_ids, sessions, anonymous_id)


def shut_out_athlete(user_id: str, *, keep_totals: bool) -> tuple[list[str], str]:
    """Set the tombstones and close the door; return the person's user_ids and the name for totals.

    Begun and interrupted before, it goes on with the same ones.
    """
    lock_person(user_id)
    begun = [each for each in find_forgettings([user_id]) if each.ended_at is None]
    user_ids = [*dict.fromkeys([*find_person(user_id), *(each.user_id for each in begun)])]
    if not user_ids:
        if not find_live_traces(get_live_store(), user_id):
            raise UnknownAthleteError(user_id)
        user_ids = [user_id]
    anonymous_id = next((each.anonymous_id for each in begun if each.anonymous_id), "")
    if anonymous_id and not keep_totals:
        user_ids, anonymous_id = [*user_ids, anonymous_id], ""
    elif keep_totals:
        anonymous_id = anonymous_id or f"forgotten-{secrets.token_hex(8)}"
        Athlete.objects.get_or_create(user_id=anonymous_id)
    set_tombstones(user_ids, anonymous_id)
    close_door_to_athletes(user_ids)
    return user_ids, anonymous_id


def set_tombstones(user_ids: Collection[str], anonymous_id: str) -> None:
    person = uuid.uuid4()
    for user_id in sorted(user_ids):
        Forgetting.objects.update_or_create(
            user_id=user_id,
            defaults={"person": person, "anonymous_id": anonymous_id, "ended_at": None},
        )


def close_door_to_athletes(user_ids: Collection[str]) -> None:
    now = timezone.now()
    Athlete.objects.filter(user_id__in=user_ids).update(switched_off_at=now)
    devices = JoinedDevice.objects.filter(athlete_id__in=user_ids, revoked_at=None)
    devices.update(revoked_at=now)
    Invitation.objects.filter(athlete_id__in=user_ids).delete()
    WaitingAthlete.objects.filter(athlete_id__in=user_ids).delete()


def erase_redis_of_person(user_ids: Collection[str]) -> None:
    for user_id in user_ids:
        erase_live_traces(get_live_store(), user_id)


def erase_person(user_ids: Collection[str]) -> None:
    """Erase the rows of athletes who have no sessions any more, and their names in the audit trail.

    Must run inside a transaction.
    """
    athletes = [*Athlete.objects.filter(user_id__in=user_ids).select_related("account")]
    accounts = [athlete.account for athlete in athletes if athlete.account is not None]
    names = {athlete.display_name for athlete in athletes}
    erase_audit_texts(Athlete, [athlete.pk for athlete in athletes])
    erase_names_in_audit(user_ids, names | {*map(erase_account_of_athlete, accounts)})
    for place in ATHLETE_PLACES:
        if place.model not in (ReviewStep, WorkoutSession, Athlete):
            rows = place.rows(user_ids)
            if not place.model._meta.auto_created:
                erase_audit_texts(place.model, [*rows.values_list("pk", flat=True)])
            rows.delete()
    Athlete.objects.filter(user_id__in=user_ids, merged_into__isnull=False).delete()
    Athlete.objects.filter(user_id__in=user_ids).delete()


def erase_account_of_athlete(account: Any) -> str:
    """Erase an athlete's own account and return its name, or "" if it is a coach's as well."""
    is_coach = account.is_staff or LogEntry.objects.filter(user=account).exists()
    if is_coach or account.is_superuser:
        return ""
    try:
        with transaction.atomic():
            pk, name = account.pk, account.get_username()
            account.delete()
    except ProtectedError:  # was a coach's, who decided on sessions
        return ""
    erase_audit_texts(get_user_model(), [pk])
    return str(name)
