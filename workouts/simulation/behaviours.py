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


class SentRep(NamedTuple):
    """A rep as it is sent; `device` is "" for a plain socket, `at_ms` the time on its clock."""

    arrival_ms: int
    device: str = ""
    seq: int | None = None
    at_ms: int | None = None


class Performance(NamedTuple):
    """The frames in the order they arrive, and how many reps a body really made."""

    frames: list[SentRep]
    made: int


Behaviour = Callable[[Sequence[int], Random], Performance]
TOO_FAST_MS = 140  # an interval under every exercise's ceiling


def pace_of(times: Sequence[int]) -> float:
    """Return the median interval in ms."""
    return (
        median(later - earlier for earlier, later in pairwise(times)) if len(times) > 1 else 2000.0
    )


def travel_times(times: Iterable[int], rng: Random) -> list[int]:
    """Return arrival times: 20 to 300 ms later, in the same order."""
    arrivals: list[int] = []
    for time in times:
        arrivals.append(max(time + rng.randint(20, 300), arrivals[-1] if arrivals else 0))
    return arrivals


def seen_by(device: str, times: Sequence[int], rng: Random) -> list[SentRep]:
    """Return the frames of an honest device."""
    return [
        SentRep(arrival, device, seq, at)
        for seq, (arrival, at) in enumerate(zip(travel_times(times, rng), times, strict=True), 1)
    ]


def honest(times: Sequence[int], rng: Random) -> Performance:
    return Performance(seen_by(PHONE, times, rng), len(times))


def honest_offline(times: Sequence[int], rng: Random) -> Performance:
    """A set made offline, sent all at once an hour later."""
    back = times[-1] + HOUR_MS
    return Performance(
        [SentRep(back, PHONE, seq, at) for seq, at in enumerate(times, 1)], len(times)
    )


def metronome(times: Sequence[int], rng: Random, *, jitter_ms: int = 0) -> Performance:
    """A script that sends reps at a constant pace."""
    beats = [
        round(i * pace_of(times) + (rng.gauss(0, jitter_ms) if jitter_ms else 0)) + 1000
        for i in range(BOT_REPS)
    ]
    beats.sort()
    return Performance([SentRep(beat, PHONE, seq, beat) for seq, beat in enumerate(beats, 1)], 0)


def metronome_10(times: Sequence[int], rng: Random) -> Performance:
    return metronome(times, rng, jitter_ms=10)


def metronome_30(times: Sequence[int], rng: Random) -> Performance:
    return metronome(times, rng, jitter_ms=30)


def metronome_by_the_clock(times: Sequence[int], rng: Random) -> Performance:
    """A metronome on a plain socket; the network delays each rep by up to 5 ms."""
    beats = [round(i * pace_of(times)) + rng.randint(0, 5) for i in range(BOT_REPS)]
    return Performance([SentRep(beat) for beat in beats], 0)


def speed_up(times: Sequence[int], rng: Random) -> Performance:
    """Footage of a set, looped and sped up until it is faster than any human."""
    length = times[-1] + pace_of(times)
    factor = pace_of(times) / TOO_FAST_MS
    long = [
        round((turn * length + time) / factor)
        for turn in range(600 // len(times) + 1)
        for time in times
    ]
    return Performance(seen_by(PHONE, long, rng), 0)


def bounce(times: Sequence[int], rng: Random) -> Performance:
    """A sensor that reports each rep two or three times."""
    seen = sorted(time + bounced for time in times for bounced in (0, 60, 120)[: rng.randint(2, 3)])
    return Performance(seen_by(PHONE, seen, rng), len(times))


def two_devices(times: Sequence[int], rng: Random) -> Performance:
    """Two phones that watch one body, the second half a rep later, so that both count."""
    late = [round(time + pace_of(times) / 2) for time in times]
    return Performance(sorted(seen_by(PHONE, times, rng) + seen_by(WATCH, late, rng)), len(times))


def replayed(times: Sequence[int], rng: Random) -> Performance:
    """All frames sent twice more, a minute later each time."""
    frames = seen_by(PHONE, times, rng)
    again = [
        frame._replace(arrival_ms=frame.arrival_ms + turn * 60_000 + times[-1])
        for turn in (1, 2)
        for frame in frames
    ]
    return Performance(frames + again, len(times))


def fast_clock(times: Sequence[int], rng: Random) -> Performance:
    """A clock that runs ten times too fast, so that ten sets fit into the time of one."""
    length = round(times[-1] + pace_of(times))
    ats = [turn * length + time for turn in range(10) for time in times]
    return Performance([SentRep(at // 10, PHONE, seq, at) for seq, at in enumerate(ats, 1)], 0)


def future_clock(times: Sequence[int], rng: Random) -> Performance:
    """Reps sent all at once, with times an hour ahead and two seconds apart."""
    return Performance(
        [SentRep(10 * seq, PHONE, seq, HOUR_MS + 2000 * seq) for seq in range(1, BOT_REPS + 1)], 0
    )


def backward_clock(times: Sequence[int], rng: Random) -> Performance:
    """Reps sent all at once, with times that go backwards."""
    return Performance(
        [SentRep(10 * seq, PHONE, seq, -2000 * seq) for seq in range(1, BOT_REPS + 1)], 0
    )


def offline_burst(times: Sequence[int], rng: Random) -> Performance:
    """A made-up offline hour: human-like times in the past, sent all at once."""
    now, made_up = HOUR_MS, 0.0
    frames = []
    for seq in range(1, 301):
        made_up += pace_of(times) * rng.gauss(1, 0.05)
        frames.append(SentRep(now, PHONE, seq, round(made_up)))
    return Performance(frames, 0)


def burst(times: Sequence[int], rng: Random) -> Performance:
    """A hundred reps at once without times."""
    return Performance([SentRep(seq, PHONE, seq) for seq in range(1, 101)], 0)


def shaker(times: Sequence[int], rng: Random) -> Performance:
    """A phone shaken by a machine for four hours, as unevenly as a person trains."""
    beats, time = [], 0.0
    while time < 4 * HOUR_MS:
        time += max(2000.0, pace_of(times)) * rng.gauss(1, 0.05)
        beats.append(round(time))
    return Performance(seen_by(PHONE, beats, rng), 0)


def imitator(times: Sequence[int], rng: Random) -> Performance:
    """A script that varies its intervals as people do, at a human pace."""
    beats, time = [], 0.0
    for _ in range(BOT_REPS):
        time += pace_of(times) * rng.gauss(1, 0.05)
        beats.append(round(time))
    return Performance(seen_by(PHONE, beats, rng), 0)


BEHAVIOURS: dict[str, Behaviour] = {
    "honest": honest,
    "honest-offline": honest_offline,
    "metronome": metronome,
    "metronome-plain": metronome_by_the_clock,
    "metronome-10": metronome_10,
    "metronome-30": metronome_30,
    "speed-up": speed_up,
    "bounce": bounce,
    "two-devices": two_devices,
    "replayed": replayed,
    "fast-clock": fast_clock,
    "future-clock": future_clock,
    "backward-clock": backward_clock,
    "burst": burst,
    "offline-burst": offline_burst,
    "shaker": shaker,
    "imitator": imitator,
}


def perform(behaviour: str, times: Sequence[int], seed: object) -> Performance:
    """Return what an athlete with this behaviour sends; the same seed gives the same frames."""
    return BEHAVIOURS[behaviour](times, Random(f"{behaviour} {seed}"))  # noqa: S311
