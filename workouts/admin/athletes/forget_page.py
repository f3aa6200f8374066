"""Forgetting an athlete: the page says what goes, and asks for the user ID."""

from typing import Any

import django.db
from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from workouts.live.clients import REDIS_AWAY
from workouts.models import Athlete, may_see_all_athletes
from workouts.models.primary_keys import can_be_primary_key
from workouts.services.personal_data.audit_texts import FORGOTTEN
from workouts.services.personal_data.forgetting import Forgotten, forget_athlete
from workouts.services.personal_data.persons import UnknownAthleteError

LIST = "admin:workouts_athlete_changelist"


def may_open_forget_page(request: HttpRequest) -> bool:
    return request.user.has_perm("workouts.change_athlete") and may_see_all_athletes(request.user)


class ForgetForm(forms.Form):
    """The user ID has to be typed, since nothing of this can be undone."""

    user_id = forms.CharField(
        label=gettext_lazy("Type the user ID to confirm"),
        max_length=64,
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
    )
    keep_totals = forms.BooleanField(
        label=gettext_lazy("Keep the totals"),
        required=False,
        help_text=gettext_lazy(
            "The exercise, the reps and the day of each session stay, under a random name."
        ),
    )

    def __init__(self, athlete: Athlete, data: Any = None) -> None:
        super().__init__(data)
        self.athlete = athlete

    def clean_user_id(self) -> str:
        typed: str = self.cleaned_data["user_id"]
        if typed != self.athlete.user_id:
            raise forms.ValidationError(_("This is not the athlete's user ID."))
        return typed


def show_forget_page(request: HttpRequest, object_id: str) -> HttpResponse:
    """Ask, and forget the athlete when the form comes back with the user ID."""
    if not may_open_forget_page(request):
        raise PermissionDenied
    athlete = find_athlete_to_forget(request, object_id)
    if athlete is None:
        return redirect(LIST)
    form = ForgetForm(athlete, request.POST if request.method == "POST" else None)
    if form.is_valid():
        return forget_and_redirect(request, athlete, keep_totals=form.cleaned_data["keep_totals"])
    context = {
        **admin.site.each_context(request),
        "title": _("Forget athlete"),
        "athlete": athlete,
        "form": form,
        "aliases": [*athlete.aliases.values_list("user_id", flat=True)],
        "sessions": athlete.sessions.count(),
        "devices": athlete.joined_devices.count(),
    }
    return TemplateResponse(request, "admin/workouts/athlete/forget.html", context)


def find_athlete_to_forget(request: HttpRequest, object_id: str) -> Athlete | None:
    if not can_be_primary_key(object_id):
        return None
    return Athlete.objects.visible_to(request.user).unmerged().filter(pk=object_id).first()


def forget_and_redirect(
    request: HttpRequest, athlete: Athlete, *, keep_totals: bool
) -> HttpResponse:
    """Forget, and record who did it, without saying whom it was about."""
    try:
        forgotten = forget_athlete(athlete.user_id, keep_totals=keep_totals)
    except UnknownAthleteError:  # somebody else was faster
        return redirect(LIST)
    except (*REDIS_AWAY, django.db.Error):
        messages.error(request, _("Interrupted: not everything is erased yet. Try again."))
        return redirect(request.path)
    coach: Any = request.user
    LogEntry.objects.create(
        user=coach,
        content_type=ContentType.objects.get_for_model(Athlete),
        object_repr=FORGOTTEN,
        action_flag=DELETION,
    )
    messages.success(request, describe_forgotten(forgotten))
    return redirect(LIST)


def describe_forgotten(forgotten: Forgotten) -> str:
    if forgotten.anonymous_id:
        text = ngettext(
            "The athlete is forgotten. The totals of %d session stay without a name.",
            "The athlete is forgotten. The totals of %d sessions stay without a name.",
            forgotten.sessions,
        )
    else:
        text = ngettext(
            "The athlete is forgotten, and %d session is erased.",
            "The athlete is forgotten, and %d sessions are erased.",
            forgotten.sessions,
        )
    return text % forgotten.sessions
