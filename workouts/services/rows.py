"""The row of a sealed session: built, assessed, and compared with a saved one."""

import uuid
from logging import ERROR

import django.db

from workouts.clock import datetime_from_ms, datetime_to_ms
from workouts.fairness.assessment import assess_new_sessions
from workouts.fairness.overlaps import flag_overlapped_sessions
from workouts.live.sessions import SealedSession
from workouts.live.timeline import CountedRep
from workouts.log_limits import limit_log
from workouts.models import WorkoutSession
from workouts.request_ids import current_request_id


def build_finished_row(sealed: SealedSession, user_id: str) -> WorkoutSession:
    """Return the unsaved row of a sealed session for an athlete; times count from the first rep."""
    times = [rep.at_ms for rep in sealed.reps]
    started_ms = min(times)  # not the first counted: a device's clock may have been set back
    devices = [rep.device for rep in sealed.reps]
    return WorkoutSession(
        session_id=uuid.UUID(sealed.name.session_id),
        athlete_id=user_id,
        exercise_id=sealed.name.exercise_type,
        total_reps=len(sealed.reps),
        started_at=datetime_from_ms(started_ms),
        finished_at=datetime_from_ms(max(times)),
        refused=sealed.refused_counts,
        refusals=[[refusal.at_ms - started_ms, refusal.reason] for refusal in sealed.refusals],
        timeline_ms=[at_ms - started_ms for at_ms in times],
        rep_devices=devices if any(devices) else [],
        other_device_reps=[[other.at_ms - started_ms, other.device] for other in sealed.others],
        late_reps=[index for index, rep in enumerate(sealed.reps) if rep.late],
        device_seqs=sealed.device_seqs,
        distrusted_times=sealed.distrusted,
        load_kg=sealed.load_kg,
        request_id=current_request_id(),
    )


def assess_row_at_finish(row: WorkoutSession) -> None:
    """Work out an unsaved row's flags, and those that saved sessions get because of it.

    A bug there must not keep the session from being saved: `manage.py assess` adds the missing
    flags later. Raises django.db.Error.
    """
    try:
        (day,) = assess_new_sessions([row])
        flag_overlapped_sessions(row, day)
    except django.db.Error:
        raise
    except Exception:
        limit_log(
            "session_not_assessed", level=ERROR, exc_info=True, session_id=str(row.session_id)
        )


def find_unsaved_sealed_reps(saved: WorkoutSession, sealed: SealedSession) -> list[CountedRep]:
    """Return the sealed reps that are not in the saved row.

    A failover brings back an earlier state of the same list, which may then go on: the new reps
    begin with the first that differs. Their times cannot tell, since a device may send reps that
    are an hour old.
    """
    started_ms = datetime_to_ms(saved.started_at)
    for index, rep in enumerate(sealed.reps):
        if index >= saved.total_reps or rep.at_ms != started_ms + saved.timeline_ms[index]:
            return sealed.reps[index:]
    return []
