"""Sessions that wait for a coach's review."""

from typing import Any

from workouts.models import ReviewStatus, WorkoutSession
from workouts.tests.support.cast import new_athlete, save_session

METRONOME = {"flag": "metronome", "cv": 0.004, "intervals": 42, "strong": True}
APPROVED, REJECTED, PENDING = ReviewStatus.APPROVED, ReviewStatus.REJECTED, ReviewStatus.PENDING


def save_pending(user_id: str | None = None, **more: Any) -> WorkoutSession:
    return save_session(user_id or new_athlete(), flags=[METRONOME], review_status=PENDING, **more)
