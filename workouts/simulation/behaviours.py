"""What people, and scripts posing as people, send to the server.

Used by tests, the table in docs/fair-counting.md, and `replay --as`. A behaviour turns the times of
an honest set, in ms since its first rep, into the frames for one athlete and exercise.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from random import Random
from statistics import median
from typing import NamedTuple

BOT_REPS = 40
HOUR_MS = 3_600_000
PHONE, WATCH = "phone", "watch"


class SimulatedRep(NamedTuple):
    """A rep as it is sent; `device` is "" for a plain socket, `at_ms` the time on its clock."""

    arrival_ms: int
    device: str = ""
    seq: int | None = None
    at_ms: int | None = None


class SimulatedPerformance(NamedTuple):
    """The frames in the order they arrive, and how many reps a body really made."""

    frames: list[SimulatedRep]
    made: int


Behaviour = Callable[[Sequence[int], Random], SimulatedPerformance]
TOO_FAST_MS = 140  # an interval under every exercise's ceiling


def simulated_pace_ms(times: Sequence[int]) -> float:
    """Return the median interval in ms."""
    return (
        median(later - earlier for earlier, later in pairwise(times)) if len(times) > 1 else 2000.0
    )


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


def honest_behaviour(times: Sequence[int], rng: Random) -> SimulatedPerformance:
    return SimulatedPerformance(simulate_honest_device(PHONE, times, rng), len(times))


def honest_offline_behaviour(times: Sequence[int], rng: Random) -> SimulatedPerformance:
    """A set made offline, sent all at once an hour later."""
    back = times[-1] + HOUR_MS
    return SimulatedPerformance(
        [SimulatedRep(back, PHONE, seq, at) for seq, at in enumerate(times, 1)], len(times)
    )


def metronome_behaviour(
    times: Sequence[int], rng: Random, *, jitter_ms: int = 0
) -> SimulatedPerformance:
    """A script that sends reps at a constant pace."""
    beats = [
        round(i * simulated_pace_ms(times) + (rng.gauss(0, jitter_ms) if jitter_ms else 0)) + 1000
        for i in range(BOT_REPS)
    ]
    beats.sort()
    return SimulatedPerformance(
        [SimulatedRep(beat, PHONE, seq, beat) for seq, beat in enumerate(beats, 1)], 0
    )


def metronome_10_behaviour(times: Sequence[int], rng: Random) -> SimulatedPerformance:
    return metronome_behaviour(times, rng, jitter_ms=10)


def metronome_30_behaviour(times: Sequence[int], rng: Random) -> SimulatedPerformance:
    return metronome_behaviour(times, rng, jitter_ms=30)


def metronome_plain_behaviour(times: Sequence[int], rng: Random) -> SimulatedPerformance:
    """A metronome on a plain socket; the network delays each rep by up to 5 ms."""
    beats = [round(i * simulated_pace_ms(times)) + rng.randint(0, 5) for i in range(BOT_REPS)]
    return SimulatedPerformance([SimulatedRep(beat) for beat in beats], 0)


def speed_up_behaviour(times: Sequence[int], rng: Random) -> SimulatedPerformance:
    """Footage of a set, looped and sped up until it is faster than any human."""
    length = times[-1] + simulated_pace_ms(times)
    factor = simulated_pace_ms(times) / TOO_FAST_MS
    long = [
        round((turn * length + time) / factor)
        for turn in range(600 // len(times) + 1)
        for time in times
    ]
    return SimulatedPerformance(simulate_honest_device(PHONE, long, rng), 0)


def bounce_behaviour(times: Sequence[int], rng: Random) -> SimulatedPerformance:
    """A sensor that reports each rep two or three times."""
    seen = sorted(time + bounced for time in times for bounced in (0, 60, 120)[: rng.randint(2, 3)])
    return SimulatedPerformance(simulate_honest_device(PHONE, seen, rng), len(times))


def two_devices_behaviour(times: Sequence[int], rng: Random) -> SimulatedPerformance:
    """Two phones that watch one body, the second half a rep later, so that both count."""
    late = [round(time + simulated_pace_ms(times) / 2) for time in times]
    return SimulatedPerformance(
        sorted(
            simulate_honest_device(PHONE, times, rng) + simulate_honest_device(WATCH, late, rng)
        ),
        len(times),
    )


def replayed_behaviour(times: Sequence[int], rng: Random) -> SimulatedPerformance:
    """All frames sent twice more, a minute later each time."""
    frames = simulate_honest_device(PHONE, times, rng)
    again = [
        frame._replace(arrival_ms=frame.arrival_ms + turn * 60_000 + times[-1])
        for turn in (1, 2)
        for frame in frames
    ]
    return SimulatedPerformance(frames + again, len(times))


def fast_clock_behaviour(times: Sequence[int], rng: Random) -> SimulatedPerformance:
    """A clock that runs ten times too fast, so that ten sets fit into the time of one."""
    length = round(times[-1] + simulated_pace_ms(times))
    ats = [turn * length + time for turn in range(10) for time in times]
    return SimulatedPerformance(
        [SimulatedRep(at // 10, PHONE, seq, at) for seq, at in enumerate(ats, 1)], 0
    )


def future_clock_behaviour(times: Sequence[int], rng: Random) -> SimulatedPerformance:
    """Reps sent all at once, with times an hour ahead and two seconds apart."""
    return SimulatedPerformance(
        [
            SimulatedRep(10 * seq, PHONE, seq, HOUR_MS + 2000 * seq)
            for seq in range(1, BOT_REPS + 1)
        ],
        0,
    )


def backward_clock_behaviour(times: Sequence[int], rng: Random) -> SimulatedPerformance:
    """Reps sent all at once, with times that go backwards."""
    return SimulatedPerformance(
        [SimulatedRep(10 * seq, PHONE, seq, -2000 * seq) for seq in range(1, BOT_REPS + 1)], 0
    )


def offline_burst_behaviour(times: Sequence[int], rng: Random) -> SimulatedPerformance:
    """A made-up offline hour: human-like times in the past, sent all at once."""
    now, made_up = HOUR_MS, 0.0
    frames = []
    for seq in range(1, 301):
        made_up += simulated_pace_ms(times) * rng.gauss(1, 0.05)
        frames.append(SimulatedRep(now, PHONE, seq, round(made_up)))
    return SimulatedPerformance(frames, 0)


def burst_behaviour(times: Sequence[int], rng: Random) -> SimulatedPerformance:
    """A hundred reps at once without times."""
    return SimulatedPerformance([SimulatedRep(seq, PHONE, seq) for seq in range(1, 101)], 0)


def shaker_behaviour(times: Sequence[int], rng: Random) -> SimulatedPerformance:
    """A phone shaken by a machine for four hours, as unevenly as a person trains."""
    beats, time = [], 0.0
    while time < 4 * HOUR_MS:
        time += max(2000.0, simulated_pace_ms(times)) * rng.gauss(1, 0.05)
        beats.append(round(time))
    return SimulatedPerformance(simulate_honest_device(PHONE, beats, rng), 0)


def imitator_behaviour(times: Sequence[int], rng: Random) -> SimulatedPerformance:
    """A script that varies its intervals as people do, at a human pace."""
    beats, time = [], 0.0
    for _ in range(BOT_REPS):
        time += simulated_pace_ms(times) * rng.gauss(1, 0.05)
        beats.append(round(time))
    return SimulatedPerformance(simulate_honest_device(PHONE, beats, rng), 0)


BEHAVIOURS: dict[str, Behaviour] = {
    "honest": honest_behaviour,
    "honest-offline": honest_offline_behaviour,
    "metronome": metronome_behaviour,
    "metronome-plain": metronome_plain_behaviour,
    "metronome-10": metronome_10_behaviour,
    "metronome-30": metronome_30_behaviour,
    "speed-up": speed_up_behaviour,
    "bounce": bounce_behaviour,
    "two-devices": two_devices_behaviour,
    "replayed": replayed_behaviour,
    "fast-clock": fast_clock_behaviour,
    "future-clock": future_clock_behaviour,
    "backward-clock": backward_clock_behaviour,
    "burst": burst_behaviour,
    "offline-burst": offline_burst_behaviour,
    "shaker": shaker_behaviour,
    "imitator": imitator_behaviour,
}


def perform_behaviour(behaviour: str, times: Sequence[int], seed: object) -> SimulatedPerformance:
    """Return what an athlete with this behaviour sends; the same seed gives the same frames."""
    return BEHAVIOURS[behaviour](times, Random(f"{behaviour} {seed}"))  # noqa: S311
