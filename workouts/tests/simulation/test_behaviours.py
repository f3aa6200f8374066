"""What the table in docs/fair-counting.md says, on the real store and database."""

import itertools
import random
import re

from django.conf import settings
from django.test import TestCase

from workouts.simulation.behaviours import KINDS, perform
from workouts.simulation.performances import Outcome, play

SEEDS = (1, 2, 3)
PROMISED = {
    "metronome",
    "metronome-plain",
    "speed-up",
    "bounce",
    "two-devices",
    "replayed",
    "fast-clock",
    "future-clock",
    "backward-clock",
    "burst",
    "offline-burst",
    "shaker",
}


def make_set(seed: int, reps: int = 25) -> list[int]:
    """Return the times of an honest set: slower towards its end, and uneven as people are."""
    chance = random.Random(seed)  # noqa: S311
    intervals = (
        round(2200 * (1 + 0.2 * i / reps) * chance.gauss(1, 0.05)) for i in range(reps - 1)
    )
    return [0, *itertools.accumulate(intervals)]


def read_table() -> dict[str, list[str]]:
    """Return the cells of the table's rows, by kind."""
    text = (settings.BASE_DIR / "docs" / "fair-counting.md").read_text()
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| \d+ \| (.+) \|$", text, re.MULTILINE)
    return {kind: cells.split(" | ") for kind, cells in rows}


class CheatTests(TestCase):
    async def outcomes(self, kind: str) -> list[Outcome]:
        return [
            await play(kind, "squat", make_set(seed), seed=seed)
            for seed in SEEDS[: 1 if kind == "shaker" else None]
        ]

    async def test_honest_people_are_neither_refused_nor_flagged(self) -> None:
        for outcome in await self.outcomes("honest"):
            assert outcome.verdicts == {"counted": outcome.made}
            assert outcome.flags == []

    async def test_an_honest_offline_hour_is_counted_and_flagged_as_late(self) -> None:
        for outcome in await self.outcomes("honest-offline"):
            assert outcome.verdicts == {"counted": outcome.made}
            assert [flag["flag"] for flag in outcome.flags] == ["mostly_late"]

    async def test_what_is_promised_is_caught(self) -> None:
        for kind in PROMISED:
            with self.subTest(kind=kind):
                for outcome in await self.outcomes(kind):
                    assert outcome.is_stopped() or outcome.flags, outcome

    async def test_the_gates_keep_the_count_to_what_was_made(self) -> None:
        for kind in ("bounce", "replayed"):
            for outcome in await self.outcomes(kind):
                assert outcome.verdicts["counted"] == outcome.made

    async def test_an_imitator_is_not_caught_as_the_table_says(self) -> None:
        assert not any(outcome.flags for outcome in await self.outcomes("imitator"))


class TableTests(TestCase):
    def test_it_has_a_row_for_each_kind(self) -> None:
        assert list(read_table()) == list(KINDS)

    def test_it_says_that_what_is_promised_is_caught_every_time(self) -> None:
        table = read_table()
        assert {kind for kind in PROMISED if table[kind][-1] != "100 %"} == set()
        assert table["imitator"][-1] == "0 %"

    def test_it_says_that_no_honest_rep_was_refused(self) -> None:
        made, sent, counted, not_counted, flags, caught = read_table()["honest"]
        assert made == sent == counted
        assert (not_counted, flags, caught) == ("-", "-", "0 %")

    def test_a_performance_is_the_same_for_the_same_seed(self) -> None:
        for kind in KINDS:
            frames = perform(kind, make_set(1), 7).frames
            assert frames == perform(kind, make_set(1), 7).frames
            assert [frame.arrival_ms for frame in frames] == sorted(
                frame.arrival_ms for frame in frames
            )
