"""Whole numbers in lists and on pages, grouped as the viewer's language or region groups them."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.utils.formats import number_format

NO_NUMBER = "-"


def make_number_column(model: type[Model], name: str) -> Callable[[Any], str]:
    """Return a model's number for `list_display`, or for the `fields` of a page that only shows."""
    field: Any = model._meta.get_field(name)

    @admin.display(description=field.verbose_name, ordering=name)
    def write_number(row: Any) -> str:
        number = getattr(row, name)
        return NO_NUMBER if number is None else number_format(number, force_grouping=True)

    write_number.__name__ = name  # the admin takes the class and the help text by it
    return write_number
