"""What an athlete's page shows below the form: personal bests, weekly volume, last sessions."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.db.models import DateField, QuerySet
from django.db.models.functions import TruncWeek
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from workouts.admin.athletes.bests import Bests, find_bests_for_athlete_page
from workouts.admin.charts import describe_volume_chart
from workouts.admin.days import find_last_coach_weeks
from workouts.admin.load_texts import write_load_for_coach
from workouts.admin.sessions.page import find_session_page_pace, session_page_length_ms
from workouts.admin.tempo_texts import write_duration_for_coach, write_pace_for_coach
from workouts.admin.volumes import ChartVolume, sum_chart_volumes
from workouts.models import Athlete, WorkoutSession
from workouts.models.sort_names import make_sort_name

WEEKS = 26
LAST_SESSIONS = 20
LISTED = (
    "athlete_id",
    "exercise__name",
    "total_reps",
    "load_kg",
    "started_at",
    "finished_at",
    "sets",
    "review_status",
)
Json = dict[str, Any]


def describe_athlete_page(athlete: Athlete) -> Json:
    """Return the template's context for an athlete."""
    weeks = find_weekly_chart_volumes(athlete.user_id, today=timezone.localdate())
    sessions_url = reverse("admin:workouts_workoutsession_changelist")
    return {
        "athlete": athlete,
        "bests": [
            describe_bests_for_athlete_page(each)
            for each in sort_bests_for_athlete_page(find_bests_for_athlete_page(athlete.user_id))
        ],
        "weeks": weeks[::-1],
        "volume": describe_volume_chart(weeks, span=_("week of")),
        "last_sessions": [
            (
                session,
                write_load_for_coach(session.load_kg),
                write_duration_for_coach(session_page_length_ms(session)),
                write_pace_for_coach(find_session_page_pace(session)),
            )
            for session in find_last_sessions_for_athlete_page(athlete.user_id)
        ],
        "sessions_url": f"{sessions_url}?{urlencode({'athlete': athlete.user_id})}",
    }


def sort_bests_for_athlete_page(bests: list[Bests]) -> list[Bests]:
    """Return the bests by the exercises' names in the viewer's language."""
    return sorted(bests, key=lambda each: make_sort_name(str(each.exercise)))


def describe_bests_for_athlete_page(bests: Bests) -> Json:
    """Return the figures for one exercise, each best with its session."""
    fastest = bests.best_minute
    return {
        "exercise": bests.exercise,
        "sessions": bests.sessions,
        "reps": bests.reps,
        "cells": [
            (_("Most reps"), bests.most_reps, write_best(bests.most_reps.total_reps)),
            (_("Best minute"), fastest, fastest and write_best(fastest.best_minute)),
            (
                _("Longest session"),
                bests.longest,
                write_duration_for_coach(session_page_length_ms(bests.longest)),
            ),
        ],
    }


def write_best(reps: Any) -> str:
    return number_format(reps, force_grouping=True)


def find_weekly_chart_volumes(user_id: str, *, today: date) -> list[ChartVolume]:
    """Return an athlete's last 26 weeks, oldest first, without rejected sessions, in one query."""
    weeks = find_last_coach_weeks(WEEKS, today=today)
    sessions = WorkoutSession.objects.in_totals().filter(athlete_id=user_id)
    return sum_chart_volumes(sessions, weeks, TruncWeek("started_at", output_field=DateField()))


def find_last_sessions_for_athlete_page(user_id: str) -> QuerySet[WorkoutSession]:
    """Return an athlete's 20 most recent sessions, newest first rep first."""
    sessions = (
        WorkoutSession.objects.filter(athlete_id=user_id).select_related("exercise").only(*LISTED)
    )
    return sessions.order_by("-started_at", "-pk")[:LAST_SESSIONS]
