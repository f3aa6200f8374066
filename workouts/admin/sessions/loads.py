"""A session's load on its page: the form for it, and where it comes from."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from workouts.admin.coach_names import name_coach
from workouts.admin.load_texts import write_load_for_coach, write_load_with_unit_for_coach
from workouts.loads import MAX_LOAD_KG, MIN_LOAD_KG
from workouts.models import LoadChange, WorkoutSession

WRONG_LOAD = gettext_lazy("Enter kilograms: over 0, at most 1000, and no more than 2 decimals.")


class KilogramField(forms.DecimalField):
    """A load, to 0.01 kg, with a decimal comma or point; one message says what it may be."""

    default_error_messages = {"load": WRONG_LOAD}

    def to_python(self, value: Any) -> Any:
        return super().to_python(str(value or "").replace(",", "."))

    def clean(self, value: Any) -> Any:
        try:
            return super().clean(value)
        except ValidationError:
            raise ValidationError(self.error_messages["load"], "load") from None


class LoadForm(forms.Form):
    """`seen` is the load that the coach was shown, if there was one."""

    seen = forms.DecimalField(
        required=False,
        # databases fail at numbers that are out of their range
        min_value=MIN_LOAD_KG,
        max_value=MAX_LOAD_KG,
        widget=forms.HiddenInput,
    )
    load = KilogramField(
        label=gettext_lazy("Load, kg"),
        help_text=gettext_lazy("Leave it empty if there was none."),
        required=False,
        min_value=MIN_LOAD_KG,
        max_value=MAX_LOAD_KG,
        max_digits=6,
        decimal_places=2,
        # not type="number": browsers disagree about the comma
        widget=forms.TextInput({"size": 8, "inputmode": "decimal", "autocomplete": "off"}),
    )


def may_enter_load(request: HttpRequest) -> bool:
    return request.user.has_perm("workouts.enter_load")


def build_load_form(session: WorkoutSession) -> LoadForm:
    shown = {"seen": session.load_kg, "load": write_load_for_coach(session.load_kg)}
    return LoadForm(initial=shown, auto_id="load_%s")


def describe_load_for_session_page(request: HttpRequest, session: WorkoutSession) -> dict[str, Any]:
    """Return the load, its history, newest first, and the form if the coach may change it."""
    return {
        "text": write_load_for_coach(session.load_kg),
        "history": list_load_history(session),
        "form": build_load_form(session) if may_enter_load(request) else None,
    }


def list_load_history(session: WorkoutSession) -> list[str]:
    """Return who changed a session's load, and when; the load sent with the finish comes last."""
    changes = [*session.load_changes.select_related("coach").order_by("-id")]
    sent_kg = changes[-1].from_kg if changes else session.load_kg
    history = [write_load_change(change) for change in changes]
    if sent_kg is not None:
        sent = write_load_with_unit_for_coach(sent_kg)
        history.append(_("%s, sent with the finish") % sent)
    return history


def write_load_change(change: LoadChange) -> str:
    return _("%(load)s, %(coach)s, %(at)s; before: %(before)s") % {
        "load": write_load_with_unit_for_coach(change.to_kg),
        "coach": name_coach(change.coach),
        "at": date_format(localtime(change.at), "SHORT_DATETIME_FORMAT"),
        "before": write_load_with_unit_for_coach(change.from_kg),
    }
