"""The admin's first page: what a coach should look at, and how the team trains."""

from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import (
    Count,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Window,
    prefetch_related_objects,
)
from django.db.models.functions import TruncDate
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from workouts.admin.athletes.filters import trained_since_list_filter
from workouts.admin.charts import describe_volume_chart
from workouts.admin.days import WEEK, begin_of_coach_day, monday_of_coach_week
from workouts.admin.invitations.open_links import count_waiting_by_team
from workouts.admin.next_steps import find_first_athlete_step
from workouts.admin.paging import count_changelist_rows_up_to
from workouts.admin.volumes import ChartVolume, sum_chart_volumes
from workouts.fairness.review_queue import find_appealed_sessions, find_unreviewed_sessions
from workouts.models import Athlete, ReviewStatus, WorkoutSession

DAYS = 14
SHOWN = 10
MAX_COUNTED = 1000
Json = dict[str, Any]
Sessions = QuerySet[WorkoutSession]


def describe_home_page(request: HttpRequest) -> Json:
    """Return the template's context: the user's athletes, or nothing without the permission."""
    if not request.user.has_perm("workouts.view_workoutsession"):
        return {}
    visible = Athlete.objects.visible_to(request.user)
    team = describe_home_page_team(
        WorkoutSession.objects.visible_to(request.user),
        visible.unmerged().with_namesakes(visible),
        timezone.localtime(),
    )
    return {
        **team,
        **describe_home_page_reviews(request.user),
        "waiting": count_waiting_by_team(request),
        "first_step": None if team["inactive_count"] else find_first_athlete_step(request),
    }


def describe_home_page_team(sessions: Sessions, athletes: QuerySet[Athlete], now: datetime) -> Json:
    """Return what the page says about these sessions and athletes; `now` is the viewer's time."""
    in_totals = sessions.in_totals()  # type: ignore[attr-defined]
    days = find_daily_chart_volumes(in_totals, now.date())
    inactive = list(find_inactive_for_home_page(athletes, now)[:SHOWN])
    return {
        "weeks": compare_weeks_for_home_page(in_totals, now),
        "days": days[::-1],
        "volume": describe_volume_chart(days, span=_("day")),
        "inactive": sort_inactive_for_home_page(inactive),
        "inactive_count": inactive[0].number if inactive else 0,
    }


def describe_home_page_reviews(user: Any) -> Json:
    """Return the beginning of the user's review queue, and how long it is."""
    sessions = WorkoutSession.objects.visible_to(user)
    listed = sessions.select_related("exercise").defer("timeline_ms")
    appeals = list(find_appealed_sessions(listed)[:SHOWN])
    unreviewed = list(find_unreviewed_sessions(listed)[:SHOWN])
    named = Athlete.objects.with_namesakes(Athlete.objects.visible_to(user))
    prefetch_related_objects([*appeals, *unreviewed], Prefetch("athlete", named))
    pending = sessions.filter(review_status=ReviewStatus.PENDING)
    return {
        "appeals": appeals,
        "unreviewed": unreviewed,
        "pending_count": count_changelist_rows_up_to(MAX_COUNTED, pending),
        "max_counted": MAX_COUNTED,
    }


def compare_weeks_for_home_page(sessions: Sessions, now: datetime) -> list[Json]:
    """Return sessions, reps and athletes for this week so far, and for last week.

    Last week comes twice: up to the same weekday and time, and the whole of it.
    """
    monday = begin_of_coach_day(monday_of_coach_week(now.date()))
    last_monday = begin_of_coach_day(monday_of_coach_week(now.date()) - WEEK)
    spans = {
        _("this week so far"): Q(started_at__gte=monday),
        _("by this time last week"): Q(started_at__lt=min(now - WEEK, monday)),
        _("all of last week"): Q(started_at__lt=monday),
    }
    by_athlete: Any = (
        sessions.filter(started_at__gte=last_monday, started_at__lte=now)
        .order_by()
        .values("athlete_id")
    )
    totals: dict[str, Any] = {}
    for number, span in enumerate(spans.values()):
        sums = {
            f"sessions_{number}": Count("pk", filter=span),
            f"reps_{number}": Sum("total_reps", filter=span, default=0),
        }
        by_athlete = by_athlete.annotate(**sums)
        totals |= {f"all_{name}": Sum(name, default=0) for name in sums}
        totals[f"all_athletes_{number}"] = Count(
            "athlete_id", filter=Q(**{f"sessions_{number}__gt": 0})
        )
    found = by_athlete.aggregate(**totals)
    return [
        {
            "name": name,
            **{what: found[f"all_{what}_{number}"] for what in ("sessions", "reps", "athletes")},
        }
        for number, name in enumerate(spans)
    ]


def find_daily_chart_volumes(sessions: Sessions, today: date) -> list[ChartVolume]:
    """Return the last 14 days, oldest first, today included."""
    days = [today - timedelta(days=ago) for ago in reversed(range(DAYS))]
    return sum_chart_volumes(sessions, days, TruncDate("started_at"))


def find_inactive_for_home_page(
    athletes: QuerySet[Athlete], now: datetime
) -> QuerySet[Athlete, Any]:
    """Return the athletes without a session for 7 days, by name; `number` is their count."""
    inactive = athletes.filter(~trained_since_list_filter(now - WEEK))
    sessions = WorkoutSession.objects.filter(athlete=OuterRef("user_id")).order_by("-started_at")
    return inactive.annotate(
        number=Window(Count("pk")), last_trained_at=Subquery(sessions.values("started_at")[:1])
    ).order_by("sort_name", "user_id")


def sort_inactive_for_home_page(athletes: list[Any]) -> list[tuple[Athlete, datetime | None]]:
    """Return each athlete with their last session's time, most recent first, None at the end."""
    pairs = ((athlete, athlete.last_trained_at) for athlete in athletes)
    return sorted(pairs, key=lambda pair: -pair[1].timestamp() if pair[1] else 0)
