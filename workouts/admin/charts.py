"""What static/workouts/admin/charts.js draws from, in the language of the page: a browser need not know it."""

from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple

from django.utils.formats import date_format, get_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

Json = dict[str, Any]


class Volume(NamedTuple):
    """What was done from a day on."""

    day: date
    reps: int
    sessions: int


def describe_numbers() -> Json:
    """Return how numbers are written."""
    return {"decimal": get_format("DECIMAL_SEPARATOR"), "group": get_format("THOUSAND_SEPARATOR")}


def describe_volume(volumes: Iterable[Volume], *, span: str) -> Json:
    """Return the data of a `.volume-chart`; `span` says what each volume is of, as "day"."""
    found = list(volumes)
    day_format = pgettext("format of a day in a chart, month and day", "M j")
    return {
        "labels": [each.day.isoformat() for each in found],
        "names": [date_format(each.day, day_format) for each in found],
        "reps": [each.reps for each in found],
        "sessions": [each.sessions for each in found],
        "numbers": describe_numbers(),
        "texts": {"span": span, "reps": _("reps"), "sessions": _("sessions")},
    }
