"""The tables: exercises, athletes and their devices, teams, sessions and their reviews."""

from workouts.models.athletes import (
    Athlete,
    AthleteQuerySet,
    Team,
    TeamQuerySet,
    kept_user_id_expression,
    may_see_all_athletes,
)
from workouts.models.devices import Device
from workouts.models.exercises import Exercise, check_slug
from workouts.models.review_steps import MAX_NOTE_LENGTH, ReviewStatus, ReviewStep
from workouts.models.sessions import WorkoutSession, WorkoutSessionQuerySet

__all__ = [
    "MAX_NOTE_LENGTH",
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
    "kept_user_id_expression",
    "may_see_all_athletes",
]
