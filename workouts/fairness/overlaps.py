"""Flags saved sessions as `two_bodies` when a later one shows that one body did not make both."""

from collections.abc import Sequence

from workouts.fairness.assessment import open_review
from workouts.fairness.earlier_sessions import SessionDay
from workouts.fairness.evidence import EarlierSession, Flag
from workouts.fairness.review import lock_reviewed_sessions
from workouts.fairness.two_bodies import find_sessions_beside, find_two_bodies_flag
from workouts.models import ReviewStep, WorkoutSession


def flag_overlapped_sessions(row: WorkoutSession, day: SessionDay) -> None:
    """Give saved sessions the flag `two_bodies` if it is this unsaved one that shows it.

    Nearly all sessions alternate with no other, and take no query. Otherwise the saved ones are
    locked by ascending id, as reviews and merges do; the caller has locked the athlete.
    """
    found = find_overlapped_flags(row, day.earlier)
    if not found:
        return
    steps, changed = [], []
    for other in lock_reviewed_sessions(found, "flags", "review_status"):
        kept = [flag for flag in other.flags if flag["flag"] != "two_bodies"]
        flags = [*kept, found[other.pk]]
        if flags == other.flags:
            continue
        other.flags = flags
        step = open_review(other)
        steps += [step] if step else []
        changed.append(other)
    WorkoutSession.objects.bulk_update(changed, ["flags", "review_status"])
    ReviewStep.objects.bulk_create(steps)


def find_overlapped_flags(
    row: WorkoutSession, earlier: Sequence[EarlierSession]
) -> dict[int, Flag]:
    """Return the flags, by id, of saved sessions whose reps alternate with those of a new one."""
    new = EarlierSession(0, row.exercise_id, row.timeline_ms)
    flags = {
        each.pk: find_two_bodies_flag(each.exercise, each.times_ms, [new, *earlier])
        for each in find_sessions_beside(row.exercise_id, row.timeline_ms, earlier)
    }
    return {pk: flag for pk, flag in flags.items() if flag is not None}
