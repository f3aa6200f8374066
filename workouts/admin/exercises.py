from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from workouts.admin.numbers import make_number_column
from workouts.admin.titles import TitledAdmin
from workouts.models import Exercise

NUMBERS = {
    name: make_number_column(Exercise, name)
    for name in (
        "min_interval_ms",
        "record_per_30_s",
        "record_per_minute",
        "record_per_hour",
        "record_per_day",
        "max_per_minute",
        "max_per_session",
        "typical_ms_low",
        "typical_ms_high",
    )
}


@admin.display(description=pgettext_lazy("of a team or an exercise", "name"))
def shown_name(exercise: Exercise) -> str:
    return str(exercise)


class ExerciseAdmin(TitledAdmin):
    add_title = _("Add an exercise")
    list_display = [
        "__str__",
        "slug",
        NUMBERS["min_interval_ms"],
        NUMBERS["max_per_minute"],
        NUMBERS["record_per_minute"],
        NUMBERS["record_per_hour"],
        "active",
    ]
    list_filter = ["active"]
    search_fields = ["name", "slug"]

    def get_fields(self, request: HttpRequest, obj: Exercise | None = None) -> Any:
        """Show those who may not change it what other pages show, and not what is stored."""
        stored: Any = super().get_fields(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return stored
        return [{"name": shown_name, **NUMBERS}.get(name, name) for name in stored]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "name":  # here a coach sees what is stored, whatever the language
            kwargs["help_text"] = _(
                "The names that Senim comes with are shown in each viewer's language. A name of"
                " your own is shown as you write it."
            )
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Exercise | None = None) -> list[str]:
        """Keep the slug, which sessions refer to."""
        return ["slug"] if obj else []

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Exercise], search_term: str
    ) -> tuple[QuerySet[Exercise], bool]:
        """Find exercises by the names that the list shows, too."""
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        term = search_term.strip().casefold()
        if not term:
            return found, may_repeat
        shown = [each.pk for each in queryset if term in str(each).casefold()]
        return found | queryset.filter(pk__in=shown), may_repeat

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        with translation.override(None):  # the trail translates the name for each viewer
            return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        with translation.override(None):
            return super().log_change(request, obj, message)

    def has_delete_permission(self, request: HttpRequest, obj: Exercise | None = None) -> bool:
        return False  # it is switched off instead
