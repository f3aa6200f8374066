from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from workouts.admin.visibility import AthleteTeamFilter, VisibleAdmin
from workouts.models import Athlete, WorkoutSession


@admin.register(Athlete)
class AthleteAdmin(VisibleAdmin):
    list_display = ["user_id", "display_name", "total_reps", "created_at"]
    list_filter = [AthleteTeamFilter, "created_at"]
    search_fields = ["user_id", "display_name"]
    readonly_fields = ["created_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Athlete]:
        sessions = WorkoutSession.objects.in_totals().filter(athlete_id=OuterRef("user_id")).order_by().values("athlete_id")
        total = Subquery(sessions.annotate(total=Sum("total_reps")).values("total"))
        athletes: QuerySet[Athlete] = super().get_queryset(request).annotate(total=total)
        return athletes

    @admin.display(description=_("reps"))
    def total_reps(self, athlete: Any) -> int:
        """Return the reps of all sessions but the rejected ones."""
        return athlete.total or 0

    def get_readonly_fields(self, request: HttpRequest, obj: Athlete | None = None) -> list[str]:
        """Let nobody rename whom the sessions refer to."""
        return ["created_at", "user_id", "total_reps"] if obj else ["created_at"]
