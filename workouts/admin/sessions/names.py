"""What a session is called."""

from django.utils.formats import number_format
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
