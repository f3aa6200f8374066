"""Loads in kg: what a session may have been done with."""

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

MIN_LOAD_KG, MAX_LOAD_KG = Decimal("0.01"), Decimal(1000)
PLAIN_NUMBER = re.compile(r"[0-9]+([.][0-9]+)?")


def round_load_kg(number: float | str) -> Decimal:
    """Return a load to 0.01 kg, rounded half up from the number as it was written.

    Text has to be digits with a point at most. Raises ValueError unless it is over 0, also when
    rounded, and at most 1,000.
    """
    try:
        if isinstance(number, str) and not PLAIN_NUMBER.fullmatch(number):
            raise InvalidOperation
        exact = Decimal(str(number))
        rounded = exact.quantize(MIN_LOAD_KG, ROUND_HALF_UP) if 0 < exact <= MAX_LOAD_KG else None
    except InvalidOperation:  # not a number, or NaN
        rounded = None
    if not rounded:
        raise ValueError(f"a load is a number over 0 and at most {MAX_LOAD_KG}, to 0.01")
    return rounded
