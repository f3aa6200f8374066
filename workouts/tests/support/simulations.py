"""Sets as people make them, for the simulation, and what the docs say of how they fare."""

import itertools
import random
import re

from django.conf import settings


def make_up_set(seed: int, reps: int = 25) -> list[int]:
    """Return an honest set's times: slowing towards the end, and as uneven as people are."""
    rng = random.Random(seed)  # noqa: S311
    intervals = (round(2200 * (1 + 0.2 * i / reps) * rng.gauss(1, 0.05)) for i in range(reps - 1))
    return [0, *itertools.accumulate(intervals)]


def read_fair_counting_table() -> dict[str, list[dict[str, str]]]:
    """Return the rows of the table, its cells by column, by behaviour."""
    text = (settings.BASE_DIR / "docs" / "fair-counting.md").read_text()
    (head,) = re.findall(r"^\| (kind .+) \|$", text, re.MULTILINE)
    table: dict[str, list[dict[str, str]]] = {}
    for line in re.findall(r"^\| (`[a-z0-9-]+` \| \d+ .+) \|$", text, re.MULTILINE):
        row = dict(zip(head.split(" | "), line.split(" | "), strict=True))
        table.setdefault(row["kind"].strip("`"), []).append(row)
    return table
