"""Switching an athlete off and on: while off, no token lets them in."""

from typing import Any

import structlog
from django.utils import timezone

from workouts.models import Athlete

log = structlog.get_logger(__name__)


def switch_athlete_off(athlete: Athlete, *, by: Any) -> bool:
    """Switch an athlete and their aliases off, and return whether that was not done before.

    Their sockets close and their tokens are refused within 5 s (revocations.py).
    """
    return change_athlete_access(athlete, is_on=False, by=by)


def switch_athlete_on(athlete: Athlete, *, by: Any) -> bool:
    """Switch an athlete and their aliases on again, and return whether they were off."""
    return change_athlete_access(athlete, is_on=True, by=by)


def change_athlete_access(athlete: Athlete, *, is_on: bool, by: Any) -> bool:
    # a phone that joined before a merge has tokens of the alias
    changed = (
        Athlete.objects.of_person(athlete.pk)
        .filter(switched_off_at__isnull=not is_on)
        .update(switched_off_at=None if is_on else timezone.now())
    )
    if changed:
        event = "athlete_switched_on" if is_on else "athlete_switched_off"
        log.info(event, user_id=athlete.user_id, by=by and by.get_username())
    return bool(changed)
