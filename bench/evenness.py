"""Find the limits of the flag `metronome` in recorded sets, and how often it is right.

    python -m bench.evenness --sets sets.jsonl

See README.md. Honest sets are cross-validated: those of each tenth of the videos are judged by the
limits that the other videos give.
"""

import argparse
import json
import math
import random
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from bench.fair_counting import make_up_sets
from workouts.fairness.evenness import (
    BEAT_INTERVALS,
    LIMITS,
    STEADY_INTERVALS,
    EvennessLimits,
    find_even_reps,
    find_runs,
)

FOLDS = 10
MOST_FALSE_ALARMS = 0.005
REST_MS = 60_000
TEMPOS_MS = (500, 700, 1000, 2000, 3000)
JITTERS_MS = (0, 5, 10, 15, 20, 30, 50)
WORKOUTS = {  # the intervals of each set, with rests between
    **{str(intervals): [intervals] for intervals in (20, 40, 46, 60, 100, 200)},
    "4 x 15": [15] * 4,
    "10 x 10": [10] * 10,
}

MakeSet = Callable[[int, random.Random], list[float]]  # the times of a set of so many intervals


class HonestSet(NamedTuple):
    video: str
    times_ms: list[int]


class Fold(NamedTuple):
    """How one tenth of the videos fared by the limits of the others."""

    limits: EvennessLimits
    sets: int
    flagged: int


def read_honest_sets(path: Path) -> list[HonestSet]:
    with path.open() as lines:
        rows = [json.loads(line) for line in lines if line.strip()]
    return [
        HonestSet(str(row.get("video", number)), row["rep_end_ms"])
        for number, row in enumerate(rows)
    ]


def fit_limits(sets: Sequence[HonestSet]) -> EvennessLimits:
    """Return the most even that these people are, but no less even than the published figures."""
    runs = [run for each in sets for run in find_runs(each.times_ms)]
    variations = [run.cv for run in runs if run.intervals >= STEADY_INTERVALS]
    independences = [run.independence for run in runs if run.intervals >= BEAT_INTERVALS]
    return EvennessLimits(
        cv=min([LIMITS.cv, *variations]),
        independence=max(independences, default=LIMITS.independence),
    )


def cross_validate(sets: Sequence[HonestSet]) -> Iterator[Fold]:
    """Yield how each fold fares. A video is in one fold, with all its sets."""
    fold_of = [zlib.crc32(each.video.encode()) % FOLDS for each in sets]
    for fold in range(FOLDS):
        held_out = [each for each, its in zip(sets, fold_of, strict=True) if its == fold]
        limits = fit_limits([each for each, its in zip(sets, fold_of, strict=True) if its != fold])
        flagged = sum(
            find_even_reps([each.times_ms], limits=limits) is not None for each in held_out
        )
        yield Fold(limits, len(held_out), flagged)


def find_upper_bound(flagged: int, sets: int) -> float:
    """Return the highest share that is compatible with what was seen, at 95 % confidence."""
    low, high = 0.0, 1.0
    for _ in range(50):
        share = (low + high) / 2
        chance = sum(
            math.comb(sets, k) * share**k * (1 - share) ** (sets - k) for k in range(flagged + 1)
        )
        low, high = (share, high) if chance > 0.05 else (low, share)
    return high


def clock_set(tempo_ms: float, jitter_ms: float) -> MakeSet:
    """Return a script that sends each rep near a beat."""
    return lambda intervals, rng: [
        k * tempo_ms + rng.gauss(0, jitter_ms) for k in range(intervals + 1)
    ]


def waiting_set(tempo_ms: float, jitter_ms: float) -> MakeSet:
    """Return a script, or a person, whose intervals vary by themselves."""
    return lambda intervals, rng: [
        0.0,
        *accumulate(rng.gauss(tempo_ms, jitter_ms) for _ in range(intervals)),
    ]


