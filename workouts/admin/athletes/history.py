"""How an athlete comes along: personal bests, the volume of the last weeks, the last sessions. No timeline is read."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from django.db.models import Count, DateField, F, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import TruncWeek
from django.db.models.functions.datetime import TruncBase

from workouts.admin.charts import Volume
from workouts.admin.days import WEEK, begin_of, monday_of
from workouts.models import Exercise, WorkoutSession

WEEKS = 26
LAST_SESSIONS = 20
BESTS = {
    "most_reps": F("total_reps").desc(),
    "best_minute": F("best_minute").desc(),
    "longest": (F("finished_at") - F("started_at")).desc(),
}
SHOWN = (
    "athlete_id",
    "exercise_id",
    "total_reps",
    "best_minute",
    "started_at",
    "finished_at",
    "review_status",
    "is_in_totals",
)


class Bests(NamedTuple):
    """What an athlete has done of an exercise, and the first session that reached each best; none lasted a minute, maybe."""

    exercise: Exercise
    sessions: int
    reps: int
    most_reps: WorkoutSession
    longest: WorkoutSession
    best_minute: WorkoutSession | None


def find_bests(user_id: str) -> list[Bests]:
    """Return an athlete's personal bests by exercise, by its name; what a coach rejected counts nowhere. Three queries."""
    sessions = WorkoutSession.objects.in_totals().filter(athlete_id=user_id)
    counted: Any = (
        sessions.order_by()
        .values("exercise_id")
        .annotate(sessions=Count("pk"), reps=Sum("total_reps"))
    )
    totals = {row["exercise_id"]: (row["sessions"], row["reps"]) for row in counted}
    if not totals:
        return []
    found = {name: Subquery(find_best(sessions, name)) for name in BESTS}
    exercises: list[Any] = [
        *Exercise.objects.filter(slug__in=totals).annotate(**found).order_by("name", "slug")
    ]
    reached = {name: [getattr(exercise, name) for exercise in exercises] for name in BESTS}
    rows: Any = WorkoutSession.objects.only(*SHOWN).in_bulk(
        {pk for pks in reached.values() for pk in pks if pk}
    )
    return [
        Bests(
            exercise,
            *totals[exercise.slug],
            **{name: rows.get(reached[name][index]) for name in BESTS},
        )
        for index, exercise in enumerate(exercises)
        if {reached["most_reps"][index], reached["longest"][index]}
        <= rows.keys()  # unless it was rejected just now
    ]


def find_best(sessions: QuerySet[WorkoutSession], name: str) -> QuerySet[WorkoutSession, Any]:
    """Return, for a query of exercises, the primary key of the session that was best first."""
    of_exercise = sessions.filter(exercise_id=OuterRef("slug"))
    if name == "best_minute":
        of_exercise = of_exercise.exclude(best_minute=None)
    return of_exercise.order_by(BESTS[name], "started_at", "pk").values("pk")[:1]


def find_volume(user_id: str, *, today: date) -> list[Volume]:
    """Return the last 26 weeks of an athlete, the oldest first; what a coach rejected counts in none. One query."""
    weeks = [monday_of(today) - back * WEEK for back in reversed(range(WEEKS))]
    sessions = WorkoutSession.objects.in_totals().filter(athlete_id=user_id)
    return sum_volumes(sessions, weeks, TruncWeek("started_at", output_field=DateField()))


def sum_volumes(
    sessions: QuerySet[WorkoutSession], days: Sequence[date], start: TruncBase
) -> list[Volume]:
    """Return what was done from each of the days on, the first of them first, the empty ones too; `start` tells a session's. One query."""
    counted: Any = sessions.filter(started_at__gte=begin_of(days[0])).order_by().values(start=start)
    found = {
        row["start"]: row for row in counted.annotate(reps=Sum("total_reps"), number=Count("pk"))
    }
    nothing = {"reps": 0, "number": 0}
    rows = ((day, found.get(day, nothing)) for day in days)
    return [Volume(day, row["reps"], row["number"]) for day, row in rows]


def find_last_sessions(user_id: str) -> QuerySet[WorkoutSession]:
    """Return the last 20 sessions of an athlete by their first rep, the newest first."""
    sessions = (
        WorkoutSession.objects.filter(athlete_id=user_id)
        .select_related("exercise")
        .only(*SHOWN, "exercise__name")
    )
    return sessions.order_by("-started_at", "-pk")[:LAST_SESSIONS]
