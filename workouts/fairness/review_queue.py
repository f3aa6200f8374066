"""The queue of sessions that wait for a coach: appeals first, then whatever waits longest.

An appeal is a pending session with a step of its athlete: only a coach's decision can follow one.
"""

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from workouts.models import ReviewStatus, ReviewStep, WorkoutSession

Sessions = QuerySet[WorkoutSession]


def find_appealed_sessions(sessions: Sessions) -> Sessions:
    """Return those with an appeal to answer, the oldest first, with its text as `appeal_text`."""
    steps = find_athletes_review_steps()
    return (
        sessions.filter(Exists(steps), review_status=ReviewStatus.PENDING)
        .annotate(
            appeal_id=Subquery(steps.values("pk")[:1]),
            appeal_text=Subquery(steps.values("note")[:1]),
        )
        .order_by("appeal_id")
    )


def find_unreviewed_sessions(sessions: Sessions) -> Sessions:
    """Return those that wait for their first decision, the one with the oldest reps first."""
    steps = find_athletes_review_steps()
    waiting = sessions.filter(~Exists(steps), review_status=ReviewStatus.PENDING)
    return waiting.order_by("started_at", "pk")


def find_first_to_review(sessions: Sessions) -> int | None:
    """Return the primary key of the session that is first in the queue, None if none waits."""
    for waiting in (find_appealed_sessions(sessions), find_unreviewed_sessions(sessions)):
        if pk := waiting.prefetch_related(None).values_list("pk", flat=True).first():
            return pk
    return None


def find_athletes_review_steps() -> QuerySet[ReviewStep]:
    """Return the appeals of a session in an outer query, the last one first."""
    return ReviewStep.objects.filter(
        session_id=OuterRef("pk"), actor=ReviewStep.Actor.ATHLETE
    ).order_by("-id")