def following_set(tempo_ms: float, cv: float, carried: float) -> MakeSet:
    """Return a person who follows a beat, and carries on a share of each rep's distance from it."""
    spread = tempo_ms * cv / math.sqrt(2 * (1 - carried))

    def make(intervals: int, rng: random.Random) -> list[float]:
        distance, times = rng.gauss(0, spread), []
        for k in range(intervals + 1):
            times.append(k * tempo_ms + distance)
            distance = carried * distance + rng.gauss(0, spread * math.sqrt(1 - carried**2))
        return times

    return make


def alternating_set(tempo_ms: float, cv: float, apart: float) -> MakeSet:
    """Return a person whose left and right reps differ: every other interval is shorter."""
    return lambda intervals, rng: [
        0.0,
        *accumulate(
            rng.gauss(tempo_ms * (1 + apart * (-1) ** k), tempo_ms * cv) for k in range(intervals)
        ),
    ]


def measure_share_flagged(make: MakeSet, intervals: Sequence[int], trials: int) -> float:
    rng = random.Random("evenness")
    return (
        sum(find_even_reps([make_workout(make, intervals, rng)]) is not None for _ in range(trials))
        / trials
    )


def make_workout(make: MakeSet, intervals: Sequence[int], rng: random.Random) -> list[int]:
    times: list[int] = []
    for each in intervals:
        start = times[-1] + REST_MS if times else 0
        times += sorted(start + round(time) for time in make(each, rng))
    return times


def make_table(title: str, rows: dict[str, MakeSet], trials: int) -> Iterator[str]:
    yield f"| {title} | {' | '.join(WORKOUTS)} |"
    yield "| --- |" + " --- |" * len(WORKOUTS)
    for name, make in rows.items():
        shares = (measure_share_flagged(make, each, trials) for each in WORKOUTS.values())
        yield f"| {name} | {' | '.join(f'{100 * share:.3g} %' for share in shares)} |"


def print_tables(trials: int) -> None:
    scripts = [(tempo, jitter) for tempo in TEMPOS_MS for jitter in JITTERS_MS]
    people: dict[str, MakeSet] = (
        {
            f"by themselves, {100 * cv:g} %": waiting_set(2000, 2000 * cv)
            for cv in (0.015, 0.02, 0.03)
        }
        | {
            f"following a beat, {100 * cv:g} %, {carried:g} carried on": following_set(
                700, cv, carried
            )
            for cv in (0.02, 0.025, 0.03)
            for carried in (0.3, 0.5, 0.7)
        }
        | {"left and right 5 % apart, 2 %": alternating_set(1500, 0.02, 0.05)}
    )
    for title, rows in {
        "beat ± jitter, ms": {f"{t} ± {j}": clock_set(t, j) for t, j in scripts},
        "intervals ± jitter, ms": {f"{t} ± {j}": waiting_set(t, j) for t, j in scripts},
        "made-up people": people,
    }.items():
        print(*make_table(title, rows, trials), "", sep="\n")


def print_folds(folds: Sequence[Fold]) -> float:
    """Print how honest sets fared, and return the share flagged."""
    for fold in folds:
        cv, independence = fold.limits
        print(
            f"{fold.sets} sets, {fold.flagged} flagged; cv {cv:.4f} independence {independence:.2f}"
        )
    flagged, sets = sum(fold.flagged for fold in folds), sum(fold.sets for fold in folds)
    bound = find_upper_bound(flagged, sets)
    print(
        f"flagged {flagged} of {sets} honest sets; at 95 % confidence at most {100 * bound:.2f} %\n"
    )
    return flagged / sets


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--sets",
        type=Path,
        help='honest sets, a line each: {"video": …, "rep_end_ms": […]}; made up without it',
    )
    parser.add_argument("--trials", type=int, default=400, help="sets for each cell of the tables")
    return parser.parse_args()


def main() -> int:
    options = read_options()
    sets = (
        read_honest_sets(options.sets)
        if options.sets
        else [HonestSet(str(n), times) for n, (_, times) in enumerate(make_up_sets(200))]
    )
    share = print_folds(list(cross_validate(sets)))
    print_tables(options.trials)
    return 1 if share > MOST_FALSE_ALARMS else 0


if __name__ == "__main__":
    sys.exit(main())
