"""Saving a sealed session: its row, flags and devices in one transaction, published at COMMIT.

Whatever stands in its way is dealt with here. Sessions that nothing stands against are saved
together with others (saving_together.py).
"""

import threading
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from django.db import IntegrityError, connection, transaction

from workouts.events.messages import NOBODY, SessionNews
from workouts.events.updates import broadcast_finished_sessions
from workouts.fairness.assessment import open_review
from workouts.live.sessions import SealedSession, SessionName
from workouts.log_limits import limit_log
from workouts.models import WorkoutSession
from workouts.services.devices import save_last_seqs_of_devices
from workouts.services.merging import lock_athlete_against_merging
from workouts.services.rows import (
    assess_row_at_finish,
    build_finished_row,
    find_unsaved_sealed_reps,
)

# with the one that saves a group, half of DATABASE_POOL_SIZE: others still get a connection when a
# locked table or athlete holds up all finishes
MOST_ALONE = 7
alone = threading.BoundedSemaphore(MOST_ALONE)


@contextmanager
def taking_turn_to_save_alone() -> Iterator[None]:
    """Wait while too many threads save a session alone."""
    if not alone.acquire(blocking=False):
        connection.close_if_unusable_or_obsolete()  # given back to the pool, for those who save
        alone.acquire()
    try:
        yield
    finally:
        alone.release()


def refuse_outer_transaction() -> None:
    """Raise RuntimeError inside a transaction, which could roll back what is cleared meanwhile."""
    if connection.in_atomic_block:  # else there is no need to begin one
        with transaction.atomic(durable=True):
            pass


def find_finished_session(session_id: str) -> WorkoutSession | None:
    return WorkoutSession.objects.filter(session_id=session_id).first()


def save_sealed_session(sealed: SealedSession, *, origin: str = NOBODY) -> WorkoutSession:
    """Insert and publish a sealed session's row, or return the row that is there already.

    The row is committed once this returns. A session that came back, from a Redis that lost the
    seal in a failover, may have gone on: its reps after the saved ones are saved as a session of
    their own, whose id is derived from the first. Raises RuntimeError inside a transaction, and
    django.db.DatabaseError if the row is refused.
    """
    name = sealed.name
    try:
        with transaction.atomic(durable=True):
            row = insert_finished_session(sealed)
            transaction.on_commit(partial(publish_finished_sessions, [(name, row, origin)]))
            return row
    except IntegrityError:
        saved = find_finished_session(name.session_id)
        if saved is None:
            raise
    later_reps = find_unsaved_sealed_reps(saved, sealed)
    if not later_reps:
        # again, since the process that saved it may have ended before it could publish
        publish_finished_sessions([(name, saved, origin)])
        return saved
    derived_id = str(uuid.uuid5(saved.session_id, "reps after the saved ones"))
    limit_log("session_restored", **name._asdict(), reps=len(later_reps), derived=derived_id)
    later = replace(
        sealed,
        name=name._replace(session_id=derived_id),
        reps=later_reps,
        refused_counts={},
        refusals=[],
        others=[],
    )
    return save_sealed_session(later, origin=origin)


def insert_finished_session(sealed: SealedSession) -> WorkoutSession:
    """Insert the row of a sealed session with its flags, its first review step and device seqs."""
    user_id = lock_athlete_against_merging(sealed.name.user_id)
    save_last_seqs_of_devices({sealed.name.user_id: sealed.last_seqs})
    row = build_finished_row(sealed, user_id)
    assess_row_at_finish(row)
    step = open_review(row)
    row.save(force_insert=True)
    if step is not None:
        step.session = row
        step.save()
    return row


def publish_finished_sessions(saved: Iterable[tuple[SessionName, WorkoutSession, str]]) -> None:
    """Tell everyone but the sockets named as origins that sessions were saved."""
    broadcast_finished_sessions(
        *(
            SessionNews(
                name.user_id,
                name.exercise_type,
                row.total_reps,
                str(row.session_id),
                row.pk,
                origin,
            )
            for name, row, origin in saved
        )
    )
