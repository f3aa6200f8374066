"""Filters for the list of athletes."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from workouts.admin.days import WEEK
from workouts.models import Athlete, WorkoutSession


def trained_since_list_filter(moment: datetime) -> Exists:
    """Return a condition for a query of athletes: trained since that moment."""
    return Exists(
        WorkoutSession.objects.filter(athlete=OuterRef("user_id"), started_at__gte=moment)
    )


class TrainedListFilter(admin.SimpleListFilter):
    title = _("activity in the last 7 days")
    parameter_name = "trained"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Active")), ("no", _("Inactive"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Athlete]) -> QuerySet[Athlete]:
        if self.value() is None:
            return queryset
        trained = trained_since_list_filter(timezone.now() - WEEK)
        return queryset.filter(trained if self.value() == "yes" else ~trained)
