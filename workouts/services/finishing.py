"""Finishing a workout: seal it in Redis, save the row, clear the sealed state.

Interrupted and retried at any point, a session becomes exactly one row: its UUID, unique in the
database, decides whether it is saved already.
"""

import time
from decimal import Decimal
from logging import ERROR
from typing import Any

import django.db
import structlog
from django.db import DatabaseError, DataError, IntegrityError, InterfaceError, OperationalError

from workouts.events.messages import NOBODY
from workouts.exceptions import Code, WorkoutError
from workouts.live.clients import REDIS_AWAY
from workouts.live.runtime import get_live_store
from workouts.live.sessions import DamagedSessionError, SealedSession, SessionName
from workouts.log_limits import limit_log
from workouts.metrics import finish_seconds, finishes
from workouts.models import WorkoutSession, kept_user_id_expression
from workouts.outages import log_outage
from workouts.services.devices import save_last_seqs_of_sealed
from workouts.services.personal_data.tombstones import (
    AthleteForgottenError,
    admit_forgotten_athlete,
    is_athlete_forgotten,
)
from workouts.services.saving import find_finished_session, refuse_outer_transaction
from workouts.services.saving_together import clear_saved_sessions, save_together_or_alone

DATABASE_AWAY = django.db.Error  # the refusal of a single row is handled first
log = structlog.get_logger(__name__)


def finish_workout(
    *, user_id: str, exercise_type: str, load_kg: Decimal | None = None, origin: str = NOBODY
) -> WorkoutSession:
    """Do as `finish_or_repeat_workout`, and return the session alone."""
    session, _ = finish_or_repeat_workout(
        user_id=user_id, exercise_type=exercise_type, load_kg=load_kg, origin=origin
    )
    return session


def finish_or_repeat_workout(
    *, user_id: str, exercise_type: str, load_kg: Decimal | None = None, origin: str = NOBODY
) -> tuple[WorkoutSession, bool]:
    """Save the athlete's live session of an exercise and any sealed before it.

    Returns the newest, and whether it was saved before, so that this finish repeats an earlier
    one: with nothing live or sealed it is the newest saved session. The load is sealed with the
    live session; it changes no other. The athlete's sockets are told, except the one named
    `origin`. Raises WorkoutError(nothing_to_finish) if there is none,
    and WorkoutError(unavailable) if Redis or the database is unavailable or the newest session
    cannot be saved yet: it stays sealed, and the next finish or sweep tries again. Raises
    RuntimeError inside a transaction.
    """
    began, result = time.monotonic(), "failed"
    try:
        newest, is_new = seal_and_save(user_id, exercise_type, load_kg, origin)
        result = "saved" if is_new else "repeated"
    except WorkoutError as error:
        result = error.code
        raise
    finally:
        seconds = round(time.monotonic() - began, 3)
        finishes.labels(result).inc()
        finish_seconds.observe(seconds)
    log_finish(newest, source="socket" if origin else "http", result=result, seconds=seconds)
    return newest, not is_new


def log_finish(row: WorkoutSession, **fields: Any) -> None:
    log.info(
        "workout_finished",
        user_id=row.athlete_id,
        exercise=row.exercise_id,
        reps=row.total_reps,
        workout_id=row.pk,
        **fields,
    )


def seal_and_save(
    user_id: str, exercise_type: str, load_kg: Decimal | None, origin: str
) -> tuple[WorkoutSession, bool]:
    """Return the athlete's newest session, and whether this call saved it; errors as above."""
    try:
        session_ids, only = get_live_store().seal_and_read(user_id, exercise_type, load_kg=load_kg)
        newest = None
        for session_id in session_ids:
            name = SessionName(user_id, exercise_type, session_id)
            newest = save_and_clear_session(name, origin=origin, sealed=only)
        if session_ids and newest is None and not is_athlete_forgotten(user_id):
            raise WorkoutError(
                Code.UNAVAILABLE, "the session cannot be saved yet; it is kept, try again later"
            )
        newest = newest or find_newest_finished_workout(
            user_id=user_id, exercise_type=exercise_type
        )
    except REDIS_AWAY as error:
        log_outage("redis_unavailable", error)
        raise WorkoutError(
            Code.UNAVAILABLE, "Redis cannot be reached; nothing is lost, try again"
        ) from error
    except DATABASE_AWAY as error:
        log_outage("database_unavailable", error)
        raise WorkoutError(
            Code.UNAVAILABLE, "the database cannot be reached; the session is kept, try again"
        ) from error
    if newest is None:
        raise WorkoutError(
            Code.NOTHING_TO_FINISH, f"{user_id} has no {exercise_type} workout to finish"
        )
    return newest, bool(session_ids)


