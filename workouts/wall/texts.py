"""The texts of a wall, for the browser's script: it knows no languages."""

from typing import Any

from django.db import DatabaseError
from django.utils.formats import get_format
from django.utils.translation import gettext as _

from workouts.models import Exercise
from workouts.outages import log_outage
from workouts.wall.audience import MAX_ATHLETES


def describe_wall_texts(*, is_for_team: bool) -> dict[str, Any]:
    """Return the texts for a coach's wall of one team or of all, in the page's language."""
    cut = (
        _("Only the first %d athletes of the team are shown, by name.")
        if is_for_team
        else _("Only %d athletes are shown. Choose a team to see its athletes.")
    )
    return {
        "states": {
            "training": _("training"),
            "resting": _("resting"),
            "stalled": _("stalled"),
            "offline": _("offline"),
            "finished": _("finished"),
            "ready": _("connected"),
        },
        "exercises": name_wall_exercises(),
        "set": _("set %s"),
        "rep": _("rep %s"),
        "decimal": get_format("DECIMAL_SEPARATOR"),
        "connected": _("Connected"),
        "unavailable": _("Live data is unavailable right now."),
        "lost": _("No connection since %s"),
        "logged_out": _("You have been logged out."),
        "not_allowed": _("You no longer have permission to watch this."),
        "nobody": _("No one is training."),
        "cut": cut % MAX_ATHLETES,
        "absent": _("Not training:"),
        "seconds": _("%s s"),
        "minutes": _("%s min"),
        "ago": _("last rep %s ago"),
        "finished_ago": _("finished %s ago"),
        "did_finish": _("{name} finished: {count} × {exercise}"),
    }


def describe_screen_wall_texts() -> dict[str, Any]:
    """Return the texts for a screen: as for a coach, but short enough to be read from far away."""
    return {
        **describe_wall_texts(is_for_team=True),
        "logged_out": _("This link does not work. Ask a coach for a new one."),
        "not_allowed": _("This link was revoked. Ask a coach for a new one."),
        "no_link": _("Open the link that a coach made for this screen."),
        "ago": "%s",
        "finished_ago": "{}, %s".format(_("finished")),
    }


def name_wall_exercises() -> dict[str, str]:
    """Return the exercises' names by slug; none while the database is unavailable.

    A screen that starts in that moment shows the slugs.
    """
    try:
        return {exercise.slug: str(exercise) for exercise in Exercise.objects.all()}
    except DatabaseError as error:
        log_outage("wall_exercises_not_named", error)
        return {}
