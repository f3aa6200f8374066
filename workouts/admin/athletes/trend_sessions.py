"""The sessions that trends are made of: the athlete's, and those of the team's others."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from django.db.models import Q, Sum
from django.utils.timezone import localtime

from workouts.admin.days import WEEK, begin_of_coach_day, monday_of_coach_week
from workouts.fairness.trends import TrendSession
from workouts.models import Athlete, Exercise, Team, WorkoutSession

MAX_OWN_SESSIONS, MAX_TEAM_SESSIONS = 2000, 10_000
MAX_TEAM_ATHLETES = 300
READ = ("athlete_id", "started_at", "total_reps", "sets", "load_kg")


class TrendSessions(NamedTuple):
    """Sessions by user ID; `is_cut` if there are older ones that were not read."""

    by_athlete: dict[str, list[TrendSession]]
    is_cut: bool


class TrendTeam(NamedTuple):
    """The names of an athlete's teams, and the user IDs of the others in them."""

    names: list[str]
    others: list[str]
    is_cut: bool


def find_trend_exercises(athlete: Athlete, *, since: date, most_since: date) -> list[Exercise]:
    """Return what an athlete trained since that day; first, what has most reps since the other."""
    sessions = WorkoutSession.objects.in_totals().filter(
        athlete=athlete, started_at__gte=begin_of_coach_day(since)
    )
    trained = Exercise.objects.filter(sessions__in=sessions.order_by())
    in_span = Q(sessions__started_at__gte=begin_of_coach_day(most_since))
    reps = Sum("sessions__total_reps", filter=in_span, default=0)
    return [*trained.annotate(reps=reps).order_by("-reps", "slug")]


def read_trend_sessions(
    user_ids: Sequence[str], exercise: str, weeks: Sequence[date], *, limit: int
) -> TrendSessions:
    """Return the newest sessions of these weeks, without rejected ones, in one query."""
    found: Any = (
        WorkoutSession.objects.in_totals()
        .filter(
            athlete_id__in=user_ids,
            exercise_id=exercise,
            started_at__gte=begin_of_coach_day(weeks[0]),
            started_at__lt=begin_of_coach_day(weeks[-1] + WEEK),
        )
        .order_by("-started_at", "-id")
        .values_list(*READ)
    )
    rows = [*found[: limit + 1]]
    sessions: dict[str, list[TrendSession]] = {user_id: [] for user_id in user_ids}
    for user_id, started_at, reps, sets, load_kg in rows[:limit]:
        week = monday_of_coach_week(localtime(started_at).date())
        sessions[user_id].append(TrendSession(week, reps, sets or [], load_kg))
    return TrendSessions(sessions, len(rows) > limit)


def find_trend_team(user: Any, athlete: Athlete) -> TrendTeam:
    """Return an athlete's teams, and who else is in them, as far as the user may see them."""
    teams = [*Team.objects.visible_to(user).filter(athletes=athlete).order_by("sort_name")]
    if not teams:
        return TrendTeam([], [], is_cut=False)
    others = Athlete.objects.visible_to(user).unmerged().filter(teams__in=teams)
    found = others.exclude(pk=athlete.pk).distinct().order_by("user_id")
    user_ids = [*found.values_list("user_id", flat=True)[: MAX_TEAM_ATHLETES + 1]]
    return TrendTeam(
        [str(team) for team in teams],
        user_ids[:MAX_TEAM_ATHLETES],
        len(user_ids) > MAX_TEAM_ATHLETES,
    )
