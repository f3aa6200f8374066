"""What is kept for good: the exercises, the athletes, and their sessions."""

from workouts.models.athletes import (
    Athlete,
    AthleteQuerySet,
    Team,
    TeamQuerySet,
    kept_user_id,
    sees_all,
)
from workouts.models.devices import Device
from workouts.models.exercises import (
    LEAST_OF_A_SESSION,
    MAX_INTERVAL_MS,
    MINUTE_MS,
    Exercise,
    check_slug,
)
from workouts.models.review_steps import MAX_NOTE_LENGTH, ReviewStatus, ReviewStep
from workouts.models.sessions import WorkoutSession, WorkoutSessionQuerySet

__all__ = [
    "LEAST_OF_A_SESSION",
    "MAX_INTERVAL_MS",
    "MAX_NOTE_LENGTH",
    "MINUTE_MS",
    "Athlete",
    "AthleteQuerySet",
    "Device",
    "Exercise",
    "ReviewStatus",
    "ReviewStep",
    "Team",
    "TeamQuerySet",
    "WorkoutSession",
    "WorkoutSessionQuerySet",
    "check_slug",
    "kept_user_id",
    "sees_all",
]
