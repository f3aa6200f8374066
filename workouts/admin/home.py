"""The first page of the admin: what needs a coach, and how the team trains."""

from datetime import date, datetime, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Count, Max, Q, QuerySet, Sum, Window
from django.db.models.functions import TruncDate
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from workouts.admin.athletes.filters import trained_since
from workouts.admin.athletes.history import sum_volumes
from workouts.admin.charts import Volume, describe_volume
from workouts.admin.days import WEEK, begin_of, monday_of
from workouts.admin.paging import count_up_to
from workouts.models import Athlete, ReviewStatus, WorkoutSession

DAYS = 14
SHOWN = 10
MAX_COUNTED = 1000
Json = dict[str, Any]
Sessions = QuerySet[WorkoutSession]


def show_home(request: HttpRequest) -> HttpResponse:
    context = {}
    if request.user.has_perm("workouts.view_workoutsession"):
        sessions = WorkoutSession.objects.visible_to(request.user)
        context = describe_team(
            sessions, Athlete.objects.visible_to(request.user).unmerged(), timezone.localtime()
        )
    return admin.site.index(request, context)


def describe_team(sessions: Sessions, athletes: QuerySet[Athlete], now: datetime) -> Json:
    """Return what the page shows of these sessions and athletes; `now` is in the time zone of who looks."""
    in_totals = sessions.in_totals()  # type: ignore[attr-defined]
    days = find_volume(in_totals, now.date())
    pending, absent = (
        sessions.filter(review_status=ReviewStatus.PENDING),
        list(find_absent(athletes, now)[:SHOWN]),
    )
    return {
        "pending": pending.select_related("athlete", "exercise")
        .order_by("-started_at", "-id")
        .defer("timeline_ms")[:SHOWN],
        "pending_count": count_up_to(MAX_COUNTED, pending),
        "weeks": compare_weeks(in_totals, now),
        "days": days[::-1],
        "volume": describe_volume(days, span=_("day")),
        "absent": add_last_trained(absent),
        "absent_count": absent[0].number if absent else 0,
        "max_counted": MAX_COUNTED,
    }


def compare_weeks(sessions: Sessions, now: datetime) -> list[Json]:
    """Return sessions, reps and athletes of this week so far, of last week by the same time, and of all of it."""
    monday = begin_of(monday_of(now.date()))
    last_monday = begin_of(monday_of(now.date()) - WEEK)
    spans = {
        _("this week so far"): Q(started_at__gte=monday),
        _("last week by this time"): Q(started_at__lt=min(now - WEEK, monday)),
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


def find_volume(sessions: Sessions, today: date) -> list[Volume]:
    """Return the last 14 days, today the last of them."""
    days = [today - timedelta(days=ago) for ago in reversed(range(DAYS))]
    return sum_volumes(sessions, days, TruncDate("started_at"))


def find_absent(athletes: QuerySet[Athlete], now: datetime) -> QuerySet[Athlete, Any]:
    """Return who has not trained for a week, by name; `number` is how many they are."""
    absent = athletes.filter(~trained_since(now - WEEK))
    return absent.annotate(number=Window(Count("pk"))).order_by("display_name", "user_id")


def add_last_trained(athletes: list[Any]) -> list[tuple[Athlete, datetime | None]]:
    """Return each athlete with the time of their last session, None where there is none, the longest absent last."""
    last = (
        WorkoutSession.objects.filter(athlete__in=athletes)
        .order_by()
        .values_list("athlete_id")
        .annotate(Max("started_at"))
    )
    times: dict[str, datetime] = dict(last)
    pairs = ((athlete, times.get(athlete.user_id)) for athlete in athletes)
    return sorted(pairs, key=lambda pair: -pair[1].timestamp() if pair[1] else 0)


admin.site.index_template = "admin/workouts/home.html"
admin.site.enable_nav_sidebar = False  # what a coach needs stands in the header
