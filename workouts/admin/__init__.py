"""The coach's side: one module a model."""

from workouts.admin import athletes, exercises, sessions, teams

__all__ = ["athletes", "exercises", "sessions", "teams"]
