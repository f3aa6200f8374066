"""The durable verbs: what is live in Redis becomes a row, exactly once.

Seal, save, clear, and each of them may be cut off and repeated. The session's UUID, unique in the database,
decides whether it is saved already.
"""

import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace

import django.db
import structlog
from django.db import DatabaseError, DataError, IntegrityError, OperationalError, transaction

from workouts.clock import from_ms, to_ms
from workouts.events.messages import NOBODY, SessionNews
from workouts.events.updates import publish_finished
from workouts.exceptions import Code, WorkoutError
from workouts.fairness.assessment import assess, open_review, read_records
from workouts.live.clients import REDIS_AWAY
from workouts.live.runtime import get_store
from workouts.live.store import SealedSession, SessionName
from workouts.live.timeline import Rep
from workouts.models import WorkoutSession, kept_user_id
from workouts.services.devices import remember_saved, remember_sealed
from workouts.services.merging import lock_athlete

DATABASE_AWAY = django.db.Error  # where it is not the row that was refused
ROW_REFUSED = (
    IntegrityError,
    DataError,
    ValueError,
    LookupError,
    OverflowError,
)  # by the database, or not to be read
log = structlog.get_logger(__name__)


def finish_workout(*, user_id: str, exercise_type: str, origin: str = NOBODY) -> WorkoutSession:
    """Save the live session of this athlete and exercise, and all sealed before it, and return the newest.

    The athlete's sockets are told, but for the one named `origin`. With nothing live or sealed, return the newest
    saved one: so a finish can be repeated. Raises WorkoutError(nothing_to_finish) where there is none, and
    WorkoutError(unavailable) where Redis or the database is away or the newest cannot be saved; then it stays
    sealed, and is saved by a later try.
    """
    try:
        session_ids = get_store().seal(user_id, exercise_type)
        newest = None
        for session_id in session_ids:
            newest = settle_sealed(SessionName(user_id, exercise_type, session_id), origin=origin)
        if session_ids and newest is None:
            raise WorkoutError(
                Code.UNAVAILABLE, "the session could not be saved yet; it is kept, and tried again"
            )
        newest = newest or find_newest(user_id=user_id, exercise_type=exercise_type)
    except REDIS_AWAY as error:
        log.warning("redis_unavailable", error=str(error))
        raise WorkoutError(
            Code.UNAVAILABLE, "Redis cannot be reached; nothing is lost, try again"
        ) from error
    except DATABASE_AWAY as error:
        log.warning("database_unavailable", error=str(error).strip())
        raise WorkoutError(
            Code.UNAVAILABLE, "the database cannot be reached; the session is kept, try again"
        ) from error
    if newest is None:
        raise WorkoutError(
            Code.NOTHING_TO_FINISH, f"{user_id} has no {exercise_type} workout to finish"
        )
    return newest


def find_newest(*, user_id: str, exercise_type: str) -> WorkoutSession | None:
    """Return the session of this athlete and exercise that was saved last: its reps may be of an offline hour before others'.

    An alias stands for the athlete that it was merged into.
    """
    return (
        WorkoutSession.objects.filter(athlete_id=kept_user_id(user_id), exercise_id=exercise_type)
        .order_by("-id")
        .first()
    )


def settle_sealed(name: SessionName, *, origin: str = NOBODY) -> WorkoutSession | None:
    """Save one sealed session and clear it. Return its row, or None where the row was refused and it stays sealed.

    Raises django.db.Error where the database is away, redis.RedisError where Redis is.
    """
    store, sealed = get_store(), None
    try:
        sealed = store.read(name)
        saved = save_sealed(sealed) if sealed else find_saved(uuid.UUID(name.session_id))
    except (*ROW_REFUSED, DatabaseError) as error:
        if isinstance(error, OperationalError) or not (
            isinstance(error, ROW_REFUSED) or is_database_there()
        ):
            raise
        log.error("session_not_saved", **name._asdict(), error=str(error).strip())
        store.park(name, str(error).strip() or type(error).__name__)
        if sealed is not None:
            remember_sealed(name.user_id, sealed.device_seqs)
        return None
    if saved is None:
        log.error("session_gone", **name._asdict())
    try:
        store.clear(name)
    except REDIS_AWAY as error:
        # it is saved: the next finish or sweep clears it
        log.warning("session_not_cleared", **name._asdict(), error=str(error))
    if saved is not None:
        news = SessionNews(
            name.user_id,
            name.exercise_type,
            saved.total_reps,
            str(saved.session_id),
            saved.pk,
            origin,
        )
        publish_finished(news)
    return saved


def is_database_there() -> bool:
    """Return whether the table can be asked: then an error was about the row."""
    try:
        WorkoutSession.objects.exists()
    except django.db.Error:
        return False
    return True


