from django.http import HttpRequest

from workouts.admin.titles import TitledAdmin
from workouts.models import Exercise


class ExerciseAdmin(TitledAdmin):
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
        """Keep the slug, which sessions refer to."""
        return ["slug"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Exercise | None = None) -> bool:
        return False  # it is switched off instead
