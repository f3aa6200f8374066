"""What the flags of a saved session are worked out from, and how they are kept with it."""

from collections.abc import Mapping
from datetime import timedelta

from django.db.models import Max

from workouts.fairness.flags import Evidence, Pace, best_minute, find_flags
from workouts.models import Exercise, ReviewStatus, ReviewStep, WorkoutSession

HISTORY = timedelta(days=90)
Records = Mapping[str, tuple[int | None, int | None]]


def assess(row: WorkoutSession, records: Records) -> None:
    """Work out best minute and flags of a session; nothing is saved. One query where it lasts a minute."""
    row.best_minute = best_minute(row.timeline_ms)
    personal = None if row.best_minute is None else find_personal_best(row)
    row.flags = find_flags(
        evidence_of(row), Pace(*records.get(row.exercise_id, (None, None)), personal)
    )


def read_records(*slugs: str) -> Records:
    """Return the fastest known, in reps a minute and an hour, of these exercises, or of all."""
    exercises = Exercise.objects.filter(slug__in=slugs) if slugs else Exercise.objects.all()
    return {
        slug: (minute, hour)
        for slug, minute, hour in exercises.values_list(
            "slug", "record_per_minute", "record_per_hour"
        )
    }


def evidence_of(row: WorkoutSession) -> Evidence:
    """Return what the flags are found in."""
    return Evidence(
        times_ms=row.timeline_ms,
        devices=row.rep_devices,
        late_count=len(row.late_reps),
        distrusted_count=row.distrusted_times,
        refused_count=sum(row.refused.values()),
    )


def find_personal_best(row: WorkoutSession) -> int | None:
    """Return the athlete's best minute of this exercise in the 90 days before the session."""
    earlier = WorkoutSession.objects.in_totals().filter(
        athlete_id=row.athlete_id,
        exercise_id=row.exercise_id,
        finished_at__gte=row.started_at - HISTORY,
        finished_at__lte=row.started_at,
    )
    best: int | None = earlier.aggregate(best=Max("best_minute"))["best"]
    return best


def open_review(row: WorkoutSession) -> ReviewStep | None:
    """Return the unsaved step that has a coach look at a session with flags, and move its status; None where there is nothing to do.

    A decision stands, whatever the flags say later, and an appeal waits for a coach.
    """
    names = ", ".join(flag["flag"] for flag in row.flags)
    moves = {
        (ReviewStatus.CLEAN, True): ReviewStatus.PENDING,
        (ReviewStatus.PENDING, False): ReviewStatus.CLEAN,
    }
    before = ReviewStatus(row.review_status)
    after = moves.get((before, bool(names)))
    if after is None or (
        after == ReviewStatus.CLEAN
        and row.review_steps.exclude(actor=ReviewStep.Actor.SERVICE).exists()
    ):
        return None
    row.review_status = after
    return ReviewStep(
        session=row, actor=ReviewStep.Actor.SERVICE, from_status=before, to_status=after, note=names
    )
