"""The ratios on record, and what has become worse than they are."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from bench.outcomes import Outcome

RECORD = Path(__file__).with_name("record.json")
# more than rounds of one machine, or two machines, ever differ
MAX_WORSE = 1.25


def read_record(path: Path = RECORD) -> dict[str, float]:
    """Return the median ratio of each row on record."""
    record: dict[str, float] = json.loads(path.read_text())
    return record


def write_record(outcomes: Iterable[Outcome], path: Path = RECORD) -> None:
    """Put the rows that belong there on record; those that were not measured stay as they are."""
    record = read_record(path) if path.exists() else {}
    record |= {
        outcome.row.name: round(outcome.spread.median, 3)
        for outcome in outcomes
        if outcome.row.on_record
    }
    path.write_text(json.dumps(record, indent=4, sort_keys=True) + "\n")


def find_worse(ratios: Mapping[str, float], record: Mapping[str, float]) -> list[str]:
    """Return a line for each ratio that is worse than the one on record, or has none there."""
    worse = []
    for name, ratio in ratios.items():
        if name not in record:
            worse.append(f"{name}: {ratio:.2f}, and none is on record")
        elif ratio > MAX_WORSE * record[name]:
            times = ratio / record[name]
            worse.append(f"{name}: {ratio:.2f} is {times:.2f} x the {record[name]:.2f} on record")
    return worse


def compare_with_record(outcomes: Iterable[Outcome], record: Mapping[str, float]) -> list[str]:
    """Return a line for each row that is worse than on record, and why it may be."""
    compared = {each.row.name: each for each in outcomes if each.row.on_record}
    worse = find_worse({name: each.spread.median for name, each in compared.items()}, record)
    if worse and any(each.is_beside_others for each in compared.values()):
        worse.append("the machine had other work, see the table: measure again when it has none")
    return worse
