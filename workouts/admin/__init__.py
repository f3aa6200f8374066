"""The coach's side: one module a model."""

from workouts.admin import athletes, exercises, sessions

__all__ = ["athletes", "exercises", "sessions"]
