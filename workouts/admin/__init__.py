"""The coach's side."""

from workouts.admin import exercises, teams
from workouts.admin.athletes import list as athletes
from workouts.admin.sessions import list as sessions

__all__ = ["athletes", "exercises", "sessions", "teams"]
