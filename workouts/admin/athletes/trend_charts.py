"""The four charts of trends, each with its table: the same figures, written as text."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from django.template.defaultfilters import floatformat
from django.utils.translation import gettext as _

from workouts.admin.charts import describe_trend_chart
from workouts.admin.load_texts import write_load_for_coach
from workouts.fairness.trends import SetLengths, TrendLoad, TrendWeek

NO_FIGURE = "-"
Json = dict[str, Any]


class TrendFigure(NamedTuple):
    """One of TrendWeek's figures: its names, and its decimals, as floatformat takes them."""

    name: str
    title: str
    column: str
    explanation: str
    digits: int = -1  # 12.5, but 12
    is_signed: bool = False
    has_bars: bool = False


class Trends(NamedTuple):
    """What the page shows about each week, oldest first; no medians if no week has one."""

    weeks: Sequence[date]
    own: Mapping[date, TrendWeek]
    medians: Mapping[date, TrendWeek]
    loads: Mapping[date, TrendLoad]


def describe_trend_figures(lengths: SetLengths | None) -> list[TrendFigure]:
    return [
        TrendFigure("reps", _("Volume"), _("Reps"), _("All reps of the week."), has_bars=True),
        TrendFigure(
            "best_set", _("Best set"), _("Reps"), _("The most reps in one set of the week.")
        ),
        TrendFigure(
            "tempo_s",
            _("Tempo"),
            _("Seconds per rep"),
            _("The week's median time from rep to rep, without rests. Longer sets count for more."),
            digits=2,
        ),
        TrendFigure(
            "slow_down_percent",
            _("Slowdown within sets"),
            _("Slowdown, %"),
            explain_trend_lengths(lengths),
            digits=1,
            is_signed=True,
        ),
    ]


def explain_trend_lengths(lengths: SetLengths | None) -> str:
    """Return which sets are compared, and with what."""
    if lengths is None:
        return _("There is no set of 5 or more reps to compare.")
    text = _(
        "How much slower the reps were at the end of a set than at its start: the week's median."
        " Only sets of %(fewest)d to %(most)d reps are compared: three quarters to four thirds of"
        " the usual set of %(usual)s reps."
    )
    usual = floatformat(lengths.usual, "-1g")
    return text % {"fewest": lengths.fewest, "most": lengths.most, "usual": usual}


def describe_trend(figure: TrendFigure, trends: Trends) -> Json:
    """Return the template's context for one chart and its table, newest week first."""
    own, medians = (
        [
            round_trend_value(getattr(weeks.get(week), figure.name, None), figure)
            for week in trends.weeks
        ]
        for weeks in (trends.own, trends.medians)
    )
    columns, lines = [figure.column], [own]
    if trends.medians:
        columns, lines = [*columns, _("Team median")], [*lines, medians]
    cells = [[write_trend_value(value, figure) for value in line] for line in lines]
    if figure.name == "reps" and trends.loads:
        columns += [_("Tonnage, kg"), _("Heaviest load, kg")]
        cells += write_trend_loads(trends)
    return {
        "name": figure.name,
        "title": figure.title,
        "explanation": figure.explanation,
        "columns": columns,
        "rows": [*zip(trends.weeks, zip(*cells, strict=True), strict=True)][::-1],
        "chart": describe_trend_chart(
            trends.weeks,
            own,
            medians if trends.medians else None,
            label=figure.column,
            has_bars=figure.has_bars,
        ),
        "source": f"trend-{figure.name}-data",
    }


def round_trend_value(value: float | None, figure: TrendFigure) -> float | None:
    return None if value is None else round(value, abs(figure.digits))


def write_trend_value(value: float | None, figure: TrendFigure) -> str:
    """Return 1,234, 12.5, 2.30 or +4.0, in the active language."""
    if value is None:
        return NO_FIGURE
    text = floatformat(value, f"{figure.digits}g")
    return f"+{text}" if figure.is_signed and value > 0 else text


def write_trend_loads(trends: Trends) -> list[list[str]]:
    """Return the columns for tonnage and the heaviest load."""
    found = [trends.loads.get(week) for week in trends.weeks]
    return [
        [floatformat(load.tonnage_kg, "-1g") if load else NO_FIGURE for load in found],
        [write_load_for_coach(load.heaviest_kg) if load else NO_FIGURE for load in found],
    ]
