"""Data for static/workouts/admin/charts.js, already localized: browsers lack some languages."""

from collections.abc import Iterable
from typing import Any

from django.utils.formats import date_format, get_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from workouts.admin.volumes import ChartVolume

Json = dict[str, Any]


def describe_chart_numbers() -> Json:
    """Return the separators that numbers are written with."""
    return {"decimal": get_format("DECIMAL_SEPARATOR"), "group": get_format("THOUSAND_SEPARATOR")}


def describe_volume_chart(volumes: Iterable[ChartVolume], *, span: str) -> Json:
    """Return the data for a `.volume-chart`; `span` labels the horizontal axis, as in "day"."""
    found = list(volumes)
    day_format = pgettext("format of a day in a chart, month and day", "M j")
    return {
        "labels": [each.day.isoformat() for each in found],
        "names": [date_format(each.day, day_format) for each in found],
        "reps": [each.reps for each in found],
        "sessions": [each.sessions for each in found],
        "numbers": describe_chart_numbers(),
        "texts": {"span": span, "reps": _("reps"), "sessions": _("sessions")},
    }
