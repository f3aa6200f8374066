"""People, and what their phones do to an honest set."""

from random import Random

from workouts.simulation.behaviours.frames import (
    HOUR_MS,
    PHONE,
    SetToPlay,
    SimulatedPerformance,
    SimulatedRep,
    simulate_honest_device,
)


def honest_behaviour(played: SetToPlay, rng: Random) -> SimulatedPerformance:
    times = played.times_ms
    return SimulatedPerformance(simulate_honest_device(PHONE, times, rng), len(times))


def honest_offline_behaviour(played: SetToPlay, rng: Random) -> SimulatedPerformance:
    """A set made offline, sent all at once an hour later."""
    times = played.times_ms
    back = times[-1] + HOUR_MS
    return SimulatedPerformance(
        [SimulatedRep(back, PHONE, seq, at) for seq, at in enumerate(times, 1)], len(times)
    )


def bounce_behaviour(played: SetToPlay, rng: Random) -> SimulatedPerformance:
    """A sensor that reports each rep two or three times."""
    seen = sorted(
        time + bounced for time in played.times_ms for bounced in (0, 60, 120)[: rng.randint(2, 3)]
    )
    return SimulatedPerformance(simulate_honest_device(PHONE, seen, rng), len(played.times_ms))
