"""Data for static/workouts/admin/charts.js, already localized: browsers lack some languages."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.utils.formats import date_format, get_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from workouts.admin.volumes import ChartVolume

Json = dict[str, Any]


def describe_chart_numbers() -> Json:
    """Return the separators that numbers are written with."""
    return {"decimal": get_format("DECIMAL_SEPARATOR"), "group": get_format("THOUSAND_SEPARATOR")}


def describe_volume_chart(volumes: Iterable[ChartVolume], *, span: str) -> Json:
    """Return the data for a `.volume-chart`; `span` labels the horizontal axis, as in "day"."""
    found = list(volumes)
    return {
        "labels": [each.day.isoformat() for each in found],
        "names": name_chart_days(each.day for each in found),
        "reps": [each.reps for each in found],
        "sessions": [each.sessions for each in found],
        "numbers": describe_chart_numbers(),
        "texts": {"span": capfirst(span), "reps": _("Reps"), "sessions": _("Sessions")},
    }


def describe_trend_chart(
    weeks: Iterable[date],
    own: Sequence[float | None],
    medians: Sequence[float | None] | None,
    *,
    label: str,
    has_bars: bool,
) -> Json:
    """Return the data for a `.trend-chart`: a figure by week, and the team median if there is."""
    return {
        "names": name_chart_days(weeks),
        "own": own,
        "medians": medians,
        "bars": has_bars,
        "numbers": describe_chart_numbers(),
        "texts": {"span": capfirst(_("week of")), "own": label, "medians": _("Team median")},
    }


def name_chart_days(days: Iterable[date]) -> list[str]:
    return [date_format(day, "CHART_DAY_FORMAT") for day in days]
