"""What the page of an athlete shows below the form."""

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from workouts.admin.athletes.history import Bests, find_bests, find_last_sessions, find_volume
from workouts.admin.charts import describe_volume
from workouts.admin.sessions.page import length_ms
from workouts.admin.tempo_texts import write_duration
from workouts.models import Athlete

Json = dict[str, Any]


def describe_athlete(athlete: Athlete) -> Json:
    """Return personal bests, volume and history of an athlete, for the template."""
    weeks, bests = (
        find_volume(athlete.user_id, today=timezone.localdate()),
        find_bests(athlete.user_id),
    )
    return {
        "athlete": athlete,
        "bests": [describe_bests(each) for each in bests],
        "weeks": weeks[::-1],
        "volume": describe_volume(weeks, span=_("week from")),
        "last_sessions": [
            (session, write_duration(length_ms(session)))
            for session in find_last_sessions(athlete.user_id)
        ],
        "sessions_address": sessions_address(athlete),
    }


def describe_bests(bests: Bests) -> Json:
    """Return the figures of an exercise, each best with its session."""
    fastest = bests.best_minute
    return {
        "exercise": bests.exercise,
        "sessions": bests.sessions,
        "reps": bests.reps,
        "cells": [
            (bests.most_reps, bests.most_reps.total_reps),
            (fastest, fastest and fastest.best_minute),
            (bests.longest, write_duration(length_ms(bests.longest))),
        ],
    }


def sessions_address(athlete: Athlete) -> str:
    """Return the address of the list of an athlete's sessions."""
    return f"{reverse('admin:workouts_workoutsession_changelist')}?{urlencode({'athlete': athlete.user_id})}"
