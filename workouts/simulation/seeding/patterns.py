"""Made-up sets: the columns of a session that don't depend on the athlete or the day.

A few thousand patterns are enough for any number of sessions.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from random import Random
from typing import NamedTuple

from workouts.fairness.assessment import Records
from workouts.fairness.evidence import FlagEvidence, KnownPace
from workouts.fairness.flags import find_flags
from workouts.fairness.pace_flags import find_best_minute_pace
from workouts.fairness.sets import describe_sets
from workouts.models import Exercise

LEVELS = 3  # fast, average and slow athletes: a person's own pace hardly changes
EACH = 80  # patterns for each exercise and level
ODD_SHARE = 0.02
ODDITIES = {
    "metronome": 35,
    "many_refused": 20,
    "mostly_late": 20,
    "record_pace": 15,
    "clock": 8,
    "marathon": 2,
}
WEIGHTS = {"squat": 30, "push_up": 25, "pull_up": 10, "sit_up": 8, "lunge": 6, "burpee": 6}
OTHER_WEIGHT = 2
HUMAN_CV = 0.04  # people's sets have 1.5 to 4.9 %: doi 10.3390/biomechanics4010006
MOST_REPS, LEAST_REPS, USUAL_SET = 40, 6, 15
REST_MS = (45_000, 120_000)
KEPT_REFUSALS, DISTRUSTED = 100, 5
MARATHON_REPS, MARATHON_INTERVAL_MS = 700, 17_000
LOADS_KG = {
    "bench_press": (30, 110),
    "deadlift": (60, 160),
    "front_raise": (4, 12),
    "kettlebell_swing": (8, 32),
    "squat": (20, 120),
}
LOADED_SHARE, LOAD_STEP_KG = 0.7, 2


@dataclass(frozen=True, slots=True)
class SeedPattern:
    """A set's columns; everything but the numbers is JSON text, ready to insert."""

    exercise: str
    reps: int
    span_ms: int
    best_minute: int | None
    sets: str
    timeline: str
    refused: str
    refusals: str
    late: str
    distrusted: int
    flags: str
    flag_names: list[str]
    load_kg: int | None


class SeedOddity(NamedTuple):
    """When reps were refused (ms since the first), which were late, how many had a bad clock."""

    refused: list[int]
    late: list[int]
    distrusted: int


class SeedPatterns:
    """Makes sets on demand and keeps them; the same seed makes the same ones."""

    def __init__(self, exercises: Iterable[Exercise], records: Records, seed: int) -> None:
        self.exercises, self.records, self.seed = list(exercises), records, seed
        self.made: dict[tuple[int, int, int, str], SeedPattern] = {}

    @cached_property
    def weights(self) -> list[int]:
        """Return the cumulative weights of the exercises."""
        return [
            *accumulate(WEIGHTS.get(exercise.slug, OTHER_WEIGHT) for exercise in self.exercises)
        ]

    def pick(self, rng: Random, level: int) -> SeedPattern:
        """Return a set for an athlete of this level; one in fifty is odd in some way."""
        (index,) = rng.choices(range(len(self.exercises)), cum_weights=self.weights)
        odd = rng.choices([*ODDITIES], [*ODDITIES.values()])[0] if rng.random() < ODD_SHARE else ""
        key = (index, level, rng.randrange(EACH), odd)
        if key not in self.made:
            self.made[key] = self.make(
                self.exercises[index],
                level,
                odd,
                Random(f"{self.seed}:{key}"),  # noqa: S311
            )
        return self.made[key]

    def make(self, exercise: Exercise, level: int, odd: str, rng: Random) -> SeedPattern:
        pace = seeded_pace_ms(exercise, level, rng)
        if odd == "record_pace" and exercise.record_per_minute:
            times = seed_even_times(
                rng,
                round(exercise.record_per_minute * 1.3),
                60_000 / (exercise.record_per_minute * 1.08),
                HUMAN_CV,
            )
        elif odd == "metronome":
            times = seed_even_times(rng, rng.randint(25, MOST_REPS), pace, 0.003)
        elif odd == "marathon":
            times = seed_even_times(rng, MARATHON_REPS, MARATHON_INTERVAL_MS, HUMAN_CV)
        else:
            times = seed_human_times(rng, pace)
        pace_known = self.records.get(exercise.slug, KnownPace())
        oddity = seed_oddity(rng, odd, times)
        load_kg = seed_load_kg(exercise.slug, rng)
        return describe_seed_pattern(exercise.slug, times, pace_known, oddity, load_kg)


