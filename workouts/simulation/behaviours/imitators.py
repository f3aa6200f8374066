"""Scripts and machines that vary their intervals as people do."""

from random import Random

from workouts.simulation.behaviours.frames import (
    HOUR_MS,
    MINUTE_MS,
    PHONE,
    SetToPlay,
    SimulatedPerformance,
    SimulatedRep,
    simulate_honest_device,
    simulate_human_times,
    simulate_travel_times,
)
from workouts.simulation.behaviours.limits import LIMITS

SHAKEN_MS, SHAKEN_PACE_MS = 4 * HOUR_MS, 2000
SIXTEEN_LENGTH_MS = 62_000
BELOW_CEILING = 0.75  # below every record, and so slow that no interval is too short by chance


def imitator_behaviour(played: SetToPlay, rng: Random) -> SimulatedPerformance:
    beats = simulate_human_times(played.pace_ms, played.script_intervals + 1, rng)
    return SimulatedPerformance(simulate_honest_device(PHONE, beats, rng), 0)


def shaker_behaviour(played: SetToPlay, rng: Random) -> SimulatedPerformance:
    """A phone shaken by a machine for four hours."""
    pace_ms = max(SHAKEN_PACE_MS, played.pace_ms)
    beats = simulate_human_times(pace_ms, int(SHAKEN_MS / pace_ms), rng)
    return SimulatedPerformance(simulate_honest_device(PHONE, beats, rng), 0)


def sixteen_exercises_behaviour(played: SetToPlay, rng: Random) -> SimulatedPerformance:
    """Sixteen exercises at once for a minute, each below its record."""
    reps: list[tuple[int, str]] = []
    for exercise, limits in LIMITS.items():
        pace_ms = MINUTE_MS / (limits.max_per_minute * BELOW_CEILING)
        times = simulate_human_times(pace_ms, int(SIXTEEN_LENGTH_MS / pace_ms), rng)
        reps += [(time, exercise) for time in times]
    reps.sort()
    arrivals = simulate_travel_times([time for time, _ in reps], rng)
    return SimulatedPerformance(
        [
            SimulatedRep(arrival, PHONE, seq, time, exercise)
            for seq, (arrival, (time, exercise)) in enumerate(zip(arrivals, reps, strict=True), 1)
        ],
        0,
    )
