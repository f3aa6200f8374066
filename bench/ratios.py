"""Figures of several rounds: what of them is compared, and how far they spread."""

import statistics
from collections.abc import Sequence
from typing import NamedTuple


class Spread(NamedTuple):
    """The median of the rounds, and how far they are apart."""

    median: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    return Spread(statistics.median(values), min(values), max(values))


def pair(values: Sequence[float], base: Sequence[float]) -> list[float]:
    """Return the ratio of each round.

    The machine drifts from round to round; what was measured in one round is comparable.
    """
    return [value / other for value, other in zip(values, base, strict=True)]
