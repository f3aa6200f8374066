"""Finds a session's flags, and opens its review if there are any."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from django.db.models import Max

from workouts.fairness.earlier_sessions import HISTORY, NO_DAY, SessionDay, read_new_session_days
from workouts.fairness.evidence import FlagEvidence, KnownPace
from workouts.fairness.flags import find_flags
from workouts.fairness.pace_flags import find_best_minute_pace
from workouts.fairness.sets import describe_sets
from workouts.models import Exercise, ReviewStatus, ReviewStep, WorkoutSession

Records = Mapping[str, KnownPace]  # the fastest paces known for anyone, by exercise


def assess_session(row: WorkoutSession, records: KnownPace, day: SessionDay = NO_DAY) -> None:
    """Set a session's sets, best minute and flags, unsaved, by the exercise's records and the day.

    One query if it lasts a minute, else none.
    """
    assess_session_figures(row)
    personal = None if row.best_minute is None else find_personal_pace_before(row)
    row.flags = find_flags(
        collect_flag_evidence(row, day), replace(records, personal_per_minute=personal)
    )


def assess_new_sessions(rows: Sequence[WorkoutSession]) -> list[SessionDay]:
    """Set the sets, best minutes and flags of sessions that are being saved; return their days.

    One query. The sessions are of different athletes, or it is just one.
    """
    for row in rows:
        assess_session_figures(row)
    days = []
    for row, (pace, day) in zip(rows, read_new_session_days(rows), strict=True):
        row.flags = find_flags(collect_flag_evidence(row, day), pace)
        days.append(day)
    return days


def assess_session_figures(row: WorkoutSession) -> None:
    """Set a session's sets and best minute, unsaved."""
    row.sets = describe_sets(row.timeline_ms)
    row.best_minute = find_best_minute_pace(row.timeline_ms)


def read_flag_records() -> Records:
    fields = ("record_per_minute", "record_per_hour", "record_per_30_s", "record_per_day")
    return {
        slug: KnownPace(**dict(zip(fields, records, strict=True)))
        for slug, *records in Exercise.objects.values_list("slug", *fields)
    }


def collect_flag_evidence(row: WorkoutSession, day: SessionDay = NO_DAY) -> FlagEvidence:
    return FlagEvidence(
        times_ms=row.timeline_ms,
        devices=row.rep_devices,
        late_count=len(row.late_reps),
        distrusted_count=row.distrusted_times,
        refused_count=sum(row.refused.values()),
        other_device_reps=row.other_device_reps,
        exercise=row.exercise_id,
        earlier=day.earlier,
        other_reps_in_day=day.other_reps,
    )


def find_personal_pace_before(row: WorkoutSession) -> int | None:
    """Return the athlete's best minute of the exercise in the 90 days before the session."""
    earlier = WorkoutSession.objects.in_totals().filter(
        athlete_id=row.athlete_id,
        exercise_id=row.exercise_id,
        finished_at__gte=row.started_at - HISTORY,
        finished_at__lte=row.started_at,
    )
    best: int | None = earlier.aggregate(best=Max("best_minute"))["best"]
    return best


def open_review(row: WorkoutSession) -> ReviewStep | None:
    """Move a session's review status along with its flags, and return the step, both unsaved.

    Flags make a clean session pending; without flags a pending one is clean again, unless a coach
    or the athlete had a say: decisions stand, and an appeal waits for a coach. Returns None if
    nothing changes.
    """
    flag_names = [flag["flag"] for flag in row.flags]
    before = ReviewStatus(row.review_status)
    if before == ReviewStatus.CLEAN and flag_names:
        after = ReviewStatus.PENDING
    elif before == ReviewStatus.PENDING and not flag_names and not has_human_review_step(row):
        after = ReviewStatus.CLEAN
    else:
        return None
    row.review_status = after
    return ReviewStep(
        session=row,
        actor=ReviewStep.Actor.SERVICE,
        from_status=before,
        to_status=after,
        flag_names=flag_names,
    )


def has_human_review_step(row: WorkoutSession) -> bool:
    return row.review_steps.exclude(actor=ReviewStep.Actor.SERVICE).exists()
