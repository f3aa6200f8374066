"""How people, and scripts that pass for people, reach the server: for the tests, the table in docs/fair-counting.md, and `replay --as`.

Each kind makes of the times of an honest set, in ms since its first rep, the frames of one athlete and exercise.
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
    """A rep on its way: when it arrives, which device sends it ("" is a plain socket), its seq, and what the device's clock says."""

    arrival_ms: int
    device: str = ""
    seq: int | None = None
    at_ms: int | None = None


class Performance(NamedTuple):
    """What is sent, in the order of arrival, and how many reps a body made."""

    frames: list[SentRep]
    made: int


Kind = Callable[[Sequence[int], Random], Performance]
FASTER_THAN_ANYBODY_MS = 140  # than the ceiling of any exercise


def pace_of(times: Sequence[int]) -> float:
    """Return the usual interval, in ms."""
    return (
        median(later - earlier for earlier, later in pairwise(times)) if len(times) > 1 else 2000.0
    )


def travel(times: Iterable[int], chance: Random) -> list[int]:
    """Return when reps arrive that take 20 to 300 ms on their way and do not overtake each other."""
    arrivals: list[int] = []
    for time in times:
        arrivals.append(max(time + chance.randint(20, 300), arrivals[-1] if arrivals else 0))
    return arrivals


def seen_by(device: str, times: Sequence[int], chance: Random) -> list[SentRep]:
    """Return the frames of a device that tells the truth."""
    return [
        SentRep(arrival, device, seq, at)
        for seq, (arrival, at) in enumerate(zip(travel(times, chance), times, strict=True), 1)
    ]


def honest(times: Sequence[int], chance: Random) -> Performance:
    return Performance(seen_by(PHONE, times, chance), len(times))


def honest_offline(times: Sequence[int], chance: Random) -> Performance:
    """An offline hour, sent at once when the network is back."""
    back = times[-1] + HOUR_MS
    return Performance(
        [SentRep(back, PHONE, seq, at) for seq, at in enumerate(times, 1)], len(times)
    )


def metronome(times: Sequence[int], chance: Random, *, jitter_ms: int = 0) -> Performance:
    """A script that sends a rep every so often."""
    beats = [
        round(i * pace_of(times) + (chance.gauss(0, jitter_ms) if jitter_ms else 0)) + 1000
        for i in range(BOT_REPS)
    ]
    beats.sort()
    return Performance([SentRep(beat, PHONE, seq, beat) for seq, beat in enumerate(beats, 1)], 0)


def metronome_10(times: Sequence[int], chance: Random) -> Performance:
    return metronome(times, chance, jitter_ms=10)


def metronome_30(times: Sequence[int], chance: Random) -> Performance:
    return metronome(times, chance, jitter_ms=30)


def metronome_by_the_clock(times: Sequence[int], chance: Random) -> Performance:
    """The same on a plain socket, over a network that delays each rep by a few ms."""
    beats = [round(i * pace_of(times)) + chance.randint(0, 5) for i in range(BOT_REPS)]
    return Performance([SentRep(beat) for beat in beats], 0)


def speed_up(times: Sequence[int], chance: Random) -> Performance:
    """A set over and over, as footage played at so many times its speed that it is faster than anybody."""
    length = times[-1] + pace_of(times)
    factor = pace_of(times) / FASTER_THAN_ANYBODY_MS
    long = [
        round((turn * length + time) / factor)
        for turn in range(600 // len(times) + 1)
        for time in times
    ]
    return Performance(seen_by(PHONE, long, chance), 0)


def bounce(times: Sequence[int], chance: Random) -> Performance:
    """A sensor that reports each rep two or three times."""
    seen = sorted(
        time + bounced for time in times for bounced in (0, 60, 120)[: chance.randint(2, 3)]
    )
    return Performance(seen_by(PHONE, seen, chance), len(times))


def two_devices(times: Sequence[int], chance: Random) -> Performance:
    """Two phones see one body, the second half a rep later, so that both count."""
    late = [round(time + pace_of(times) / 2) for time in times]
    return Performance(
        sorted(seen_by(PHONE, times, chance) + seen_by(WATCH, late, chance)), len(times)
    )


def replayed(times: Sequence[int], chance: Random) -> Performance:
    """All frames come again, twice, a minute later each."""
    frames = seen_by(PHONE, times, chance)
    again = [
        frame._replace(arrival_ms=frame.arrival_ms + turn * 60_000 + times[-1])
        for turn in (1, 2)
        for frame in frames
    ]
    return Performance(frames + again, len(times))


def fast_clock(times: Sequence[int], chance: Random) -> Performance:
    """A clock that runs ten times as fast, so that ten sets fit into the time of one."""
    length = round(times[-1] + pace_of(times))
    ats = [turn * length + time for turn in range(10) for time in times]
    return Performance([SentRep(at // 10, PHONE, seq, at) for seq, at in enumerate(ats, 1)], 0)


def future_clock(times: Sequence[int], chance: Random) -> Performance:
    """Times an hour ahead, two seconds apart, of reps that are sent all at once."""
    return Performance(
        [SentRep(10 * seq, PHONE, seq, HOUR_MS + 2000 * seq) for seq in range(1, BOT_REPS + 1)], 0
    )


def backward_clock(times: Sequence[int], chance: Random) -> Performance:
    """Times that go back, of reps that are sent all at once."""
    return Performance(
        [SentRep(10 * seq, PHONE, seq, -2000 * seq) for seq in range(1, BOT_REPS + 1)], 0
    )


def offline_burst(times: Sequence[int], chance: Random) -> Performance:
    """A made-up hour: human-like times of the past, sent at once."""
    now, made_up = HOUR_MS, 0.0
    frames = []
    for seq in range(1, 301):
        made_up += pace_of(times) * chance.gauss(1, 0.05)
        frames.append(SentRep(now, PHONE, seq, round(made_up)))
    return Performance(frames, 0)


def burst(times: Sequence[int], chance: Random) -> Performance:
    """A hundred reps at once, without times."""
    return Performance([SentRep(seq, PHONE, seq) for seq in range(1, 101)], 0)


def shaker(times: Sequence[int], chance: Random) -> Performance:
    """A phone on a machine that shakes it for four hours, as unevenly as a person."""
    beats, time = [], 0.0
    while time < 4 * HOUR_MS:
        time += max(2000.0, pace_of(times)) * chance.gauss(1, 0.05)
        beats.append(round(time))
    return Performance(seen_by(PHONE, beats, chance), 0)


def imitator(times: Sequence[int], chance: Random) -> Performance:
    """A script that varies its intervals as people do, at a person's pace."""
    beats, time = [], 0.0
    for _ in range(BOT_REPS):
        time += pace_of(times) * chance.gauss(1, 0.05)
        beats.append(round(time))
    return Performance(seen_by(PHONE, beats, chance), 0)


KINDS: dict[str, Kind] = {
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


def perform(kind: str, times: Sequence[int], seed: object) -> Performance:
    """Return what an athlete of this kind sends; the same for the same seed."""
    return KINDS[kind](times, Random(f"{kind} {seed}"))  # noqa: S311
