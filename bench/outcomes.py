"""What the rows of the table came out as."""

from collections.abc import Iterable
from typing import NamedTuple

from bench.ratios import Spread, pair, spread
from bench.rows import ROWS, Row, compare_with

# the share of a core beyond which the load generator, and not the service, sets the pace
MAX_LOAD_SHARE = 0.9
# of the machine, that other work may take: with less left, Redis is late, and batches differ
MAX_OTHERS_SHARE = 0.1
MIN_EXPECTED_SHARE = 0.99
# measure, contestant, round: the figures by their names
Samples = dict[str, dict[str, list[dict[str, float]]]]


class Outcome(NamedTuple):
    """A row, as it was measured."""

    row: Row
    spread: Spread
    rounds: int
    is_load_limited: bool = False
    is_beside_others: bool = False

    def is_reached(self) -> bool | None:
        """Return whether the median is within the limit; None if there is no limit."""
        return None if self.row.limit is None else self.spread.median <= self.row.limit


def judge_rows(samples: Samples, also: Iterable[str] = ()) -> list[Outcome]:
    """Return each row whose contestants were measured."""
    rows = [*ROWS, *(row for other in also for row in compare_with(other))]
    outcomes = (judge_row(row, samples.get(row.measure, {})) for row in rows)
    return [outcome for outcome in outcomes if outcome]


def judge_row(row: Row, played: dict[str, list[dict[str, float]]]) -> Outcome | None:
    names = [row.of, row.to] if row.to else [row.of]
    if not all(played.get(name) for name in names):
        return None
    values, *base = ([each[row.figure] for each in played[name]] for name in names)
    if base:
        values = pair(values, base[0])
    _, at, step = row.figure.partition("@")

    def median_share(name: str, figure: str) -> float:
        return spread([each.get(figure + at + step, 0.0) for each in played[name]]).median

    return Outcome(
        row,
        spread(values),
        len(values),
        max(median_share(name, "load_share") for name in names) > MAX_LOAD_SHARE,
        max(median_share(name, "others_share") for name in names) > MAX_OTHERS_SHARE,
    )


def find_failures(samples: Samples) -> list[str]:
    """Return which contestants had too few answers that were as expected."""
    failures = []
    for measure, played in samples.items():
        for name, rounds in played.items():
            shares = [
                value
                for figures in rounds
                for figure, value in figures.items()
                if figure.startswith("expected_share")
            ]
            if min(shares, default=1.0) < MIN_EXPECTED_SHARE:
                failures.append(
                    f"{measure}: only {min(shares):.1%} of {name}'s answers were as expected"
                )
    return failures
