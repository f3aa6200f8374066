"""Play every kind of athlete over the live store, and write a table of who is caught, and how.

    python -m bench.fair_counting --sets sets.jsonl --write docs/fair-counting.md

Time is an argument, so that hours of shaking take seconds. See docs/fair-counting.md.
"""

import argparse
import asyncio
import itertools
import os
import random
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import django
from tqdm import tqdm

LEAST_REPS = 8  # in a set from which a script is made
BEGIN, END = "<!-- written by bench.fair_counting -->\n", "<!-- until here -->\n"


@dataclass(slots=True)
class Row:
    """The results of all performances of one kind."""

    performances: int = 0
    sent: int = 0
    made: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    flagged: int = 0
    stopped: int = 0
    caught: int = 0
    flags: Counter[str] = field(default_factory=Counter)

    def refused(self) -> int:
        return self.verdicts.total() - self.verdicts["counted"]

    def columns(self) -> list[str]:
        """Return the row's cells in the table."""
        reasons = ", ".join(
            f"{name} {self.verdicts[name]:,}" for name in sorted(self.verdicts) if name != "counted"
        )
        flags = ", ".join(
            f"{name} {share(times, self.performances)}" for name, times in self.flags.most_common()
        )
        figures = [
            f"{self.made:,}" if self.made else "-",
            f"{self.sent:,}",
            f"{self.verdicts['counted']:,}",
            reasons or "-",
            flags or "-",
        ]
        return [*figures, share(self.caught, self.performances)]


def share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.3g} %"


def play_kind(kind: str, sets: list[tuple[str, list[int]]], advance: "tqdm[None]") -> Row:
    """Play each set as this kind of athlete, and return the results."""
    from workouts.simulation.performances import play_simulated_performance  # noqa: PLC0415  (needs settings)

    row = Row()
    for number, (exercise, times) in enumerate(sets):
        outcome = asyncio.run(play_simulated_performance(kind, exercise, times, seed=number))
        row.performances += 1
        row.sent += outcome.sent
        row.made += outcome.made
        row.verdicts += outcome.verdicts
        row.flags.update(flag["flag"] for flag in outcome.flags)
        row.flagged += bool(outcome.flags)
        row.stopped += outcome.is_stopped()
        row.caught += outcome.is_stopped() or bool(outcome.flags)
        advance.update()
    return row


def make_up_sets(count: int) -> list[tuple[str, list[int]]]:
    """Return sets at the pace of people: intervals vary by 5 % and grow towards the end.

    They are the same every time.
    """
    chance = random.Random("sets")
    sets = []
    for _ in range(count):
        pace, intervals = chance.randint(1500, 3500), chance.randint(8, 40)
        times = itertools.accumulate(
            round(pace * (1 + 0.3 * i / intervals) * chance.gauss(1, 0.05))
            for i in range(intervals)
        )
        sets.append(("squat", [0, *times]))
    return sets


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--sets",
        type=Path,
        help='honest sets, a line each: {"exercise": …, "rep_end_ms": […]}; made up without it',
    )
    parser.add_argument(
        "--each",
        type=int,
        default=100,
        help="sets for each kind of script; honest athletes play all sets",
    )
    parser.add_argument(
        "--write",
        type=Path,
        metavar="DOC",
        help="put the table between the two marks in this file",
    )
    return parser.parse_args()


def main() -> int:
    options = read_options()
    with tempfile.TemporaryDirectory(prefix="fair-") as folder:
        os.environ.update(
            SENIM_DATA=folder,
            DATABASE_URL="",
            REDIS_URL="",
            LOG_LEVEL="ERROR",
            DJANGO_SETTINGS_MODULE="senim.settings",
        )
        django.setup()
        rows = play_all(options)
    table = "\n".join(make_table(rows))
    print(table)
    if options.write:
        text = options.write.read_text()
        before, after = text.partition(BEGIN)[0], text.partition(END)[2]
        options.write.write_text(f"{before}{BEGIN}\n{table}\n\n{END}{after}")
    refused = rows["honest"].refused()
    if refused:
        print(f"{refused} honest reps were refused", file=sys.stderr)
    return 1 if refused else 0


def play_all(options: argparse.Namespace) -> dict[str, Row]:
    from django.core.management import call_command  # noqa: PLC0415

    from senim.embedded.valkey import run_embedded_redis  # noqa: PLC0415
    from workouts.simulation.behaviours import BEHAVIOURS  # noqa: PLC0415
    from workouts.simulation.replay import read_sets_to_replay  # noqa: PLC0415

    call_command("migrate", interactive=False, verbosity=0)
    sets = (
        [(one.exercise, one.offsets_ms()) for one in read_sets_to_replay(options.sets, None)]
        if options.sets
        else make_up_sets(200)
    )
    long = [one for one in sets if len(one[1]) >= LEAST_REPS]
    chosen = random.Random("chosen").sample(long, min(options.each, len(long)))
    plan = {
        kind: sets if kind == "honest" else chosen[:10] if kind == "shaker" else chosen
        for kind in BEHAVIOURS
    }
    with (
        run_embedded_redis(share=False),
        tqdm(total=sum(map(len, plan.values())), disable=None) as bar,
    ):
        return {kind: play_kind(kind, plan[kind], bar) for kind in plan}


def make_table(rows: dict[str, Row]) -> list[str]:
    lines = [
        "| kind | sets | made by a body | sent | counted | not counted | flags | caught |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    return lines + [
        f"| `{kind}` | {row.performances} | {' | '.join(row.columns())} |"
        for kind, row in rows.items()
    ]


if __name__ == "__main__":
    sys.exit(main())
