"""Scripts that send many reps at once, or as fast as they count."""

import math
from random import Random

from workouts.simulation.behaviours.frames import (
    HOUR_MS,
    PHONE,
    SetToPlay,
    SimulatedPerformance,
    SimulatedRep,
    simulate_honest_device,
    simulate_human_times,
)
from workouts.simulation.behaviours.limits import find_simulated_limits

BURST_REPS, OFFLINE_REPS = 100, 300
SHORT_BURST_MS = 31_000
UP_TO_ABOVE_MIN_INTERVAL = 1.1  # 262 ms on average for push-ups


def burst_behaviour(played: SetToPlay, rng: Random, *, devices: int = 1) -> SimulatedPerformance:
    """A hundred reps at once without times, from so many devices in turn."""
    return SimulatedPerformance(
        [SimulatedRep(seq, f"device-{seq % devices}", seq) for seq in range(1, BURST_REPS + 1)],
        0,
    )


def short_burst_behaviour(played: SetToPlay, rng: Random) -> SimulatedPerformance:
    """Half a minute about as fast as the debounce lets through, too uneven for a metronome."""
    least_ms = find_simulated_limits(played.exercise).min_interval_ms
    beats = [0]
    while beats[-1] < SHORT_BURST_MS:
        beats.append(beats[-1] + math.ceil(least_ms * rng.uniform(1, UP_TO_ABOVE_MIN_INTERVAL)))
    return SimulatedPerformance(simulate_honest_device(PHONE, beats, rng), 0)


def offline_burst_behaviour(
    played: SetToPlay, rng: Random, *, devices: int = 1
) -> SimulatedPerformance:
    """A made-up offline hour of each device: human-like times in the past, sent all at once."""
    return SimulatedPerformance(
        [
            SimulatedRep(HOUR_MS, f"device-{number}", seq, at)
            for number in range(devices)
            for seq, at in enumerate(simulate_human_times(played.pace_ms, OFFLINE_REPS, rng), 1)
        ],
        0,
    )
