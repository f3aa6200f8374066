"""An athlete's personal bests, by exercise. No timeline is read."""

from typing import Any, NamedTuple

from django.db.models import Count, F, OuterRef, QuerySet, Subquery, Sum

from workouts.models import Exercise, WorkoutSession
from workouts.models.sort_names import make_sort_name

ORDERS = {
    "most_reps": F("total_reps").desc(),
    "best_minute": F("best_minute").desc(),
    "longest": (F("finished_at") - F("started_at")).desc(),
}
READ = ("athlete_id", "exercise_id", "total_reps", "best_minute", "started_at", "finished_at")


class Bests(NamedTuple):
    """Totals for one exercise, and for each best the first session that reached it.

    `best_minute` is None if no session lasted a minute.
    """

    exercise: Exercise
    sessions: int
    reps: int
    most_reps: WorkoutSession
    longest: WorkoutSession
    best_minute: WorkoutSession | None


def find_bests_for_athlete_page(user_id: str) -> list[Bests]:
    """Return an athlete's bests, sorted by exercise name, in three queries.

    Rejected sessions count neither as bests nor in the totals.
    """
    sessions = WorkoutSession.objects.in_totals().filter(athlete_id=user_id)
    summed: Any = (
        sessions.order_by()
        .values("exercise_id")
        .annotate(sessions=Count("pk"), reps=Sum("total_reps"))
    )
    totals = {row["exercise_id"]: (row["sessions"], row["reps"]) for row in summed}
    if not totals:
        return []
    keys = {name: Subquery(best_session_for_athlete_page(sessions, name)) for name in ORDERS}
    trained: Any = Exercise.objects.filter(slug__in=totals).annotate(**keys)
    exercises = sorted(trained, key=lambda each: make_sort_name(str(each)))
    reached = {name: [getattr(exercise, name) for exercise in exercises] for name in ORDERS}
    rows: Any = WorkoutSession.objects.only(*READ).in_bulk(
        {pk for pks in reached.values() for pk in pks if pk}
    )
    return [
        Bests(
            exercise,
            *totals[exercise.slug],
            **{name: rows.get(reached[name][index]) for name in ORDERS},
        )
        for index, exercise in enumerate(exercises)
        # a session rejected between the queries leaves its exercise without one
        if {reached["most_reps"][index], reached["longest"][index]} <= rows.keys()
    ]


def best_session_for_athlete_page(
    sessions: QuerySet[WorkoutSession], name: str
) -> QuerySet[WorkoutSession, Any]:
    """Return a subquery, within a query of exercises, for the key of the best session."""
    of_exercise = sessions.filter(exercise_id=OuterRef("slug"))
    if name == "best_minute":
        of_exercise = of_exercise.exclude(best_minute=None)
    return of_exercise.order_by(ORDERS[name], "started_at", "pk").values("pk")[:1]
