"""Recordings of people, sent again or sped up."""

from random import Random

from workouts.simulation.behaviours.frames import (
    MINUTE_MS,
    PHONE,
    SetToPlay,
    SimulatedPerformance,
    simulate_honest_device,
)

TOO_FAST_MS = 140  # an interval under every exercise's ceiling
SPED_UP_REPS = 600
NEXT_SESSION_MS = 6 * MINUTE_MS  # a longer pause than that of sessions judged together


def speed_up_behaviour(played: SetToPlay, rng: Random) -> SimulatedPerformance:
    """Footage of a set, looped and sped up until it is faster than any human."""
    times = played.times_ms
    length = times[-1] + played.pace_ms
    factor = played.pace_ms / TOO_FAST_MS
    long = [
        round((turn * length + time) / factor)
        for turn in range(SPED_UP_REPS // len(times) + 1)
        for time in times
    ]
    return SimulatedPerformance(simulate_honest_device(PHONE, long, rng), 0)


def replayed_behaviour(played: SetToPlay, rng: Random) -> SimulatedPerformance:
    """All frames sent twice more, each time a minute after the last."""
    times = played.times_ms
    frames = simulate_honest_device(PHONE, times, rng)
    again = [
        frame._replace(arrival_ms=frame.arrival_ms + turn * (times[-1] + MINUTE_MS))
        for turn in (1, 2)
        for frame in frames
    ]
    return SimulatedPerformance(frames + again, len(times))


def replayed_person_behaviour(played: SetToPlay, rng: Random) -> SimulatedPerformance:
    """A set, and its recording as another session of a new device: the same intervals."""
    times = played.times_ms
    frames = simulate_honest_device(PHONE, times, rng)
    frames[-1] = frames[-1]._replace(then_finish=True)
    again = [times[-1] + NEXT_SESSION_MS + time for time in times]
    return SimulatedPerformance(
        frames + simulate_honest_device("recording", again, rng), len(times)
    )
