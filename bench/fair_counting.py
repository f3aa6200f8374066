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
from typing import TYPE_CHECKING, NamedTuple

import django
from tqdm import tqdm

from bench.documents import write_between

if TYPE_CHECKING:
    from workouts.simulation.behaviours.frames import SetToPlay
    from workouts.simulation.performances import PlayedSet

LEAST_REPS = 8  # in a set from which a script is made
TOO_QUICK = ("battle_rope",)  # under 400 ms a rep: two devices do not agree on which is which
LONG_KINDS, SETS_OF_LONG_KINDS = ("shaker", "sixteen-exercises"), 10
METRONOME_INTERVALS, OTHER_INTERVALS = (20, 46, 60, 100), 40
SCRIPTS = ("metronome-plain", "imitator")  # these too make as many intervals as they are told
COLUMNS = [
    *("kind", "sets", "intervals", "made by a body", "sent", "counted", "counted exactly"),
    *("not counted", "flags", "caught"),
]
BEGIN, END = "<!-- written by bench.fair_counting -->\n", "<!-- until here -->\n"


class PlannedRow(NamedTuple):
    """A row to play; `intervals` is None for a kind that does not make a given number of them."""

    kind: str
    intervals: int | None
    sets: list["SetToPlay"]


@dataclass(slots=True)
class Row:
    """The results of all performances of one kind."""

    kind: str
    intervals: int | None
    performances: int = 0
    sent: int = 0
    made: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    slow_enough: int = 0
    exact: int = 0
    caught: int = 0
    flags: Counter[str] = field(default_factory=Counter)

    def add(self, exercise: str, outcome: "PlayedSet") -> None:
        self.performances += 1
        self.sent += outcome.sent
        self.made += outcome.made
        self.verdicts += outcome.verdicts
        self.flags.update(outcome.flag_names())
        if exercise not in TOO_QUICK:
            self.slow_enough += 1
            self.exact += outcome.is_exact()
        self.caught += outcome.is_stopped() or bool(outcome.flags)

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
        return [
            f"`{self.kind}`",
            str(self.performances),
            str(self.intervals or "-"),
            f"{self.made:,}" if self.made else "-",
            f"{self.sent:,}",
            f"{self.verdicts['counted']:,}",
            share(self.exact, self.slow_enough) if self.made and self.slow_enough else "-",
            reasons or "-",
            flags or "-",
            share(self.caught, self.performances),
        ]


def share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.3g} %"


def play_row(planned: PlannedRow, advance: "tqdm[None]") -> Row:
    """Play each set as this kind of athlete, and return the results."""
    from workouts.simulation.performances import play_simulated_performance  # noqa: PLC0415  (needs settings)

    row = Row(planned.kind, planned.intervals)
    for number, played in enumerate(planned.sets):
        outcome = asyncio.run(play_simulated_performance(planned.kind, played, seed=number))
        row.add(played.exercise, outcome)
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
    parser.add_argument("--limit", type=int, help="only the first N sets")
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


def set_up_simulation(folder: str) -> None:
    """Set Django up with the embedded servers, which keep their data in a folder."""
    os.environ.update(
        SENIM_DATA=folder,
        DATABASE_URL="",
        REDIS_URL="",
        LOG_LEVEL="ERROR",
        DJANGO_SETTINGS_MODULE="senim.settings",
    )
    django.setup()


def main() -> int:
    options = read_options()
    with tempfile.TemporaryDirectory(prefix="fair-") as folder:
        set_up_simulation(folder)
        rows = play_all(options)
    table = "\n".join(make_table(rows))
    print(table)
    if options.write:
        write_between(options.write, BEGIN, END, table)
    refused = rows[0].refused()  # of those who are honest
    if refused:
        print(f"{refused} honest reps were refused", file=sys.stderr)
    return 1 if refused else 0


def play_all(options: argparse.Namespace) -> list[Row]:
    from django.core.management import call_command  # noqa: PLC0415

    from senim.embedded.valkey import run_embedded_redis  # noqa: PLC0415

    call_command("migrate", interactive=False, verbosity=0)
    plan = plan_rows(read_sets(options), options.each)
    with (
        run_embedded_redis(share=False),
        tqdm(total=sum(len(planned.sets) for planned in plan), disable=None) as bar,
    ):
        return [play_row(planned, bar) for planned in plan]


def read_sets(options: argparse.Namespace) -> list["SetToPlay"]:
    from workouts.simulation.behaviours.frames import SetToPlay  # noqa: PLC0415
    from workouts.simulation.replay import read_sets_to_replay  # noqa: PLC0415

    if not options.sets:
        return [
            SetToPlay(exercise, times) for exercise, times in make_up_sets(200)[: options.limit]
        ]
    recorded = read_sets_to_replay(options.sets, options.limit)
    return [SetToPlay(one.exercise, one.offsets_ms()) for one in recorded]


def plan_rows(sets: list["SetToPlay"], each: int) -> list[PlannedRow]:
    """Return the table's rows: honest athletes play all sets, the others the same sample."""
    from workouts.simulation.behaviours.kinds import BEHAVIOURS, METRONOMES  # noqa: PLC0415

    long = [played for played in sets if len(played.times_ms) >= LEAST_REPS]
    chosen = random.Random("chosen").sample(long, min(each, len(long)))
    lengths = dict.fromkeys(METRONOMES, METRONOME_INTERVALS) | dict.fromkeys(
        SCRIPTS, (OTHER_INTERVALS,)
    )
    plan: list[PlannedRow] = []
    for kind in BEHAVIOURS:
        some = chosen[:SETS_OF_LONG_KINDS] if kind in LONG_KINDS else chosen
        if kind == "honest" or kind.startswith("two-devices"):
            some = sets
        plan += [
            PlannedRow(kind, count, [played._replace(script_intervals=count) for played in some])
            for count in lengths.get(kind, ())
        ] or [PlannedRow(kind, None, some)]
    return plan


def make_table(rows: list[Row]) -> list[str]:
    lines = [COLUMNS, ["---"] * len(COLUMNS), *(row.columns() for row in rows)]
    return [f"| {' | '.join(line)} |" for line in lines]


if __name__ == "__main__":
    sys.exit(main())
