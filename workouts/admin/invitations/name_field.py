"""The field for a person's name."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _

from workouts.exceptions import WorkoutError
from workouts.services.new_athletes import MAX_ATHLETE_NAME_LENGTH, clean_name


class NameField(forms.CharField):
    """Takes what the services take as a name, and says in the page's language what is wrong."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput({"class": "vTextField", "autocomplete": "off"})
        super().__init__(max_length=MAX_ATHLETE_NAME_LENGTH, widget=widget, **kwargs)

    def clean(self, value: Any) -> str:
        name: str = super().clean(value)
        try:
            return clean_name(name, MAX_ATHLETE_NAME_LENGTH)
        except WorkoutError:
            raise forms.ValidationError(_("A name takes no control characters.")) from None
