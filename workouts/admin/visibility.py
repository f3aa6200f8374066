"""What a coach may see, on every admin page: `visible_to()` decides."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from workouts.admin.autocompletes import (
    NumberAutocompleteSelect,
    NumberAutocompleteSelectMultiple,
)
from workouts.admin.paging import CappedChangeListPaginator
from workouts.admin.titles import TitledAdmin
from workouts.models import Team


def may_open_athlete_page(request: HttpRequest) -> bool:
    """Return whether a user's permissions open the pages of athletes whom they see."""
    return request.user.has_perm("workouts.view_athlete") or request.user.has_perm(
        "workouts.change_athlete"
    )


class VisibleAdmin(TitledAdmin):
    """Limits lists, pages, histories and autocompletes to what is visible_to() the user."""

    paginator = CappedChangeListPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # facets count the whole table for each choice

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        every: Any = super().get_queryset(request)
        visible: QuerySet[Any] = every.visible_to(request.user)
        return visible

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Treat a year or number out of the database's range like any other bad lookup."""
        try:
            return super().get_changelist_instance(request)
        except (ValueError, OverflowError) as error:
            raise IncorrectLookupParameters(error) from error

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", NumberAutocompleteSelect(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", NumberAutocompleteSelectMultiple(db_field, self.admin_site))
        return super().formfield_for_manytomany(db_field, request, **kwargs)


class TeamListFilter(admin.SimpleListFilter):
    """Offers the teams visible to the coach; `lookup` leads from the listed model to a team."""

    title = _("team")
    parameter_name = "team"
    lookup = "athlete__teams"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(str(team.pk), team.name) for team in Team.objects.visible_to(request.user)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None:
            return queryset
        if self.value() not in {str(value) for value, _name in self.lookup_choices}:
            return queryset.none()
        return queryset.filter(**{self.lookup: self.value()})


class AthleteTeamListFilter(TeamListFilter):
    lookup = "teams"