def seeded_pace_ms(exercise: Exercise, level: int, rng: Random) -> float:
    """Return the ms per rep."""
    share = (level + 0.5) / LEVELS
    return (exercise.typical_ms_low * (1 - share) + exercise.typical_ms_high * share) * rng.uniform(
        0.95, 1.05
    )


def seed_human_times(rng: Random, pace: float) -> list[int]:
    """Return human times: sets with rests between them, slowing towards the end of each."""
    reps = min(max(round(rng.lognormvariate(2.9, 0.5)), LEAST_REPS), MOST_REPS)
    size = rng.randint(10, USUAL_SET) if reps > USUAL_SET and rng.random() < 0.7 else reps
    slowing, now, times = rng.uniform(0, 0.2), 0.0, [0]
    for rep in range(1, reps):
        now += rng.gauss(1, HUMAN_CV) * pace * (1 + slowing * (rep % size) / size)
        if rep % size == 0:
            now += rng.uniform(*REST_MS)
        times.append(round(now))
    return times


def seed_even_times(rng: Random, reps: int, pace: float, cv: float) -> list[int]:
    """Return evenly spaced times without rests."""
    return [0, *accumulate(round(rng.gauss(1, cv) * pace) for _ in range(reps - 1))]


def seed_oddity(rng: Random, odd: str, times: list[int]) -> SeedOddity:
    """Return a set's refused and late reps; even ordinary sets have some now and then."""
    refused = rng.randint(1, 4) if rng.random() < 0.1 else 0
    late = rng.sample(range(len(times)), len(times) // 5) if rng.random() < 0.02 else []
    if odd == "many_refused":
        refused = max(20, len(times)) + rng.randint(1, 60)
    if odd == "mostly_late":
        late = [*range(len(times) // 4, len(times))]
    bounces = sorted(rng.choice(times) + rng.randint(20, 200) for _ in range(refused))
    return SeedOddity(bounces, sorted(late), DISTRUSTED if odd == "clock" else 0)


def seed_load_kg(slug: str, rng: Random) -> int | None:
    """Return a load for most sets of an exercise that people load."""
    if slug not in LOADS_KG or rng.random() >= LOADED_SHARE:
        return None
    least, most = LOADS_KG[slug]
    return rng.randrange(least, most + 1, LOAD_STEP_KG)


def describe_seed_pattern(
    slug: str, times: list[int], pace: KnownPace, oddity: SeedOddity, load_kg: int | None
) -> SeedPattern:
    """Return the set's columns, with the flags it gets from an athlete without a history."""
    refused, late, distrusted = oddity
    flags = find_flags(
        FlagEvidence(
            times,
            late_count=len(late),
            distrusted_count=distrusted,
            refused_count=len(refused),
        ),
        pace,
    )
    return SeedPattern(
        exercise=slug,
        reps=len(times),
        span_ms=times[-1],
        best_minute=find_best_minute_pace(times),
        sets=json.dumps(describe_sets(times)),
        timeline=json.dumps(times),
        refused=json.dumps({"debounced": len(refused)} if refused else {}),
        refusals=json.dumps([[at_ms, "debounced"] for at_ms in refused[-KEPT_REFUSALS:]]),
        late=json.dumps(late),
        distrusted=distrusted,
        flags=json.dumps(flags),
        flag_names=[flag["flag"] for flag in flags],
        load_kg=load_kg,
    )
