from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import path
from django.utils.translation import gettext_lazy as _

from workouts.admin.parked import show_parked
from workouts.models import WorkoutSession


@admin.register(WorkoutSession)
class WorkoutSessionAdmin(admin.ModelAdmin):
    """Sessions are evidence: they are looked at, not edited."""

    list_display = ["id", "athlete", "exercise", "total_reps", "started_at", "finished_at", "created_at"]
    list_display_links = ["id", "athlete"]
    list_filter = ["exercise", "created_at"]
    list_select_related = ["athlete", "exercise"]
    search_fields = ["athlete__user_id", "athlete__display_name"]
    search_help_text = _("User ID or name of the athlete")
    show_full_result_count = False

    def get_urls(self) -> list[Any]:
        return [path("parked/", self.admin_site.admin_view(show_parked), name="workouts_parked"), *super().get_urls()]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: WorkoutSession | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: WorkoutSession | None = None) -> bool:
        return False
