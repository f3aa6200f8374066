"""Merging two athletes who are the same person: the page asks which user ID to keep."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from workouts.admin.invitations.history import record_merge
from workouts.models import Athlete, may_see_all_athletes, name_athlete
from workouts.models.primary_keys import can_be_primary_key
from workouts.services.merging import MergeRefusedError, merge_athletes


def may_open_merge_page(request: HttpRequest) -> bool:
    return request.user.has_perm("workouts.change_athlete") and may_see_all_athletes(request.user)


def name_athlete_to_merge(athlete: Athlete) -> str:
    """Return the user ID, which the page asks for, after the name that the coach knows."""
    return name_athlete(athlete.display_name, athlete.user_id, has_namesake=True)


class MergeForm(forms.Form):
    """Nothing is preselected, since a merge cannot be undone."""

    kept = forms.ModelChoiceField(
        Athlete.objects.none(),
        label=gettext_lazy("User ID to keep"),
        widget=forms.RadioSelect,
        empty_label=None,
        error_messages={
            "required": gettext_lazy("Choose the user ID to keep."),
            "invalid_choice": gettext_lazy("Choose one of the two."),
        },
    )

    def __init__(self, pair: QuerySet[Athlete], data: Any = None) -> None:
        super().__init__(data)
        self.pair = pair
        kept: Any = self.fields["kept"]
        kept.queryset = pair
        kept.label_from_instance = name_athlete_to_merge

    def merged_id(self) -> int:
        """Return the primary key of the athlete to merge into the kept one."""
        (merged_id,) = {athlete.pk for athlete in self.pair} - {self.cleaned_data["kept"].pk}
        return merged_id


def show_merge_page(
    request: HttpRequest, queryset: QuerySet[Athlete] | None = None
) -> HttpResponse:
    """Ask which of two athletes to keep, and merge them when the form comes back."""
    if not may_open_merge_page(request):
        raise PermissionDenied
    given = request.POST if "merge" in request.POST else request.GET
    pair = find_athletes_for_merge_page(
        request,
        given.getlist("ids") if queryset is None else [*queryset.values_list("pk", flat=True)[:3]],
    )
    if len(pair) != 2:
        messages.error(request, _("Choose exactly two athletes to merge."))
        return redirect("admin:workouts_athlete_changelist")
    form = MergeForm(pair, request.POST if "merge" in request.POST else None)
    if form.is_valid():
        return merge_and_redirect(
            request, kept_id=form.cleaned_data["kept"].pk, merged_id=form.merged_id()
        )
    context = {
        **admin.site.each_context(request),
        "title": _("Merge athletes"),
        "form": form,
        "athletes": [*map(describe_athlete_for_merge_page, pair)],
    }
    return TemplateResponse(request, "admin/workouts/athlete/merge.html", context)


def find_athletes_for_merge_page(request: HttpRequest, ids: Any) -> QuerySet[Athlete]:
    """Return the athletes among `ids` whom the coach sees and who are not merged yet."""
    chosen = [int(pk) for pk in ids[:3] if can_be_primary_key(str(pk))]
    return (
        Athlete.objects.visible_to(request.user)
        .unmerged()
        .filter(pk__in=chosen)
        .select_related("account")
        .order_by("sort_name", "user_id")
    )


def describe_athlete_for_merge_page(athlete: Athlete) -> dict[str, Any]:
    return {
        "athlete": athlete,
        "sessions": athlete.sessions.count(),
        "teams": [*athlete.teams.all()],
    }


def merge_and_redirect(request: HttpRequest, *, kept_id: int, merged_id: int) -> HttpResponse:
    """Merge, and record who did it in both histories."""
    try:
        with transaction.atomic():
            merged = merge_athletes(kept_id=kept_id, merged_id=merged_id)
            record_merge(request, merged)
    except MergeRefusedError as error:
        messages.error(request, str(error))
        return redirect("admin:workouts_athlete_changelist")
    alias, kept = map(name_athlete_to_merge, (merged.alias, merged.kept))
    names = {"alias": alias, "kept": kept, "count": merged.sessions}
    text = ngettext(
        "Merged %(alias)s into %(kept)s and moved %(count)d session.",
        "Merged %(alias)s into %(kept)s and moved %(count)d sessions.",
        merged.sessions,
    )
    messages.success(request, text % names)
    return redirect("admin:workouts_athlete_change", kept_id)
