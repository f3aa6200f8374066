"""The athletes on a team's page: when each last trained, this week's training, and the trend."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Count, OuterRef, Prefetch, Q, Subquery, Sum, prefetch_related_objects
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from workouts.admin.days import begin_of_coach_day, monday_of_coach_week
from workouts.models import Athlete, Team, WorkoutSession, name_exercise
from workouts.models.sort_names import make_sort_name

MAX_ATHLETES = 300
TREND_SPAN = timedelta(weeks=4)  # a week has too few sessions to compare with another
STEADY = 0.05  # a smaller change is none


class TeamAthlete(NamedTuple):
    """A row: an athlete with `last_at` and `last_exercise`, and this week's training.

    `trend_reps` are those of the last 4 weeks and of the 4 before.
    """

    athlete: Any
    sessions: int = 0
    reps: int = 0
    trend_reps: tuple[int, int] = (0, 0)

    @property
    def last_exercise(self) -> str:
        """The name of what the athlete trained last."""
        return name_exercise(self.athlete.last_exercise)

    @property
    def change(self) -> float | None:
        """By what share the reps grew, None if there are none at all."""
        now, before = self.trend_reps
        if not before:
            return float("inf") if now else None
        return now / before - 1

    @property
    def arrow(self) -> str:
        if self.change is None:
            return ""
        return "→" if abs(self.change) < STEADY else "↑" if self.change > 0 else "↓"

    @property
    def trend(self) -> str:
        """The trend in words."""
        if self.change is None:
            return "-"
        if not all(self.trend_reps):
            return _("none before") if self.trend_reps[0] else _("none since")
        if abs(self.change) < STEADY:
            return _("about the same")
        percent = number_format(round(100 * abs(self.change)), force_grouping=True)
        return (_("%s%% more") if self.change > 0 else _("%s%% less")) % percent


class TeamColumn(NamedTuple):
    """A column, what it sorts by (None comes last), and which end comes first."""

    title: str | Promise
    key: Callable[[TeamAthlete], Any]
    begins_with_most: bool = True


COLUMNS = {
    "name": TeamColumn(
        gettext_lazy("Name"),
        # not sort_name: a process of an earlier version may have left it empty
        lambda row: (
            make_sort_name(row.athlete.display_name or row.athlete.user_id),
            row.athlete.user_id,
        ),
        begins_with_most=False,
    ),
    "last": TeamColumn(gettext_lazy("Last session"), lambda row: row.athlete.last_at),
    "sessions": TeamColumn(gettext_lazy("Sessions this week"), lambda row: row.sessions),
    "reps": TeamColumn(gettext_lazy("Reps this week"), lambda row: row.reps),
    "trend": TeamColumn(gettext_lazy("Trend"), lambda row: row.change),
}


def describe_team_athletes(request: HttpRequest, team: Team) -> dict[str, Any]:
    """Return the template's context: the rows and columns, sorted by `?sort=`."""
    rows = find_team_athletes(request, team, timezone.localtime())
    sort = request.GET.get("sort", "")
    if sort.removeprefix("-") not in COLUMNS:
        sort = "name"
    return {
        "team_rows": sort_team_athletes(rows[:MAX_ATHLETES], sort),
        "team_columns": [describe_team_column(name, sort) for name in COLUMNS],
        "max_athletes": MAX_ATHLETES if len(rows) > MAX_ATHLETES else None,
    }


def describe_team_column(name: str, sort: str) -> dict[str, Any]:
    """Return a column's title, its direction as in aria-sort, and the order that a click gives."""
    is_sorted, is_descending = sort.removeprefix("-") == name, sort.startswith("-")
    descends_next = not is_descending if is_sorted else COLUMNS[name].begins_with_most
    return {
        "title": COLUMNS[name].title,
        "direction": ("descending" if is_descending else "ascending") if is_sorted else "",
        "next": f"-{name}" if descends_next else name,
    }


def sort_team_athletes(rows: list[TeamAthlete], sort: str) -> list[TeamAthlete]:
    key = COLUMNS[sort.removeprefix("-")].key
    known = [row for row in rows if key(row) is not None]
    known.sort(key=key, reverse=sort.startswith("-"))
    return known + [row for row in rows if key(row) is None]


def prefetch_team_athletes(request: HttpRequest) -> "Prefetch[str]":
    """Return how to read a team's athletes, once for the table and for the form."""
    sessions = WorkoutSession.objects.filter(athlete=OuterRef("user_id")).order_by("-started_at")
    athletes = Athlete.objects.with_namesakes(Athlete.objects.visible_to(request.user)).annotate(
        last_at=Subquery(sessions.values("started_at")[:1]),
        last_exercise=Subquery(sessions.values("exercise__name")[:1]),
    )
    return Prefetch("athletes", athletes)


def find_team_athletes(request: HttpRequest, team: Team, now: datetime) -> list[TeamAthlete]:
    """Return a team's athletes by name, up to MAX_ATHLETES + 1 of them, in two queries."""
    prefetch_related_objects([team], prefetch_team_athletes(request))
    athletes: list[Any] = [*team.athletes.all()[: MAX_ATHLETES + 1]]
    sums = sum_team_training([athlete.user_id for athlete in athletes], now)
    return [TeamAthlete(athlete, *sums.get(athlete.user_id, ())) for athlete in athletes]


def sum_team_training(user_ids: list[str], now: datetime) -> dict[str, Any]:
    """Return this week's sessions and reps, and the trend's reps, without rejected sessions."""
    monday = begin_of_coach_day(monday_of_coach_week(now.date()))
    this_week = Q(started_at__gte=monday)
    lately = Q(started_at__gte=now - TREND_SPAN)
    found: Any = (
        WorkoutSession.objects.in_totals()
        .filter(athlete_id__in=user_ids, started_at__gte=now - 2 * TREND_SPAN, started_at__lte=now)
        .order_by()
        .values("athlete_id")
    )
    sums = found.annotate(
        sessions=Count("pk", filter=this_week),
        reps=Sum("total_reps", filter=this_week, default=0),
        lately=Sum("total_reps", filter=lately, default=0),
        before=Sum("total_reps", filter=~lately, default=0),
    )
    return {
        row["athlete_id"]: (row["sessions"], row["reps"], (row["lately"], row["before"]))
        for row in sums
    }
