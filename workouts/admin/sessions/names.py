"""What a session is called."""

from django.utils.formats import date_format, number_format
from django.utils.timezone import localtime
from django.utils.translation import ngettext

from workouts.models import WorkoutSession


def name_session_for_coach(session: WorkoutSession) -> str:
    """Return what a coach calls a session: "Aigul, Squat, 9 reps"."""
    text = ngettext(
        "%(athlete)s, %(exercise)s, %(reps)s rep",
        "%(athlete)s, %(exercise)s, %(reps)s reps",
        session.total_reps,
    )
    return text % {
        "athlete": session.athlete,
        "exercise": session.exercise,
        "reps": number_format(session.total_reps, force_grouping=True),
    }


def name_session_by_day(session: WorkoutSession) -> str:
    """Return what tells it from the athlete's other sessions: "Aigul, Squat, 11/30/2026"."""
    day = date_format(localtime(session.started_at), "SHORT_DATE_FORMAT")
    return f"{session.athlete}, {session.exercise}, {day}"
