"""Durations and paces as text."""

from django.utils.formats import number_format

from workouts.fairness.tempo import reps_a_minute


def write_duration(ms: int) -> str:
    """Return a duration as 0:07, 12:34 or 1:02:03."""
    seconds = round(ms / 1000)
    hours, minutes, seconds = seconds // 3600, seconds // 60 % 60, seconds % 60
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def write_pace(reps: int, length_ms: int) -> str:
    """Return reps per minute, "-" for a single rep."""
    pace = reps_a_minute(reps, length_ms)
    return number_format(pace, 1) if pace else "-"
