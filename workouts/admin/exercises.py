from django.contrib import admin
from django.http import HttpRequest

from workouts.models import Exercise


@admin.register(Exercise)
class ExerciseAdmin(admin.ModelAdmin):
    list_display = [
        "__str__",
        "slug",
        "min_interval_ms",
        "max_per_minute",
        "record_per_minute",
        "record_per_hour",
        "active",
    ]
    list_filter = ["active"]
    search_fields = ["name", "slug"]

    def get_readonly_fields(self, request: HttpRequest, obj: Exercise | None = None) -> list[str]:
        """Let nobody rename what the sessions refer to."""
        return ["slug"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Exercise | None = None) -> bool:
        """An exercise is switched off, never deleted."""
        return False
