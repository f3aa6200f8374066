"""Fields that are searched as one types, and bear whatever a form brings back in them."""

from collections.abc import Sequence
from typing import Any

from django.contrib.admin.widgets import AutocompleteSelect, AutocompleteSelectMultiple

MAX_KEY_DIGITS = 18  # of the database's bigint


def is_number_key(text: object) -> bool:
    return isinstance(text, int) or (
        isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= MAX_KEY_DIGITS
    )


class NumberKeys:
    """Shows a refused form again without what is no key, where Django answers 500."""

    def optgroups(self, name: str, value: Sequence[Any], attr: Any = None) -> Any:
        keys = [key for key in value if is_number_key(key)]
        return super().optgroups(name, keys, attr)  # type: ignore[misc]  # Django's widgets have it


class NumberAutocompleteSelect(NumberKeys, AutocompleteSelect):
    pass


class NumberAutocompleteSelectMultiple(NumberKeys, AutocompleteSelectMultiple):
    pass
