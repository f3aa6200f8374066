"""What a behaviour starts from, and the frames that it makes of it."""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from random import Random
from statistics import median
from typing import NamedTuple

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
PHONE, WATCH = "phone", "watch"


class SetToPlay(NamedTuple):
    """An honest set, its times in ms since the first rep, and how many intervals a script makes."""

    exercise: str
    times_ms: Sequence[int]
    script_intervals: int = 40

    @property
    def pace_ms(self) -> float:
        """Return the median interval."""
        times = self.times_ms
        return median(b - a for a, b in pairwise(times)) if len(times) > 1 else 2000.0


class SimulatedRep(NamedTuple):
    """A rep as it is sent; `device` is "" for a plain socket, `at_ms` the time on its clock.

    `exercise` is "" for the set's own. With `then_finish` the device finishes the workout after it.
    """

    arrival_ms: int
    device: str = ""
    seq: int | None = None
    at_ms: int | None = None
    exercise: str = ""
    then_finish: bool = False


class SimulatedPerformance(NamedTuple):
    """The frames in the order they arrive, and how many reps a body really made."""

    frames: list[SimulatedRep]
    made: int

    def exercises(self, own: str) -> list[str]:
        """Return the exercises of all frames; `own` is the set's."""
        return sorted({frame.exercise or own for frame in self.frames})


Behaviour = Callable[[SetToPlay, Random], SimulatedPerformance]


def simulate_travel_times(times: Iterable[int], rng: Random) -> list[int]:
    """Return arrival times: 20 to 300 ms later, in the same order."""
    arrivals: list[int] = []
    for time in times:
        arrivals.append(max(time + rng.randint(20, 300), arrivals[-1] if arrivals else 0))
    return arrivals


def simulate_honest_device(device: str, times: Sequence[int], rng: Random) -> list[SimulatedRep]:
    """Return the frames of an honest device."""
    return [
        SimulatedRep(arrival, device, seq, at)
        for seq, (arrival, at) in enumerate(
            zip(simulate_travel_times(times, rng), times, strict=True), 1
        )
    ]


def simulate_human_times(pace_ms: float, count: int, rng: Random) -> list[int]:
    """Return made-up times whose intervals vary by 5 %, as people's do."""
    times, time = [], 0.0
    for _ in range(count):
        time += pace_ms * rng.gauss(1, 0.05)
        times.append(round(time))
    return times
