"""Works the flags of saved sessions out again, after limits were changed."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import django.db
import structlog
from django.db import transaction
from django.db.models import F, QuerySet

from workouts.fairness.assessment import assess, open_review, read_records
from workouts.fairness.flags import Flag, best_minute
from workouts.models import ReviewStatus, ReviewStep, WorkoutSession

WRITTEN_AT_ONCE = 500  # rows a statement
DECIDED = (ReviewStatus.APPROVED, ReviewStatus.REJECTED)
NEEDED = (
    "session_id",
    "athlete_id",
    "exercise_id",
    "started_at",
    "finished_at",
    "timeline_ms",
    "rep_devices",
    "late_reps",
    "distrusted_times",
    "refused",
    "flags",
    "best_minute",
    "review_status",
)
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Changes:
    """What a reassessment changed, or would: sessions looked at, and of which kind flags came and went."""

    looked_at: int = 0
    came: Counter[str] = field(default_factory=Counter)
    went: Counter[str] = field(default_factory=Counter)
    newly_pending: int = 0
    pending_no_more: int = 0
    decided_otherwise: int = (
        0  # a coach has decided, and the flags are others now: the decision stands
    )
    unreadable: int = 0  # left as they are


def count_sessions(since: datetime | None) -> int:
    return sessions_since(since).count()


def sessions_since(since: datetime | None) -> QuerySet[WorkoutSession]:
    sessions = WorkoutSession.objects.order_by("pk")
    return sessions if since is None else sessions.filter(created_at__gte=since)


def reassess(
    changes: Changes, *, since: datetime | None, batch: int, dry_run: bool
) -> Iterator[int]:
    """Work out the flags of all sessions saved since then, and yield the size of each batch once it is written.

    Each batch is a transaction of its own: safe to repeat, and to leave off between two. A dry run writes nothing.
    """
    for ids in read_ids(sessions_since(since), batch):
        with transaction.atomic():
            reassess_batch(ids, changes, write=not dry_run)
        yield len(ids)


def fill_best_minutes(*, batch: int) -> Iterator[int]:
    """Write the best minutes that are missing, which the flags of later sessions look at, and yield the size of each batch.

    They are missing where a version before the flags saved the session, or where its flags could not be worked out.
    """
    for ids in read_ids(sessions_without_best_minute(), batch):
        with transaction.atomic():
            rows = lock(ids, "session_id", "timeline_ms")
            found = [
                row
                for row in rows
                if work_out(row, find_best_minute) and row.best_minute is not None
            ]
            WorkoutSession.objects.bulk_update(found, ["best_minute"], WRITTEN_AT_ONCE)
        yield len(ids)


def sessions_without_best_minute() -> QuerySet[WorkoutSession]:
    lasting = WorkoutSession.objects.filter(finished_at__gte=F("started_at") + timedelta(minutes=1))
    return lasting.filter(best_minute=None).order_by("pk")


def find_best_minute(row: WorkoutSession) -> None:
    row.best_minute = best_minute(row.timeline_ms)


def read_ids(sessions: QuerySet[WorkoutSession], batch: int) -> Iterator[list[int]]:
    """Yield the ids in order, so many at a time; what is saved meanwhile comes last."""
    last = 0
    while ids := list(sessions.filter(pk__gt=last).values_list("pk", flat=True)[:batch]):
        yield ids
        last = ids[-1]


def lock(ids: list[int], *fields: str) -> list[WorkoutSession]:
    return list(
        WorkoutSession.objects.select_for_update().filter(pk__in=ids).only(*fields).order_by("pk")
    )


def work_out(row: WorkoutSession, act: Callable[[WorkoutSession], None]) -> bool:
    """Do what reads the session's reps, and return whether they can be read: one that cannot must not keep the others."""
    try:
        act(row)
    except django.db.Error:
        raise
    except Exception:
        log.exception("session_not_assessed", session_id=str(row.session_id))
        return False
    return True


def reassess_batch(ids: list[int], changes: Changes, *, write: bool) -> None:
    rows, records = lock(ids, *NEEDED), read_records()
    changed, steps = [], []
    for row in rows:
        flags, status = row.flags, row.review_status
        if not work_out(row, lambda row: assess(row, records)):
            changes.unreadable += 1
            continue
        step = open_review(row)
        if step is not None:
            steps.append(step)
        if row.flags != flags or step is not None:
            changed.append(row)
            note_change(changes, row, flags, status)
    changes.looked_at += len(rows)
    if write:
        WorkoutSession.objects.bulk_update(changed, ["flags", "review_status"], WRITTEN_AT_ONCE)
        ReviewStep.objects.bulk_create(steps)


def note_change(changes: Changes, row: WorkoutSession, flags: list[Flag], status: str) -> None:
    before, after = ({flag["flag"] for flag in found} for found in (flags, row.flags))
    changes.came.update(after - before)
    changes.went.update(before - after)
    changes.newly_pending += row.review_status == ReviewStatus.PENDING != status
    changes.pending_no_more += status == ReviewStatus.PENDING != row.review_status
    changes.decided_otherwise += status in DECIDED and before != after
