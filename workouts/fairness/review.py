"""Reviews: coaches approve or reject sessions, athletes appeal. Every step stays on record."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Max

from workouts.exceptions import Code, WorkoutError
from workouts.models import ReviewStatus, ReviewStep, WorkoutSession

DECISIONS = (ReviewStatus.APPROVED, ReviewStatus.REJECTED)


class ReviewDecided(NamedTuple):
    """How many sessions a decision changed, and how many it left as they were.

    It leaves those that someone else decided meanwhile, or that have that status already.
    """

    moved: int
    left: int


def decide_reviews(
    seen: Mapping[int, int], *, to: ReviewStatus, reviewer: AbstractBaseUser, note: str
) -> ReviewDecided:
    """Approve or reject sessions.

    `seen` maps the id of each session to the last step that the coach saw, as from last_steps().
    Raises ValueError for any other status, and for a rejection without a note.
    """
    if to not in DECISIONS:
        raise ValueError(f"{to} is not a decision")
    if to == ReviewStatus.REJECTED and not note.strip():
        raise ValueError("a rejection needs a note")
    with transaction.atomic():
        rows, steps_now = (
            lock_reviewed_sessions(seen, "review_status"),
            find_last_review_steps(seen),
        )
        rows = [
            row for row in rows if seen[row.pk] == steps_now[row.pk] and row.review_status != to
        ]
        steps = [
            build_review_step(
                row, to, actor=ReviewStep.Actor.COACH, reviewer=reviewer, note=note.strip()
            )
            for row in rows
        ]
        ReviewStep.objects.bulk_create(steps)
        ids = [row.pk for row in rows]
        WorkoutSession.objects.filter(pk__in=ids).update(
            review_status=to, is_in_totals=to != ReviewStatus.REJECTED
        )
    return ReviewDecided(len(rows), len(seen) - len(rows))


def appeal_review_decision(session_id: int, *, text: str) -> ReviewStep:
    """Ask for another look at a decision, once per decision.

    A rejected session stays out of the totals meanwhile. Raises WorkoutError(nothing_to_appeal) if
    the last step is not a coach's decision.
    """
    with transaction.atomic():
        (row,) = lock_reviewed_sessions([session_id], "review_status")
        last = row.review_steps.order_by("id").last()
        if last is None or last.actor != ReviewStep.Actor.COACH:
            raise WorkoutError(
                Code.NOTHING_TO_APPEAL,
                "no coach has decided on this session since the last appeal",
            )
        step = build_review_step(
            row, ReviewStatus.PENDING, actor=ReviewStep.Actor.ATHLETE, note=text
        )
        step.save()
        WorkoutSession.objects.filter(pk=row.pk).update(review_status=ReviewStatus.PENDING)
    return step


def find_last_review_steps(ids: Iterable[int]) -> dict[int, int]:
    """Return the id of each session's last step, or 0 if it has none.

    Any later step changes it, so it shows whether a session was reviewed since.
    """
    last: Any = (
        ReviewStep.objects.filter(session_id__in=list(ids))
        .order_by()
        .values_list("session_id")
        .annotate(Max("id"))
    )
    return dict.fromkeys(ids, 0) | dict(last)


def lock_reviewed_sessions(ids: Iterable[int], *fields: str) -> list[WorkoutSession]:
    """Return sessions with these fields, locked until the transaction ends.

    They are locked by ascending id, so that two callers cannot deadlock.
    """
    rows = WorkoutSession.objects.select_for_update().filter(pk__in=list(ids))
    return list(rows.only(*fields).order_by("pk"))


def build_review_step(row: WorkoutSession, to: ReviewStatus, **more: Any) -> ReviewStep:
    return ReviewStep(session=row, from_status=row.review_status, to_status=to, **more)
