"""Loads in kg: what a session may have been done with."""

import re
from decimal import ROUND_HALF_UP, Decimal

MIN_LOAD_KG, MAX_LOAD_KG = Decimal("0.01"), Decimal(1000)
PLAIN_NUMBER = re.compile(r"[0-9]+([.][0-9]+)?")


def load_to_number(load_kg: Decimal | None) -> float | None:
    """Return a load as JSON and spreadsheets write it, None if there is none."""
    return None if load_kg is None else float(load_kg)


def round_load_kg(number: float | str) -> Decimal:
    """Return a load to 0.01 kg, rounded half up from the number as it was written.

    Text has to be digits with a point at most. Raises ValueError unless it is over 0, also when
    rounded, and at most 1,000.
    """
    text = str(number)
    is_number = not isinstance(number, str) or PLAIN_NUMBER.fullmatch(text)
    exact = Decimal(text if is_number else "NaN")
    in_range = exact.is_finite() and 0 < exact <= MAX_LOAD_KG
    rounded = exact.quantize(MIN_LOAD_KG, ROUND_HALF_UP) if in_range else None
    if not rounded:
        raise ValueError(f"a load is a number over 0 and at most {MAX_LOAD_KG}, to 0.01")
    return rounded
