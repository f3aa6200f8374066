"""Loads as text."""

from decimal import Decimal

from django.utils.formats import number_format
from django.utils.translation import gettext as _


def write_load_for_coach(kg: Decimal | None) -> str:
    """Return a load without its unit, as 60 or 62.5, "" if there is none."""
    return "" if kg is None else number_format(kg.normalize())


def write_load_with_unit_for_coach(kg: Decimal | None) -> str:
    """Return a load as "62.5 kg", or that there is none."""
    return _("no load") if kg is None else _("%s kg") % write_load_for_coach(kg)
