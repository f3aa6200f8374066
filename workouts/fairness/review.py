"""Who decides: coaches approve or reject a session, athletes ask for another look, and every step stays on record."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Max

from workouts.exceptions import Code, WorkoutError
from workouts.models import ReviewStatus, ReviewStep, WorkoutSession

DECISIONS = (ReviewStatus.APPROVED, ReviewStatus.REJECTED)


class Decided(NamedTuple):
    """How many sessions a decision moved, and how many it left, as somebody else decided meanwhile or nothing would change."""

    moved: int
    left: int


def decide(
    seen: Mapping[int, int], *, to: ReviewStatus, reviewer: AbstractBaseUser, note: str
) -> Decided:
    """Approve or reject sessions, named by their ids, each with the last step that the coach saw, as last_steps() gives them.

    Raises ValueError for another status, and for a rejection without a note.
    """
    if to not in DECISIONS:
        raise ValueError(f"{to} is no decision")
    if to == ReviewStatus.REJECTED and not note.strip():
        raise ValueError("a rejection takes a note")
    with transaction.atomic():
        rows, steps_now = lock(seen), last_steps(seen)
        rows = [
            row for row in rows if seen[row.pk] == steps_now[row.pk] and row.review_status != to
        ]
        steps = [
            build_step(row, to, actor=ReviewStep.Actor.COACH, reviewer=reviewer, note=note.strip())
            for row in rows
        ]
        ReviewStep.objects.bulk_create(steps)
        ids = [row.pk for row in rows]
        WorkoutSession.objects.filter(pk__in=ids).update(
            review_status=to, is_in_totals=to != ReviewStatus.REJECTED
        )
    return Decided(len(rows), len(seen) - len(rows))


def appeal(session_id: int, *, text: str) -> ReviewStep:
    """Have a coach look again at a decision, once a decision. What was rejected stays out of the totals meanwhile.

    Raises WorkoutError(nothing_to_appeal) where the last step is no decision.
    """
    with transaction.atomic():
        (row,) = lock([session_id])
        last = row.review_steps.order_by("id").last()
        if last is None or last.actor != ReviewStep.Actor.COACH:
            raise WorkoutError(
                Code.NOTHING_TO_APPEAL,
                "no coach has decided about this session since the last appeal",
            )
        step = build_step(row, ReviewStatus.PENDING, actor=ReviewStep.Actor.ATHLETE, note=text)
        step.save()
        WorkoutSession.objects.filter(pk=row.pk).update(review_status=ReviewStatus.PENDING)
    return step


def last_steps(ids: Iterable[int]) -> dict[int, int]:
    """Return the id of each session's last step, 0 where there is none: whoever decided since then, and whatever, it is another."""
    last: Any = (
        ReviewStep.objects.filter(session_id__in=list(ids))
        .order_by()
        .values_list("session_id")
        .annotate(Max("id"))
    )
    return dict.fromkeys(ids, 0) | dict(last)


def lock(ids: Any) -> list[WorkoutSession]:
    """Return the sessions, locked until the transaction ends, in an order that leads to no deadlock."""
    return list(
        WorkoutSession.objects.select_for_update()
        .filter(pk__in=list(ids))
        .only("review_status")
        .order_by("pk")
    )


def build_step(row: WorkoutSession, to: ReviewStatus, **more: Any) -> ReviewStep:
    return ReviewStep(session=row, from_status=row.review_status, to_status=to, **more)
