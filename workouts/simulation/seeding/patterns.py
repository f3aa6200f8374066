"""Made-up sets: the columns of a session that depend on nobody and no day. A few thousand stand for all."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from random import Random
from typing import NamedTuple

from workouts.fairness.assessment import Records
from workouts.fairness.flags import Evidence, Pace, best_minute, find_flags
from workouts.models import Exercise

LEVELS = 3  # fast, usual and slow athletes: somebody's own pace hardly changes
EACH = 80  # patterns of an exercise and a level
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
HUMAN_CV = 0.04  # people's is 1.5 to 4.9 % over a set: doi 10.3390/biomechanics4010006
MOST_REPS, LEAST_REPS, USUAL_SET = 40, 6, 15
REST_MS = (45_000, 120_000)
KEPT_REFUSALS, DISTRUSTED = 100, 5
MARATHON_REPS, MARATHON_INTERVAL_MS = 700, 17_000


@dataclass(frozen=True, slots=True)
class Pattern:
    """What is known of a set; all but the figures is JSON text, ready to be written."""

    exercise: str
    reps: int
    span_ms: int
    best_minute: int | None
    timeline: str
    refused: str
    refusals: str
    late: str
    distrusted: int
    flags: str
    flag_names: list[str]


class Oddity(NamedTuple):
    """When reps were refused (ms since the first rep), which came late, how many times were not trusted."""

    refused: list[int]
    late: list[int]
    distrusted: int


class Patterns:
    """Makes sets on demand, and keeps them; the same seed makes the same ones."""

    def __init__(self, exercises: Iterable[Exercise], records: Records, seed: int) -> None:
        self.exercises, self.records, self.seed = list(exercises), records, seed
        self.made: dict[tuple[int, int, int, str], Pattern] = {}

    @cached_property
    def weights(self) -> list[int]:
        """Return how often each exercise comes, added up."""
        return [
            *accumulate(WEIGHTS.get(exercise.slug, OTHER_WEIGHT) for exercise in self.exercises)
        ]

    def pick(self, chance: Random, level: int) -> Pattern:
        """Return a set of an athlete of this level, one in fifty with something odd about it."""
        (index,) = chance.choices(range(len(self.exercises)), cum_weights=self.weights)
        odd = (
            chance.choices([*ODDITIES], [*ODDITIES.values()])[0]
            if chance.random() < ODD_SHARE
            else ""
        )
        key = (index, level, chance.randrange(EACH), odd)
        if key not in self.made:
            self.made[key] = self.make(
                self.exercises[index],
                level,
                odd,
                Random(f"{self.seed}:{key}"),  # noqa: S311
            )
        return self.made[key]

    def make(self, exercise: Exercise, level: int, odd: str, chance: Random) -> Pattern:
        pace = pace_of(exercise, level, chance)
        if odd == "record_pace" and exercise.record_per_minute:
            times = even(
                chance,
                round(exercise.record_per_minute * 1.3),
                60_000 / (exercise.record_per_minute * 1.08),
                HUMAN_CV,
            )
        elif odd == "metronome":
            times = even(chance, chance.randint(25, MOST_REPS), pace, 0.003)
        elif odd == "marathon":
            times = even(chance, MARATHON_REPS, MARATHON_INTERVAL_MS, HUMAN_CV)
        else:
            times = human(chance, pace)
        pace_known = Pace(*self.records.get(exercise.slug, (None, None)))
        return describe(exercise.slug, times, pace_known, oddity(chance, odd, times))


def pace_of(exercise: Exercise, level: int, chance: Random) -> float:
    """Return the ms of a rep."""
    share = (level + 0.5) / LEVELS
    return (
        exercise.typical_ms_low * (1 - share) + exercise.typical_ms_high * share
    ) * chance.uniform(0.95, 1.05)


def human(chance: Random, pace: float) -> list[int]:
    """Return the times of a person: sets with rests between them, slower towards the end."""
    reps = min(max(round(chance.lognormvariate(2.9, 0.5)), LEAST_REPS), MOST_REPS)
    size = chance.randint(10, USUAL_SET) if reps > USUAL_SET and chance.random() < 0.7 else reps
    slowing, now, times = chance.uniform(0, 0.2), 0.0, [0]
    for rep in range(1, reps):
        now += chance.gauss(1, HUMAN_CV) * pace * (1 + slowing * (rep % size) / size)
        if rep % size == 0:
            now += chance.uniform(*REST_MS)
        times.append(round(now))
    return times


def even(chance: Random, reps: int, pace: float, cv: float) -> list[int]:
    """Return times without a rest."""
    return [0, *accumulate(round(chance.gauss(1, cv) * pace) for _ in range(reps - 1))]


def oddity(chance: Random, odd: str, times: list[int]) -> Oddity:
    """Return what else is known of a set; one in ten has a few refused reps, one in fifty late ones."""
    refused = chance.randint(1, 4) if chance.random() < 0.1 else 0
    late = chance.sample(range(len(times)), len(times) // 5) if chance.random() < 0.02 else []
    if odd == "many_refused":
        refused = max(20, len(times)) + chance.randint(1, 60)
    if odd == "mostly_late":
        late = [*range(len(times) // 4, len(times))]
    bounces = sorted(chance.choice(times) + chance.randint(20, 200) for _ in range(refused))
    return Oddity(bounces, sorted(late), DISTRUSTED if odd == "clock" else 0)


def describe(slug: str, times: list[int], pace: Pace, oddity: Oddity) -> Pattern:
    """Return the set as it is saved, with the flags that the service gives it where it knows nothing of the athlete."""
    refused, late, distrusted = oddity
    flags = find_flags(
        Evidence(
            times,
            late_count=len(late),
            distrusted_count=distrusted,
            refused_count=len(refused),
        ),
        pace,
    )
    return Pattern(
        exercise=slug,
        reps=len(times),
        span_ms=times[-1],
        best_minute=best_minute(times),
        timeline=json.dumps(times),
        refused=json.dumps({"debounced": len(refused)} if refused else {}),
        refusals=json.dumps([[at_ms, "debounced"] for at_ms in refused[-KEPT_REFUSALS:]]),
        late=json.dumps(late),
        distrusted=distrusted,
        flags=json.dumps(flags),
        flag_names=[flag["flag"] for flag in flags],
    )
