"""The tables: who may come in, exercises, athletes, teams, sessions and their reviews."""

from workouts.models.api_keys import ApiKey
from workouts.models.athletes import (
    Athlete,
    AthleteQuerySet,
    Team,
    TeamQuerySet,
    kept_user_id_expression,
    may_see_all_athletes,
    name_athlete,
)
from workouts.models.devices import Device
from workouts.models.display_links import DisplayLink
from workouts.models.exercises import Exercise, check_slug, name_exercise
from workouts.models.forgetting import ErasedSession, Forgetting
from workouts.models.invitations import Invitation, WaitingAthlete
from workouts.models.joined_devices import MAX_DEVICE_NAME_LENGTH, JoinedDevice
from workouts.models.load_changes import MAX_LOAD_KG, MIN_LOAD_KG, LoadChange
from workouts.models.review_steps import MAX_NOTE_LENGTH, ReviewStatus, ReviewStep
from workouts.models.sessions import WorkoutSession, WorkoutSessionQuerySet
from workouts.models.temporary_passwords import TemporaryPassword

__all__ = [
    "MAX_DEVICE_NAME_LENGTH",
    "MAX_LOAD_KG",
    "MAX_NOTE_LENGTH",
    "MIN_LOAD_KG",
    "ApiKey",
    "Athlete",
    "AthleteQuerySet",
    "Device",
    "DisplayLink",
    "ErasedSession",
    "Exercise",
    "Forgetting",
    "Invitation",
    "JoinedDevice",
    "LoadChange",
    "ReviewStatus",
    "ReviewStep",
    "Team",
    "TeamQuerySet",
    "TemporaryPassword",
    "WaitingAthlete",
    "WorkoutSession",
    "WorkoutSessionQuerySet",
    "check_slug",
    "kept_user_id_expression",
    "may_see_all_athletes",
    "name_athlete",
    "name_exercise",
]
