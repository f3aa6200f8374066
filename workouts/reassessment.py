"""Works the flags of saved sessions out again, after limits were changed."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from workouts.assessment import assess, open_review, read_records
from workouts.models import ReviewStatus, ReviewStep, WorkoutSession
from workouts.plausibility import Flag, best_minute

DECIDED = (ReviewStatus.APPROVED, ReviewStatus.REJECTED)
NEEDED = (
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


@dataclass(slots=True)
class Changes:
    """What a reassessment changed, or would: sessions looked at, and of which kind flags came and went."""

    looked_at: int = 0
    came: Counter[str] = field(default_factory=Counter)
    went: Counter[str] = field(default_factory=Counter)
    newly_pending: int = 0
    pending_no_more: int = 0
    decided_otherwise: int = 0  # a coach has decided, and the flags are others now: the decision stands


def count_sessions(since: datetime | None) -> int:
    return sessions_since(since).count()


def reassess(*, since: datetime | None, batch: int, dry_run: bool, on_batch: Callable[[int], object]) -> Changes:
    """Work out the flags of all sessions saved since then, `batch` at a time, each batch in a transaction of its own.

    `on_batch` is called with the size of each. Safe to repeat, and to cut off between two batches. A dry run writes nothing.
    """
    changes = Changes()
    for ids in read_ids(since, batch):
        with transaction.atomic():
            reassess_batch(ids, changes)
            transaction.set_rollback(dry_run)
        on_batch(len(ids))
    return changes


def sessions_since(since: datetime | None) -> QuerySet[WorkoutSession]:
    sessions = WorkoutSession.objects.order_by("pk")
    return sessions if since is None else sessions.filter(created_at__gte=since)


def read_ids(since: datetime | None, batch: int) -> Iterator[list[int]]:
    """Yield the ids in order, so many at a time; what is saved meanwhile comes last."""
    last = 0
    while ids := list(sessions_since(since).filter(pk__gt=last).values_list("pk", flat=True)[:batch]):
        yield ids
        last = ids[-1]


def reassess_batch(ids: list[int], changes: Changes) -> None:
    rows = list(WorkoutSession.objects.select_for_update().filter(pk__in=ids).only(*NEEDED).order_by("pk"))
    write_best_minutes(rows)
    records = read_records()
    changed, steps = [], []
    for row in rows:
        flags, status = row.flags, row.review_status
        assess(row, records)
        step = open_review(row)
        if step is not None:
            steps.append(step)
        if row.flags != flags or step is not None:
            changed.append(row)
            note_change(changes, row, flags, status)
    WorkoutSession.objects.bulk_update(changed, ["flags", "review_status"])
    ReviewStep.objects.bulk_create(steps)
    changes.looked_at += len(rows)


def write_best_minutes(rows: list[WorkoutSession]) -> None:
    """Write those that are missing, before the flags look at those of earlier sessions."""
    changed = []
    for row in rows:
        best = best_minute(row.timeline_ms)
        if best != row.best_minute:
            row.best_minute = best
            changed.append(row)
    WorkoutSession.objects.bulk_update(changed, ["best_minute"])


def note_change(changes: Changes, row: WorkoutSession, flags: list[Flag], status: str) -> None:
    before, after = ({flag["flag"] for flag in found} for found in (flags, row.flags))
    changes.came.update(after - before)
    changes.went.update(before - after)
    changes.newly_pending += row.review_status == ReviewStatus.PENDING != status
    changes.pending_no_more += status == ReviewStatus.PENDING != row.review_status
    changes.decided_otherwise += status in DECIDED and before != after