def find_newest_finished_workout(*, user_id: str, exercise_type: str) -> WorkoutSession | None:
    """Return the athlete's session of an exercise that was saved last, under an alias as well.

    Saved last, not trained last: a device may send an offline hour after newer sessions.
    """
    return (
        WorkoutSession.objects.filter(
            athlete_id=kept_user_id_expression(user_id), exercise_id=exercise_type
        )
        .order_by("-id")
        .first()
    )


def save_and_clear_session(
    name: SessionName, *, origin: str = NOBODY, sealed: SealedSession | None = None
) -> WorkoutSession | None:
    """Save one sealed session, publish it and clear it. Return its row, or None if it stays sealed.

    It is read from Redis unless the caller has `sealed`. A session stays sealed and is tried again
    by the next finish or sweep:

    - parked, so that coaches see the reason, if the database refuses its row, or if its state in
      Redis is damaged: trying again helps only once somebody has fixed that;
    - not parked, but with a traceback in the log, after any other error, which is a bug in Senim.

    A session of an athlete who was forgotten meanwhile is cleared and not saved.

    Raises django.db.Error or redis.RedisError if the database or Redis is unavailable, and
    RuntimeError inside a transaction.
    """
    refuse_outer_transaction()
    try:
        sealed = sealed or get_live_store().read(name)
        if sealed is None:
            return find_cleared_session(name)
        return save_together_or_alone(sealed, origin=origin)
    except (*REDIS_AWAY, OperationalError, InterfaceError):
        raise
    except (DatabaseError, DamagedSessionError) as error:
        if not is_refusal_to_save(error):
            raise
        park_unsaved_session(name, error)
    except AthleteForgottenError:
        if admit_forgotten_athlete(name):
            return save_and_clear_session(name, origin=origin)
        limit_log("session_of_forgotten_athlete", session_id=name.session_id)
        get_live_store().clear(name)
        return None
    except Exception:
        limit_log("session_save_failed", level=ERROR, exc_info=True, **name._asdict())
    if sealed is not None:
        save_last_seqs_of_sealed(name.user_id, sealed.last_seqs)
    return None


def is_refusal_to_save(error: Exception) -> bool:
    """Return whether an error is about this session alone: the database works otherwise."""
    expected = (DamagedSessionError, IntegrityError, DataError)
    return isinstance(error, expected) or can_query_sessions_table()


def can_query_sessions_table() -> bool:
    """Return whether the table of sessions can be queried."""
    try:
        WorkoutSession.objects.exists()
    except django.db.Error:
        return False
    return True


def park_unsaved_session(name: SessionName, error: Exception) -> None:
    """Record why a session cannot be saved."""
    reason = str(error).strip() or type(error).__name__
    # a bug in reading good state would look like damage: the traceback tells them apart
    damaged = isinstance(error, DamagedSessionError)
    fields = {**name._asdict(), "error": reason, "exc_info": damaged}
    limit_log("session_parked", level=ERROR, **fields)
    get_live_store().park(name, reason)


def find_cleared_session(name: SessionName) -> WorkoutSession | None:
    """Return the row of a session that another finish cleared meanwhile, having published it.

    One that is neither in Redis nor in the database is cleared, and None returned.
    """
    saved = find_finished_session(name.session_id)
    if saved is None:
        limit_log("session_missing", level=ERROR, **name._asdict())
    clear_saved_sessions([name])
    return saved
