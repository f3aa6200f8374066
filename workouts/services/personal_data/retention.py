"""What becomes of old personal data: SENIM_RETENTION_DAYS, and what was left half-forgotten.

The sweeper gives this a short turn after each sweep, so that it never holds up a session that is
waiting to be saved.
"""

import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

import django.db
import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from workouts.clock import datetime_to_ms
from workouts.live.clients import REDIS_AWAY
from workouts.live.runtime import get_live_store
from workouts.models import (
    Athlete,
    AthleteQuerySet,
    Forgetting,
    Invitation,
    JoinedDevice,
    WorkoutSession,
)
from workouts.outages import log_outage
from workouts.services.personal_data.forgetting import erase_person, forget_athlete
from workouts.services.personal_data.persons import UnknownAthleteError, lock_person
from workouts.services.personal_data.places import DATED_PLACES, find_installed_model
from workouts.services.personal_data.sessions import BATCH_SESSIONS, erase_locked_sessions
from workouts.services.personal_data.tombstones import remove_old_tombstones

TURN_S = 2.0
REST_S = 3600.0  # once nothing old is left
RETENTION_LOCK = 0x464F52474554  # "FORGET": the key of PostgreSQL's advisory lock
INVITATION_KEPT = timedelta(days=30)
INTERRUPTED_AFTER = timedelta(minutes=10)
LISTED_ATHLETES = 20
BATCH_ROWS = 1000
log = structlog.get_logger(__name__)


class ExpiredDataEraser:
    """Erases what is older than SENIM_RETENTION_DAYS, a little after each sweep."""

    def __init__(self) -> None:
        self._next_at = float("-inf")

    def take_turn(self) -> None:
        """Go on with forgettings that were interrupted, then erase old data for up to 2 s.

        Errors are logged; the next turn tries again.
        """
        try:
            self._take_turn()
        except (*REDIS_AWAY, django.db.Error) as error:
            log_outage("erasing_interrupted", error)
        except Exception:
            log.exception("erasing_failed")  # a bug here must not end the sweeping

    def _take_turn(self) -> None:
        remove_old_tombstones()
        resume_forgettings()
        if not settings.SENIM_RETENTION_DAYS or time.monotonic() < self._next_at:
            return
        if not erase_expired(turn_s=TURN_S):
            self._next_at = time.monotonic() + REST_S


def resume_forgettings() -> None:
    """Go on with forgettings that began a while ago and did not end."""
    begun = Forgetting.objects.filter(
        ended_at=None, began_at__lt=timezone.now() - INTERRUPTED_AFTER
    )
    for each in begun:
        try:
            forget_athlete(each.user_id, keep_totals=bool(each.anonymous_id))
        except UnknownAthleteError:
            continue  # it ended along with an alias


def erase_expired(*, turn_s: float) -> bool:
    """Erase data older than SENIM_RETENTION_DAYS in small transactions; return if there is more.

    If another process is doing it, its turn is left to it. Logs what was erased, in numbers.
    Raises redis.RedisError and django.db.Error.
    """
    before, ends_at = find_retention_start(), time.monotonic() + turn_s
    erased: Counter[str] = Counter()
    steps: dict[str, Callable[[datetime], int]] = {
        "sessions": erase_expired_sessions,
        "athletes": erase_expired_athletes,
        "invitations": erase_expired_invitations,
        "devices": erase_expired_devices,
        "parked": erase_expired_parked,
        "records": erase_expired_records,
    }
    is_more = False
    for name, step in steps.items():
        while not is_more and (number := run_alone(step, before)):
            erased[name] += number
            is_more = time.monotonic() > ends_at
    if erased:
        log.info("personal_data_expired", before=before.date().isoformat(), **erased)
    return is_more


def find_retention_start() -> datetime:
    return timezone.now() - timedelta(days=settings.SENIM_RETENTION_DAYS)


def run_alone(step: Callable[[datetime], int], before: datetime) -> int:
    """Run a step in a transaction, and return what it does, or 0 if another process runs one.

    SQLite has one writer at a time anyway.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [RETENTION_LOCK])
                if not cursor.fetchone()[0]:
                    return 0
        return step(before)


def erase_expired_sessions(before: datetime) -> int:
    """Erase a batch of sessions that finished before a time. Those being reviewed wait."""
    # they began before it too, and there is an index on that
    old = WorkoutSession.objects.filter(started_at__lt=before, finished_at__lt=before)
    locked = old.select_for_update(skip_locked=True).order_by("started_at", "pk")
    ids = [*locked.values_list("pk", flat=True)[:BATCH_SESSIONS]]
    erase_locked_sessions(ids)
    return len(ids)


def erase_expired_athletes(before: datetime) -> int:
    """Erase an athlete first seen before a time of whom no session is left, aliases included.

    Those with a device that was seen since, or who are training, stay.
    """
    found = [*find_expired_athletes(before).values_list("user_id", flat=True)[:LISTED_ATHLETES]]
    training = {each.user_id for each in get_live_store().who_trains(found)} if found else set()
    for user_id in found:
        if user_id in training:
            continue
        group = lock_person(user_id)
        # asked again, now that no save can come in between
        if find_expired_athletes(before).filter(user_id=user_id).exists():
            erase_person([athlete.user_id for athlete in group])
            return 1
    return 0


def find_expired_athletes(before: datetime) -> AthleteQuerySet:
    seen = JoinedDevice.objects.filter(
        Q(athlete=OuterRef("user_id")) | Q(athlete__merged_into=OuterRef("pk")),
        last_seen_at__gte=before,
    )
    aliases = Athlete.objects.filter(merged_into=OuterRef("pk"), created_at__gte=before)
    sessions = WorkoutSession.objects.filter(athlete=OuterRef("user_id"))
    old = Athlete.objects.unmerged().filter(created_at__lt=before)
    return old.filter(~Exists(sessions), ~Exists(seen), ~Exists(aliases)).order_by("pk")


def erase_expired_invitations(before: datetime) -> int:
    """Erase invitations that have not been valid for 30 days."""
    old = Invitation.objects.filter(expires_at__lt=timezone.now() - INVITATION_KEPT)
    return old.delete()[1].get("workouts.Invitation", 0)


def erase_expired_devices(before: datetime) -> int:
    """Erase joined devices that were revoked before a time."""
    return JoinedDevice.objects.filter(revoked_at__lt=before).delete()[0]


def erase_expired_parked(before: datetime) -> int:
    """Erase sessions that were parked before a time and still cannot be saved."""
    store, before_ms = get_live_store(), datetime_to_ms(before)
    old = [each.name for each in store.parked_sessions() if each.since_ms < before_ms]
    for name in old:
        store.clear(name)
    return len(old)


def erase_expired_records(before: datetime) -> int:
    """Erase a batch of old log-ins of the admin."""
    erased = 0
    for label, field in DATED_PLACES.items():
        if model := find_installed_model(label):
            rows = model._default_manager.filter(**{f"{field}__lt": before})
            ids = [*rows.values_list("pk", flat=True)[:BATCH_ROWS]]
            erased += model._default_manager.filter(pk__in=ids).delete()[0]
    return erased
