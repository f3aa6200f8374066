"""Erasing sessions with their reviews, or keeping what they add up to without the person."""

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from workouts.models import ErasedSession, LoadChange, ReviewStatus, ReviewStep, WorkoutSession
from workouts.services.personal_data.audit_texts import erase_audit_texts

KEPT = ("exercise_id", "total_reps", "started_at", "is_in_totals")
BATCH_SESSIONS = 200  # locked at once: a coach who decides on one of them waits for the others


def erase_sessions(user_ids: Collection[str], *, anonymous_id: str = "") -> int:
    """Erase all sessions of these athletes, in transactions of 200, and return how many.

    With an `anonymous_id`, their totals stay under it. Safe to repeat.
    """
    erased = 0
    while number := erase_session_batch(user_ids, anonymous_id=anonymous_id):
        erased += number
    return erased


def erase_session_batch(user_ids: Collection[str], *, anonymous_id: str = "") -> int:
    """Erase the oldest of the athletes' sessions, and return how many."""
    with transaction.atomic():
        # by ascending id, as review decisions and merges lock them
        rows = WorkoutSession.objects.select_for_update().filter(athlete_id__in=user_ids)
        found = [*rows.only(*KEPT).order_by("pk")[:BATCH_SESSIONS]]
        if anonymous_id:
            WorkoutSession.objects.bulk_create(
                [keep_session_totals(row, anonymous_id) for row in found]
            )
        erase_locked_sessions([row.pk for row in found])
    return len(found)


def erase_locked_sessions(ids: Collection[int]) -> None:
    """Erase sessions that this transaction has locked, and all that was noted about them."""
    ErasedSession.objects.bulk_create([ErasedSession(session_id=pk) for pk in ids])
    ReviewStep.objects.filter(session_id__in=ids).delete()
    ErasedSession.objects.filter(session_id__in=ids).delete()
    LoadChange.objects.filter(session_id__in=ids).delete()
    erase_audit_texts(WorkoutSession, ids)
    WorkoutSession.objects.filter(pk__in=ids).delete()


def keep_session_totals(row: WorkoutSession, anonymous_id: str) -> WorkoutSession:
    """Return a new session with the exercise, the reps and the day, and nothing else of this one.

    It has ids of its own, since the athlete's devices and earlier exports know those of the first.
    """
    day = find_day_of_session(row.started_at)
    return WorkoutSession(
        session_id=uuid.uuid4(),
        athlete_id=anonymous_id,
        exercise_id=row.exercise_id,
        total_reps=row.total_reps,
        created_at=day,
        started_at=day,
        finished_at=day,
        sets=[],
        is_in_totals=row.is_in_totals,
        review_status=ReviewStatus.CLEAN if row.is_in_totals else ReviewStatus.REJECTED,
    )


def find_day_of_session(moment: datetime) -> datetime:
    """Return noon of the day, in TIME_ZONE: the same day in most coaches' time zones.

    Today's and yesterday's sessions get its beginning, so that no wall shows them as just finished.
    """
    day = moment.astimezone(timezone.get_default_timezone())
    noon = day.replace(hour=12, minute=0, second=0, microsecond=0)
    is_past = noon < timezone.now() - timedelta(hours=12)
    return noon if is_past else noon.replace(hour=0)
