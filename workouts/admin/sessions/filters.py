"""Filters for the list of sessions."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import ERROR_FLAG, PAGE_VAR, ChangeList
from django.contrib.admin.widgets import AutocompleteSelect
from django.db import connection
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from workouts.admin.days import begin_of_coach_day
from workouts.fairness.flag_texts import NAMES
from workouts.models import Athlete, ReviewStatus, WorkoutSession
from workouts.models.sort_names import make_sort_name

Sessions = QuerySet[WorkoutSession]
athlete_widget = AutocompleteSelect(WorkoutSession._meta.get_field("athlete"), admin.site)


class FlagListFilter(admin.SimpleListFilter):
    """Leaves out clean sessions, which have no flag, so that the partial index is used."""

    title = _("flag")
    parameter_name = "flag"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(NAMES.items())

    def queryset(self, request: HttpRequest, queryset: Sessions) -> Sessions:
        if self.value() is None:
            return queryset
        if self.value() not in NAMES:
            return queryset.none()
        flagged = queryset.exclude(review_status=ReviewStatus.CLEAN)
        if connection.features.supports_json_field_contains:  # PostgreSQL has an index for it
            return flagged.filter(flags__contains=[{"flag": self.value()}])
        return flagged.annotate(flags_text=Cast("flags", TextField())).filter(
            flags_text__contains=f'"{self.value()}"'
        )


class ExerciseListFilter(admin.RelatedFieldListFilter):
    """Lists exercises by their names in the viewer's language."""

    def field_admin_ordering(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        return ()  # sorted below, with no query for it

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        choices = super().field_choices(field, request, model_admin)
        return sorted(choices, key=lambda choice: make_sort_name(str(choice[1])))


class FormListFilter(admin.ListFilter):
    """A filter that is a small form. An invalid value shows no sessions and an error below it."""

    template = "admin/workouts/filters/form.html"
    fields: dict[str, Callable[[HttpRequest], forms.Field]]

    def __init__(
        self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any
    ) -> None:
        super().__init__(request, params, model, model_admin)
        given = {name: params.pop(name)[-1] for name in self.fields if name in params}
        self.used_parameters = {name: value for name, value in given.items() if value}
        self.form = type(
            "FilterForm",
            (forms.Form,),
            {name: build(request) for name, build in self.fields.items()},
        )(given or None, auto_id="filter_%s", label_suffix="")

    def expected_parameters(self) -> list[str | None]:
        return list(self.fields)

    def has_output(self) -> bool:
        return True

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:
        """Yield one choice, for the template: the list's other parameters, to keep in the form."""
        own = {*self.fields, PAGE_VAR, ERROR_FLAG}
        yield {
            "kept": [(name, value) for name, value in changelist.params.items() if name not in own],
            "without": changelist.get_query_string(remove=list(self.fields)),
        }

    def describe(self) -> list[tuple[Any, Any]]:
        """Return the label and value of each field that is filled in."""
        return [(self.form[name].label, value) for name, value in self.used_parameters.items()]

    def queryset(self, request: HttpRequest, queryset: Sessions) -> Sessions:
        if not self.used_parameters:
            return queryset
        return (
            self.narrow(queryset, self.form.cleaned_data)
            if self.form.is_valid()
            else queryset.none()
        )

    def narrow(self, queryset: Sessions, chosen: dict[str, Any]) -> Sessions:
        raise NotImplementedError


def build_athlete_filter_form(request: HttpRequest) -> forms.Field:
    return forms.ModelChoiceField(
        Athlete.objects.visible_to(request.user),
        to_field_name="user_id",
        required=False,
        label=_("athlete"),
        widget=athlete_widget,
    )


class AthleteListFilter(FormListFilter):
    title = _("athlete")
    fields = {"athlete": build_athlete_filter_form}

    def narrow(self, queryset: Sessions, chosen: dict[str, Any]) -> Sessions:
        return queryset.filter(athlete=chosen["athlete"])


def build_day_filter_field(label: Any) -> Callable[[HttpRequest], forms.Field]:
    return lambda request: forms.DateField(
        required=False,
        label=label,
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"),
    )


class DateRangeListFilter(FormListFilter):
    """The first rep's day in the viewer's time zone, both ends included."""

    title = _("date")
    fields = {"from": build_day_filter_field(_("from")), "to": build_day_filter_field(_("to"))}

    def describe(self) -> list[tuple[Any, Any]]:
        days = self.form.cleaned_data if self.form.is_valid() else {}
        return [
            (label, date_format(days[name], "SHORT_DATE_FORMAT") if name in days else value)
            for name, (label, value) in zip(self.used_parameters, super().describe(), strict=True)
        ]

    def narrow(self, queryset: Sessions, chosen: dict[str, Any]) -> Sessions:
        first, last = chosen["from"], chosen["to"]
        if first:
            queryset = queryset.filter(started_at__gte=begin_of_coach_day(first))
        if last and last < date.max:
            queryset = queryset.filter(started_at__lt=begin_of_coach_day(last + timedelta(days=1)))
        return queryset


def describe_chosen_filters(shown: ChangeList) -> list[tuple[Any, Any]]:
    """Return the name and value of each filter of a list that is set."""
    chosen: list[tuple[Any, Any]] = []
    for spec in shown.filter_specs:
        if isinstance(spec, FormListFilter):
            chosen += spec.describe()
        else:
            chosen += [
                (spec.title, choice["display"])
                for choice in [*spec.choices(shown)][1:]  # the first is "All"
                if choice["selected"]
            ]
    return chosen
