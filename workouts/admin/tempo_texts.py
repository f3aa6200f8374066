"""Lengths and paces, written for people."""

from django.utils.formats import number_format

MINUTE_MS = 60_000


def write_duration(ms: int) -> str:
    """Return a length of time as 0:07, 12:34 or 1:02:03."""
    seconds = round(ms / 1000)
    hours, minutes, seconds = seconds // 3600, seconds // 60 % 60, seconds % 60
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def write_pace(reps: int, length_ms: int) -> str:
    """Return reps a minute, "-" of a single rep: the first begins the time, so it is one less."""
    if reps < 2 or not length_ms:
        return "-"
    return number_format((reps - 1) * MINUTE_MS / length_ms, 1)
