"""The form that asks for a code of the second factor."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from workouts.services.second_factors import check_second_factor, find_code_wait

MAX_CODE_LENGTH = 32  # spaces and dashes included


class AnyCodeForm(forms.Form):
    """Takes a code as it is."""

    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=MAX_CODE_LENGTH,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "autocapitalize": "none",
                "spellcheck": "false",
                "autofocus": True,
            }
        ),
    )


class CodeForm(AnyCodeForm):
    """Takes a code from the user's app, or one of the recovery codes, and uses it up."""

    def __init__(self, user: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.device: Any = None

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        self.device = check_second_factor(self.user, code)
        if self.device is None:
            raise ValidationError(describe_wrong_code(self.user))
        return code


def describe_wrong_code(user: Any) -> str:
    """Say that a code is wrong, and how long guesses have to wait."""
    until = find_code_wait(user)
    if until is None or (until - timezone.now()).total_seconds() < 2:
        return _("This code is wrong or was used before. Wait for the next one.")
    time = date_format(timezone.localtime(until), "CLOCK_SECONDS_FORMAT")
    return _("This code is wrong, or there were too many wrong ones: try again at %s.") % time
