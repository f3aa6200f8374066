from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from workouts.admin.visibility import VisibleAdmin
from workouts.models import Team


class TeamAdmin(VisibleAdmin):
    list_display = ["name", "athlete_count"]
    search_fields = ["name"]
    filter_horizontal = ["coaches"]
    autocomplete_fields = ["athletes"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Team]:
        teams: QuerySet[Team] = (
            super().get_queryset(request).annotate(athlete_count=Count("athletes", distinct=True))
        )
        return teams

    @admin.display(description=_("athletes"))
    def athlete_count(self, team: Any) -> int:
        count: int = team.athlete_count
        return count

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer only staff as coaches: nobody else can log in to the admin."""
        if db_field.name == "coaches":
            kwargs["queryset"] = (
                get_user_model().objects.filter(is_staff=True, is_active=True).order_by("username")
            )
        field = super().formfield_for_manytomany(db_field, request, **kwargs)
        if field is not None and db_field.name == "athletes":
            # no button that clears the whole team: one slip would empty it, and a screen reader
            # doesn't find it among the athletes
            field.widget.is_required = True
        return field
