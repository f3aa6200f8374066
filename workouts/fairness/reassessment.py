"""Finds the sets and flags of saved sessions again, after limits changed."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import django.db
import structlog
from django.db import transaction
from django.db.models import F, Q, QuerySet

from workouts.fairness.assessment import (
    assess_session,
    assess_session_figures,
    open_review,
    read_flag_records,
)
from workouts.fairness.earlier_sessions import read_session_days
from workouts.fairness.evidence import Flag
from workouts.fairness.review import DECISIONS, lock_reviewed_sessions
from workouts.fairness.sets import read_set_rows
from workouts.models import ReviewStatus, ReviewStep, WorkoutSession

ROWS_PER_UPDATE = 500
FIELDS = (
    "session_id",
    "athlete_id",
    "exercise_id",
    "started_at",
    "finished_at",
    "timeline_ms",
    "rep_devices",
    "late_reps",
    "other_device_reps",
    "distrusted_times",
    "refused",
    "flags",
    "best_minute",
    "sets",
    "review_status",
)
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class ReassessmentChanges:
    """What a reassessment changed, or would change: numbers of sessions, and of flags by kind."""

    looked_at: int = 0
    came: Counter[str] = field(default_factory=Counter)
    went: Counter[str] = field(default_factory=Counter)
    new_sets: int = 0  # other sets than were stored
    newly_pending: int = 0
    pending_no_more: int = 0
    decided_otherwise: int = 0  # a coach decided on other flags; the decision stands
    unreadable: int = 0  # left as they are

    def add(self, row: WorkoutSession, old_flags: list[Flag], old_status: str) -> None:
        before, after = ({flag["flag"] for flag in flags} for flags in (old_flags, row.flags))
        self.came.update(after - before)
        self.went.update(before - after)
        self.newly_pending += row.review_status == ReviewStatus.PENDING != old_status
        self.pending_no_more += old_status == ReviewStatus.PENDING != row.review_status
        self.decided_otherwise += old_status in DECISIONS and before != after


def reassess_sessions(
    changes: ReassessmentChanges, *, since: datetime | None, batch: int, dry_run: bool
) -> Iterator[int]:
    """Find the flags of sessions saved since then again, and yield the size of each batch written.

    Each batch is its own transaction, so it is safe to stop between batches and to repeat. A dry
    run writes nothing.
    """
    for ids in read_ids_to_reassess(sessions_to_reassess(since), batch):
        with transaction.atomic():
            reassess_batch(ids, changes, write=not dry_run)
        yield len(ids)


def count_sessions_to_reassess(since: datetime | None) -> int:
    return sessions_to_reassess(since).count()


def sessions_to_reassess(since: datetime | None) -> QuerySet[WorkoutSession]:
    sessions = WorkoutSession.objects.order_by("pk")
    return sessions if since is None else sessions.filter(created_at__gte=since)


def reassess_batch(ids: list[int], changes: ReassessmentChanges, *, write: bool) -> None:
    rows, records = lock_reviewed_sessions(ids, *FIELDS), read_flag_records()
    days = read_session_days(rows)
    changed, steps = [], []
    for row in rows:
        flags, status, stored_sets = row.flags, row.review_status, row.sets
        if not assess_or_log(
            row, lambda row: assess_session(row, records[row.exercise_id], days[row.pk])
        ):
            changes.unreadable += 1
            continue
        step = open_review(row)
        if step is not None:
            steps.append(step)
        has_new_sets = row.sets != read_set_rows(stored_sets)
        if row.flags != flags or step is not None or has_new_sets:
            changed.append(row)
            changes.add(row, flags, status)
            changes.new_sets += has_new_sets and stored_sets is not None
    changes.looked_at += len(rows)
    if write:
        WorkoutSession.objects.bulk_update(
            changed, ["flags", "review_status", "sets"], ROWS_PER_UPDATE
        )
        ReviewStep.objects.bulk_create(steps)


def assess_missing_figures(*, batch: int) -> Iterator[int]:
    """Write missing sets and best minutes, and yield the size of each batch written.

    The flags of later sessions depend on the best minutes. Figures are missing from sessions that
    were saved before there were any, or whose figures could not be found.
    """
    for ids in read_ids_to_reassess(sessions_to_assess_for_figures(), batch):
        with transaction.atomic():
            rows = lock_reviewed_sessions(ids, "session_id", "timeline_ms")
            found = [row for row in rows if assess_or_log(row, assess_session_figures)]
            WorkoutSession.objects.bulk_update(found, ["sets", "best_minute"], ROWS_PER_UPDATE)
        yield len(ids)


def sessions_to_assess_for_figures() -> QuerySet[WorkoutSession]:
    lasts_a_minute = Q(finished_at__gte=F("started_at") + timedelta(minutes=1))
    return WorkoutSession.objects.filter(
        Q(sets__isnull=True) | Q(best_minute=None) & lasts_a_minute
    ).order_by("pk")


def read_ids_to_reassess(sessions: QuerySet[WorkoutSession], batch: int) -> Iterator[list[int]]:
    """Yield the ids in batches, in ascending order. Sessions saved meanwhile come last."""
    last = 0
    while ids := list(sessions.filter(pk__gt=last).values_list("pk", flat=True)[:batch]):
        yield ids
        last = ids[-1]


def assess_or_log(row: WorkoutSession, act: Callable[[WorkoutSession], None]) -> bool:
    """Return whether the session's reps could be read; if not, the others go on."""
    try:
        act(row)
    except django.db.Error:
        raise
    except Exception:
        log.exception("session_not_assessed", session_id=str(row.session_id))
        return False
    return True