def find_saved(session_id: uuid.UUID) -> WorkoutSession | None:
    """Return the row of a session."""
    return WorkoutSession.objects.filter(session_id=session_id).first()


def save_sealed(sealed: SealedSession) -> WorkoutSession:
    """Insert the row of a sealed session, or return the one that is there already.

    Reps beyond those of that row, which a Redis that forgot the seal went on counting, are saved as a session of
    their own, whose id is derived from the first. Raises IntegrityError or DataError where no row can be made.
    """
    try:
        with transaction.atomic():
            kept = lock_athlete(sealed.name.user_id)
            remember_saved(sealed.name.user_id, sealed.device_seqs)
            row = build_row(sealed, kept)
            find_flags_of(row)
            step = open_review(row)
            row.save(force_insert=True)
            if step is not None:
                step.session = row
                step.save()
            return row
    except IntegrityError:
        saved = find_saved(uuid.UUID(sealed.name.session_id))
        if saved is None:
            raise
    beyond = find_beyond(saved, sealed)
    if not beyond:
        return saved
    derived = uuid.uuid5(saved.session_id, "reps after the saved ones")
    log.warning(
        "session_came_back",
        session_id=sealed.name.session_id,
        reps=len(beyond),
        derived=str(derived),
    )
    name = sealed.name._replace(session_id=str(derived))
    return save_sealed(replace(sealed, name=name, reps=beyond, refused={}, refusals=[]))


def find_flags_of(row: WorkoutSession) -> None:
    """Work out the flags of a session. A slip of ours must not keep it from being saved: `manage.py assess` makes up for it."""
    try:
        assess(row, read_records(row.exercise_id))
    except django.db.Error:
        raise
    except Exception:
        log.exception("session_not_assessed", session_id=str(row.session_id))


def find_beyond(saved: WorkoutSession, sealed: SealedSession) -> list[Rep]:
    """Return the reps that are not in the saved row.

    What a failover brings back is an earlier state of the same list, gone on: so they are those from the first on
    that differs. Their times do not tell: a device may send reps of an hour ago.
    """
    started_ms = to_ms(saved.started_at)
    for index, rep in enumerate(sealed.reps):
        if index >= saved.total_reps or rep.at_ms != started_ms + saved.timeline_ms[index]:
            return sealed.reps[index:]
    return []


def build_row(sealed: SealedSession, user_id: str) -> WorkoutSession:
    """Return the unsaved row of a sealed session, of this athlete; times are offsets from its first rep."""
    times = [rep.at_ms for rep in sealed.reps]
    started_ms = min(times)
    return WorkoutSession(
        session_id=uuid.UUID(sealed.name.session_id),
        athlete_id=user_id,
        exercise_id=sealed.name.exercise_type,
        total_reps=len(sealed.reps),
        started_at=from_ms(started_ms),
        finished_at=from_ms(max(times)),
        refused=sealed.refused,
        refusals=[[refusal.at_ms - started_ms, refusal.reason] for refusal in sealed.refusals],
        timeline_ms=[at_ms - started_ms for at_ms in times],
        rep_devices=[rep.device for rep in sealed.reps]
        if any(rep.device for rep in sealed.reps)
        else [],
        late_reps=[index for index, rep in enumerate(sealed.reps) if rep.late],
        device_seqs=sealed.device_seqs,
        distrusted_times=sealed.distrusted,
    )


@dataclass(slots=True)
class SweepResult:
    """How many sessions a sweep saved, and how many it had to leave sealed."""

    saved: int = 0
    left: int = 0


def sweep(*, idle_minutes: int) -> SweepResult:
    """Save what was sealed and never saved, and seal and save what has been idle for as long.

    Any number of sweeps at once do no harm. Raises redis.RedisError or django.db.Error where Redis or
    the database is away; what was not reached is left for the next sweep.
    """
    store, result = get_store(), SweepResult()
    away = None
    try:
        sweep_sealed(store.sealed_sessions(), result)
    except REDIS_AWAY as error:
        away = (
            error  # one master of a cluster, maybe: what idles on the others need not wait for it
        )
    idle_since_ms = int((time.time() - idle_minutes * 60) * 1000)
    for name in store.idle_sessions(idle_since_ms):
        session_ids = store.seal(name.user_id, name.exercise_type, idle_since_ms=idle_since_ms)
        sweep_sealed((name._replace(session_id=session_id) for session_id in session_ids), result)
    if away is not None:
        raise away
    return result


def sweep_sealed(names: Iterable[SessionName], result: SweepResult) -> None:
    """Save what is sealed. Raises OperationalError where the database is away; one row that is locked keeps none of the others."""
    for name in names:
        try:
            saved = settle_sealed(name)
        except OperationalError as error:
            if not is_database_there():
                raise
            log.warning("session_not_saved_yet", **name._asdict(), error=str(error).strip())
            saved = None
        if saved is None:
            result.left += 1
        else:
            result.saved += 1
