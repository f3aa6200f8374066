"""The pace of people, from a file of recorded sets or from made-up ones."""

import itertools
import random
from pathlib import Path
from typing import NamedTuple

from workouts.simulation.replay import read_sets_to_replay

# how long a rep takes people: from, to (ms)
PACES = {
    "squat": (2000, 4000),
    "push_up": (1500, 3000),
    "jumping_jack": (1000, 1500),
    "pull_up": (2000, 4000),
}
MADE_UP_SETS = 200
VARY = (0.9, 1.1)  # a set's intervals, around its tempo


class BodySet(NamedTuple):
    """A set for two devices: its intervals (ms), and how far one may lag behind the other."""

    gaps: list[int]
    most_lag_ms: int


def read_paces(
    path: Path | None, smallest_ms: dict[str, int], margin_ms: int
) -> dict[str, list[list[int]]]:
    """Return each exercise's sets as intervals between reps (ms), with none that is refused.

    Exercises must be in `smallest_ms`, and an interval is at least that and the margin. Raises
    OSError and ValueError.
    """
    sets = (
        [(recorded.exercise, recorded.rep_end_ms) for recorded in read_sets_to_replay(path, None)]
        if path
        else make_up_sets()
    )
    paces: dict[str, list[list[int]]] = {}
    for exercise, ends in sets:
        if exercise in smallest_ms and len(ends) > 1:
            least = smallest_ms[exercise] + margin_ms
            paces.setdefault(exercise, []).append(
                [max(least, end - before) for before, end in itertools.pairwise(ends)]
            )
    return paces


def make_up_sets() -> list[tuple[str, list[int]]]:
    """Return sets at the pace of people, always the same ones."""
    chance = random.Random("sets")
    sets = []
    for _ in range(MADE_UP_SETS):
        exercise, (low, high) = chance.choice(list(PACES.items()))
        tempo_ms = chance.randint(low, high)
        ends = [tempo_ms]
        for _ in range(chance.randint(3, 30)):
            ends.append(ends[-1] + round(tempo_ms * chance.uniform(*VARY)))
        sets.append((exercise, ends))
    return sets
