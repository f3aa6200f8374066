"""Durations and paces as text."""

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from workouts.fairness.tempo import SessionPace

LEAST_RATIO = 0.1


def write_duration_for_coach(ms: int) -> str:
    """Return a duration as 0:07, 12:34 or 1:02:03."""
    seconds = round(ms / 1000)
    hours, minutes, seconds = seconds // 3600, seconds // 60 % 60, seconds % 60
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def write_pace_for_coach(pace: SessionPace) -> str:
    """Return reps per minute within sets, "-" if no set has two reps."""
    reps = pace.reps_per_minute
    return "-" if reps is None else number_format(reps, 1)


def write_work_to_rest_for_coach(pace: SessionPace) -> str:
    """Return "1 : 2.8" if the rests took 2.8 times as long as the sets, "" without rests."""
    ratio = pace.rest_to_work
    if not ratio:
        return ""
    least = number_format(LEAST_RATIO, 1)
    return f"1 : {number_format(ratio, 1)}" if ratio >= LEAST_RATIO else f"1 : <{least}"


def write_work_and_rest_for_coach(pace: SessionPace) -> str:
    """Return "1:20 and 3:40 (1 : 2.8)", "1:20 without rest", or "-" if the sets are not known."""
    if pace.work_ms is None or pace.rest_ms is None:
        return "-"
    work, rest = map(write_duration_for_coach, (pace.work_ms, pace.rest_ms))
    if rest == write_duration_for_coach(0):
        return _("%s without rest") % work
    text = _("%(work)s and %(rest)s") % {"work": work, "rest": rest}
    ratio = write_work_to_rest_for_coach(pace)
    return f"{text} ({ratio})" if ratio else text
