from typing import Any

from django.contrib import admin
from django.db.models import Case, QuerySet, When
from django.http import HttpRequest
from django.utils import translation
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from workouts.admin.exercise_sources import find_source_links, link_sources
from workouts.admin.numbers import NO_NUMBER, make_number_column
from workouts.admin.titles import TitledAdmin
from workouts.models import Exercise
from workouts.models.exercises import SEEDED_NAMES
from workouts.models.sort_names import make_sort_name

MAX_SORTED = 200  # exercises; a longer list goes by the slug

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


@admin.display(description=_("source of these figures"))
def linked_source(exercise: Exercise) -> str:
    return link_sources(exercise.source) or NO_NUMBER


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
        return [
            {"name": shown_name, "source": linked_source, **NUMBERS}.get(name, name)
            for name in stored
        ]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "name":  # here a coach sees what is stored, whatever the language
            kwargs["help_text"] = _(
                "The names that Senim comes with are shown in each viewer's language. A name of"
                " your own is shown as you write it."
            )
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_form(
        self, request: HttpRequest, obj: Exercise | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """Say what is in English, whatever the page's language, and link to the sources."""
        form = super().get_form(request, obj, change, **kwargs)
        fields = form.base_fields
        if obj and obj.name in SEEDED_NAMES and "name" in fields:
            fields["name"].label = _("Name in English, as stored")
        if "source" in fields:
            links = find_source_links(obj.source) if obj else ""
            fields["source"].help_text = format_html("{} {}", _("In English."), links)
        return form

    def get_ordering(self, request: HttpRequest) -> Any:
        """Sort by the names in the viewer's language, which the database doesn't know."""
        exercises = [*Exercise.objects.order_by()[: MAX_SORTED + 1]]
        if not exercises or len(exercises) > MAX_SORTED:
            return super().get_ordering(request)
        exercises.sort(key=lambda each: make_sort_name(str(each)))
        places = [When(pk=each.pk, then=place) for place, each in enumerate(exercises)]
        return [Case(*places, default=len(places)).asc()]

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
