"""Durations and paces as text."""

from django.utils.formats import number_format

from workouts.fairness.tempo import tempo_in_reps_a_minute


def write_duration_for_coach(ms: int) -> str:
    """Return a duration as 0:07, 12:34 or 1:02:03."""
    seconds = round(ms / 1000)
    hours, minutes, seconds = seconds // 3600, seconds // 60 % 60, seconds % 60
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def write_pace_for_coach(reps: int, length_ms: int) -> str:
    """Return reps per minute, "-" for a single rep."""
    pace = tempo_in_reps_a_minute(reps, length_ms)
    return number_format(pace, 1) if pace else "-"
