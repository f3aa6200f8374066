"""Training volume: reps and sessions by day or by week."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from django.db.models import Count, QuerySet, Sum
from django.db.models.functions.datetime import TruncBase

from workouts.admin.days import begin_of_coach_day
from workouts.models import WorkoutSession


class ChartVolume(NamedTuple):
    """The volume of one span, a day or a week, that starts on `day`."""

    day: date
    reps: int
    sessions: int


def sum_chart_volumes(
    sessions: QuerySet[WorkoutSession], days: Sequence[date], start: TruncBase
) -> list[ChartVolume]:
    """Return one volume for each of the days, empty ones included, in a single query.

    `days` are the first days of the spans, oldest first; `start` truncates a session's time to
    the first day of its span.
    """
    summed: Any = (
        sessions.filter(started_at__gte=begin_of_coach_day(days[0])).order_by().values(start=start)
    )
    found = {
        row["start"]: row for row in summed.annotate(reps=Sum("total_reps"), number=Count("pk"))
    }
    nothing = {"reps": 0, "number": 0}
    rows = ((day, found.get(day, nothing)) for day in days)
    return [ChartVolume(day, row["reps"], row["number"]) for day, row in rows]
