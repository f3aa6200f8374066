"""Loads that coaches enter or correct once a session is saved; every change stays on record."""

from decimal import Decimal

from django.contrib.auth.models import User
from django.db import transaction

from workouts.models import LoadChange, WorkoutSession


class LoadChangedError(Exception):
    """Someone else changed the load since the coach saw it, or the session is gone."""


def enter_session_load(
    session_id: int, *, seen_kg: Decimal | None, to_kg: Decimal | None, coach: User
) -> bool:
    """Change a session's load, in kg, from the one that the coach saw; None removes it.

    Returns False, and leaves no record, if they are the same. Raises LoadChangedError.
    """
    if to_kg == seen_kg:
        return False
    with transaction.atomic():
        # the row stays locked until the record is written; of two coaches at once, the second
        # waits here, and then finds another load
        seen = WorkoutSession.objects.filter(pk=session_id, load_kg=seen_kg)
        if not seen.update(load_kg=to_kg):
            raise LoadChangedError(session_id)
        LoadChange.objects.create(session_id=session_id, coach=coach, from_kg=seen_kg, to_kg=to_kg)
    return True
