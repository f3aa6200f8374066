"""How much the listed athletes have trained, and when they last did. No timeline is read."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db.models import Max, Q, Sum

from workouts.models import WorkoutSession

NOT_REJECTED = Q(is_in_totals=True)


def sum_training_for_athlete_list(user_ids: Collection[str]) -> dict[str, tuple[int, datetime]]:
    """Return reps, rejected sessions left out, and the last session's time, by user_id."""
    by_athlete: Any = (
        WorkoutSession.objects.filter(athlete_id__in=user_ids).order_by().values("athlete_id")
    )
    found = by_athlete.annotate(
        reps=Sum("total_reps", filter=NOT_REJECTED, default=0), last=Max("started_at")
    )
    return {row["athlete_id"]: (row["reps"], row["last"]) for row in found}
