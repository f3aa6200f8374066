"""Sessions that wait for a coach's review."""

from typing import Any

from django.contrib.auth.models import AbstractBaseUser

from workouts.fairness.review import (
    appeal_review_decision,
    decide_reviews,
    find_last_review_steps,
)
from workouts.models import ReviewStatus, WorkoutSession
from workouts.tests.support.cast import new_athlete, save_session

METRONOME = {"flag": "metronome", "cv": 0.004, "intervals": 42, "strong": True}
APPROVED, REJECTED, PENDING = ReviewStatus.APPROVED, ReviewStatus.REJECTED, ReviewStatus.PENDING


def save_pending(user_id: str | None = None, **more: Any) -> WorkoutSession:
    return save_session(user_id or new_athlete(), flags=[METRONOME], review_status=PENDING, **more)


def save_appealed(
    coach: AbstractBaseUser, user_id: str | None = None, *, text: str = "it was me", **more: Any
) -> WorkoutSession:
    """Save a session that the coach rejected, and the athlete appealed."""
    row = save_pending(user_id, **more)
    seen = find_last_review_steps([row.pk])
    decide_reviews(seen, to=REJECTED, reviewer=coach, note="a script")
    appeal_review_decision(row.pk, text=text)
    row.refresh_from_db()
    return row
