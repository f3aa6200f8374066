from django.contrib import admin
from django.http import HttpRequest

from workouts.models import Athlete


@admin.register(Athlete)
class AthleteAdmin(admin.ModelAdmin):
    list_display = ["user_id", "display_name", "created_at"]
    list_filter = ["created_at"]
    search_fields = ["user_id", "display_name"]
    readonly_fields = ["created_at"]
    show_full_result_count = False

    def get_readonly_fields(self, request: HttpRequest, obj: Athlete | None = None) -> list[str]:
        """Let nobody rename whom the sessions refer to."""
        return ["created_at", "user_id"] if obj else ["created_at"]
