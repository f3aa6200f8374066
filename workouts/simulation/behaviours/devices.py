"""Several devices on one athlete: a phone and a watch that watch one body, and made-up devices."""

from collections.abc import Mapping
from random import Random

from workouts.simulation.behaviours.frames import (
    PHONE,
    WATCH,
    SetToPlay,
    SimulatedPerformance,
    SimulatedRep,
    simulate_honest_device,
)

# how far apart two devices see a rep, and how many each misses, as in the measurement of
# "One body, one count" in docs/fair-counting.md
MAX_LAG_MS, MAX_LAG_SHARE, JITTER_MS, MISSED_SHARE = 400, 0.35, 60, 0.03
STALL_MS = (2000, 8000)  # of a radio: shorter than what makes a rep late
OFFLINE_MS = (20_000, 120_000)

RepTimes = Mapping[int, int]  # when a device saw a rep (ms), by the rep's number


def see_body_with_two_devices(
    played: SetToPlay, rng: Random, *, lag_ms: float | None = None
) -> dict[str, RepTimes]:
    """Return what a phone and a watch see, the watch so much later, by default as the dice say.

    Both see the first rep, so that neither sees nothing.
    """
    if lag_ms is None:
        lag_ms = rng.uniform(-1, 1) * min(MAX_LAG_MS, MAX_LAG_SHARE * played.pace_ms)

    def is_seen(rep: int) -> bool:
        return rep == 0 or rng.random() >= MISSED_SHARE

    true = dict(enumerate(played.times_ms))
    return {
        PHONE: {rep: time for rep, time in true.items() if is_seen(rep)},
        WATCH: {
            rep: round(time + lag_ms + rng.gauss(0, JITTER_MS))
            for rep, time in true.items()
            if is_seen(rep)
        },
    }


def simulate_devices_that_see(
    seen: Mapping[str, RepTimes], rng: Random
) -> dict[str, list[SimulatedRep]]:
    return {
        device: simulate_honest_device(device, sorted(times.values()), rng)
        for device, times in seen.items()
    }


def perform_what_is_seen(
    seen: Mapping[str, RepTimes], frames: Mapping[str, list[SimulatedRep]]
) -> SimulatedPerformance:
    """A rep that no device saw was not made, as far as a server can know."""
    return SimulatedPerformance(
        sorted(frame for sent in frames.values() for frame in sent),
        len(set().union(*seen.values())),
    )


def two_devices_behaviour(played: SetToPlay, rng: Random) -> SimulatedPerformance:
    """A phone and a watch, one up to 400 ms behind the other, that each miss some reps."""
    seen = see_body_with_two_devices(played, rng)
    return perform_what_is_seen(seen, simulate_devices_that_see(seen, rng))


def two_devices_cut_off_behaviour(
    played: SetToPlay, rng: Random, *, length_ms: tuple[int, int]
) -> SimulatedPerformance:
    """A phone and a watch; what one of them sends within some time arrives together, after it."""
    seen = see_body_with_two_devices(played, rng)
    frames = simulate_devices_that_see(seen, rng)
    device = rng.choice((PHONE, WATCH))
    since = rng.randint(0, played.times_ms[-1])
    until = since + rng.randint(*length_ms)
    frames[device] = [
        frame._replace(arrival_ms=until) if since <= frame.arrival_ms < until else frame
        for frame in frames[device]
    ]
    return perform_what_is_seen(seen, frames)


def two_devices_handover_behaviour(played: SetToPlay, rng: Random) -> SimulatedPerformance:
    """A phone and a watch, one of which is switched off in the middle of the set."""
    seen = see_body_with_two_devices(played, rng)
    reps = len(played.times_ms)
    end = rng.randint(reps // 4, reps - reps // 4)
    device = rng.choice((PHONE, WATCH))
    seen[device] = {rep: time for rep, time in seen[device].items() if rep < end}
    return perform_what_is_seen(seen, simulate_devices_that_see(seen, rng))


def made_up_devices_behaviour(
    played: SetToPlay, rng: Random, *, devices: int, spread: bool = False
) -> SimulatedPerformance:
    """One body's reps, sent by so many devices: at the same moments, or spread over an interval."""
    apart_ms = played.pace_ms / devices if spread else 0
    frames = [
        frame
        for number in range(devices)
        for frame in simulate_honest_device(
            f"device-{number}", [round(time + number * apart_ms) for time in played.times_ms], rng
        )
    ]
    return SimulatedPerformance(sorted(frames), len(played.times_ms))
