"""Finishes at the same time: saved in one transaction, published and cleared in one call each.

Nearly every session is an athlete's only one that is finished now, is not saved yet, and meets no
lock. Those need no savepoint each: if anything at all is wrong, nothing of the group is saved, and
each thread saves its own session alone (saving.py), as it does with those left out.
"""

from collections.abc import Sequence
from typing import NamedTuple

from django.db import OperationalError, connection, transaction

from workouts.events.messages import NOBODY
from workouts.fairness.assessment import assess_new_sessions, open_review
from workouts.fairness.overlaps import find_overlapped_flags
from workouts.live.clients import REDIS_AWAY
from workouts.live.runtime import get_live_store
from workouts.live.sessions import SealedSession, SessionName
from workouts.log_limits import limit_log
from workouts.models import ReviewStep, WorkoutSession
from workouts.outages import log_outage
from workouts.services.devices import save_last_seqs_of_devices
from workouts.services.group_commit import GroupCommit
from workouts.services.inserting import insert_rows
from workouts.services.merging import lock_unmerged_athletes
from workouts.services.rows import build_finished_row
from workouts.services.saving import (
    publish_finished_sessions,
    save_sealed_session,
    taking_turn_to_save_alone,
)

MOST_TOGETHER = 32
LOCK_NOT_AVAILABLE = "55P03"
# a sweep may have saved one of them since it was sealed
UNLESS_SAVED = "ON CONFLICT (session_id) DO NOTHING RETURNING user_id, id"


class Unsaved(NamedTuple):
    """A sealed session, the row that it may become, and the socket that finished it."""

    sealed: SealedSession
    row: WorkoutSession
    origin: str


def save_together_or_alone(sealed: SealedSession, *, origin: str = NOBODY) -> WorkoutSession:
    """Save, publish and clear a session, with those that other threads finish now if it can be.

    Must not run inside a transaction. Raises django.db.Error if the database is unavailable or the
    row is refused, and AthleteForgottenError.
    """
    # here and not by the thread that saves the group: the row has this request's ID
    row = build_finished_row(sealed, sealed.name.user_id)
    saved = together.save(Unsaved(sealed, row, origin))
    if isinstance(saved, OperationalError):
        raise saved
    if saved is None:
        with taking_turn_to_save_alone():
            saved = save_sealed_session(sealed, origin=origin)
        clear_saved_sessions([sealed.name])
    return saved


def save_session_group(group: Sequence[Unsaved]) -> list[WorkoutSession | OperationalError | None]:
    """Return the rows of the sessions that were saved, None for each that is to be saved alone.

    If the transaction of a session that is alone here failed for want of time, say, that is its
    result. Raises django.db.Error if there is no connection to the database.
    """
    connection.ensure_connection()
    try:
        saved = insert_session_group(group)
    except Exception as error:
        if len(group) > 1:
            limit_log("group_not_saved", sessions=len(group), error=" ".join(str(error).split()))
        elif isinstance(error, OperationalError) and not is_lock_timeout(error):
            return [error]
        return [None] * len(group)
    if saved:
        publish_finished_sessions((each.sealed.name, each.row, each.origin) for each in saved)
        clear_saved_sessions([each.sealed.name for each in saved])
    ids = {id(each) for each in saved}
    return [each.row if id(each) in ids else None for each in group]


def is_lock_timeout(error: OperationalError) -> bool:
    """Return whether a lock was waited for too long to hold up a group, and alone is not."""
    return getattr(error.__cause__, "sqlstate", None) == LOCK_NOT_AVAILABLE


def insert_session_group(group: Sequence[Unsaved]) -> list[Unsaved]:
    """Insert the rows of a group, in one transaction, and return those that were not left out.

    No other transaction holds it up, so that one athlete's lock never delays the others: of each
    athlete who is not locked it takes the first session, unless that one gives a flag to a saved
    session, which would have to be locked as well.
    """
    with transaction.atomic(durable=True):
        first = {each.sealed.name.user_id: each for each in reversed(group)}
        ours = [first[user_id] for user_id in sorted(lock_unmerged_athletes(first))]
        if not ours:
            return []
        days = assess_new_sessions([each.row for each in ours])
        ours = [
            each
            for each, day in zip(ours, days, strict=True)
            if not find_overlapped_flags(each.row, day.earlier)
        ]
        if not ours:
            return []
        save_last_seqs_of_devices(
            {each.sealed.name.user_id: each.sealed.last_seqs for each in ours}
        )
        steps = [step for each in ours if (step := open_review(each.row)) is not None]
        ids = dict(insert_rows([each.row for each in ours], ending=UNLESS_SAVED))
        for each in ours:
            each.row.pk = ids.get(each.row.athlete_id)
        for step in steps:
            step.session_id = step.session.pk
        ReviewStep.objects.bulk_create(step for step in steps if step.session_id is not None)
    return [each for each in ours if each.row.pk is not None]


def clear_saved_sessions(names: Sequence[SessionName]) -> None:
    try:
        get_live_store().clear(*names)
    except REDIS_AWAY as error:
        # the next finish or sweep clears them
        log_outage("session_clear_failed", error, sessions=len(names))


together = GroupCommit(save_session_group, most=MOST_TOGETHER)
