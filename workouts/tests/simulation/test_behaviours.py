"""What the table in docs/fair-counting.md promises, on the real store and database."""

import itertools
import random
import re

import pytest
from django.conf import settings
from django.test import TestCase

from workouts.simulation.behaviours import BEHAVIOURS, perform_behaviour
from workouts.simulation.performances import PlayedSet, play_simulated_performance

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
    """Return an honest set's times: slowing towards the end, and as uneven as people are."""
    rng = random.Random(seed)  # noqa: S311
    intervals = (round(2200 * (1 + 0.2 * i / reps) * rng.gauss(1, 0.05)) for i in range(reps - 1))
    return [0, *itertools.accumulate(intervals)]


def read_table() -> dict[str, list[str]]:
    """Return the cells of the table's rows, by behaviour."""
    text = (settings.BASE_DIR / "docs" / "fair-counting.md").read_text()
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| \d+ \| (.+) \|$", text, re.MULTILINE)
    return {behaviour: cells.split(" | ") for behaviour, cells in rows}


@pytest.mark.slow
class BehaviourTests(TestCase):
    async def outcomes(self, behaviour: str) -> list[PlayedSet]:
        return [
            await play_simulated_performance(behaviour, "squat", make_set(seed), seed=seed)
            for seed in SEEDS[: 1 if behaviour == "shaker" else None]
        ]

    async def test_honest_people_are_neither_refused_nor_flagged(self) -> None:
        for outcome in await self.outcomes("honest"):
            assert outcome.verdicts == {"counted": outcome.made}
            assert outcome.flags == []

    async def test_an_honest_offline_hour_is_counted_and_flagged_as_late(self) -> None:
        for outcome in await self.outcomes("honest-offline"):
            assert outcome.verdicts == {"counted": outcome.made}
            assert [flag["flag"] for flag in outcome.flags] == ["mostly_late"]

    async def test_every_cheat_that_the_table_promises_is_caught(self) -> None:
        for behaviour in PROMISED:
            with self.subTest(behaviour=behaviour):
                for outcome in await self.outcomes(behaviour):
                    assert outcome.is_stopped() or outcome.flags, outcome

    async def test_repeated_reps_and_bounces_never_count(self) -> None:
        for behaviour in ("bounce", "replayed"):
            for outcome in await self.outcomes(behaviour):
                assert outcome.verdicts["counted"] == outcome.made

    async def test_an_imitator_is_not_flagged(self) -> None:
        assert not any(outcome.flags for outcome in await self.outcomes("imitator"))


class TableTests(TestCase):
    def test_the_table_has_a_row_for_each_behaviour(self) -> None:
        assert list(read_table()) == list(BEHAVIOURS)

    def test_the_table_says_that_promised_cheats_are_caught_every_time(self) -> None:
        table = read_table()
        assert {behaviour for behaviour in PROMISED if table[behaviour][-1] != "100 %"} == set()
        assert table["imitator"][-1] == "0 %"

    def test_the_table_says_that_no_honest_rep_was_refused(self) -> None:
        made, sent, counted, not_counted, flags, caught = read_table()["honest"]
        assert made == sent == counted
        assert (not_counted, flags, caught) == ("-", "-", "0 %")

    def test_the_same_seed_gives_the_same_frames_in_order_of_arrival(self) -> None:
        for behaviour in BEHAVIOURS:
            frames = perform_behaviour(behaviour, make_set(1), 7).frames
            assert frames == perform_behaviour(behaviour, make_set(1), 7).frames
            assert [frame.arrival_ms for frame in frames] == sorted(
                frame.arrival_ms for frame in frames
            )
