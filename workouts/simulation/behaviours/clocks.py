"""Scripts with clocks that cannot be right."""

from random import Random

from workouts.simulation.behaviours.frames import (
    HOUR_MS,
    PHONE,
    SetToPlay,
    SimulatedPerformance,
    SimulatedRep,
)

WRONG_CLOCK_REPS = 40


def fast_clock_behaviour(played: SetToPlay, rng: Random) -> SimulatedPerformance:
    """A clock that runs ten times too fast, so that ten sets fit into the time of one."""
    length = round(played.times_ms[-1] + played.pace_ms)
    ats = [turn * length + time for turn in range(10) for time in played.times_ms]
    return SimulatedPerformance(
        [SimulatedRep(at // 10, PHONE, seq, at) for seq, at in enumerate(ats, 1)], 0
    )


def future_clock_behaviour(played: SetToPlay, rng: Random) -> SimulatedPerformance:
    """Reps sent all at once, with times an hour ahead and two seconds apart."""
    return SimulatedPerformance(
        [
            SimulatedRep(10 * seq, PHONE, seq, HOUR_MS + 2000 * seq)
            for seq in range(1, WRONG_CLOCK_REPS + 1)
        ],
        0,
    )


def backward_clock_behaviour(played: SetToPlay, rng: Random) -> SimulatedPerformance:
    """Reps sent all at once, with times that go backwards."""
    return SimulatedPerformance(
        [SimulatedRep(10 * seq, PHONE, seq, -2000 * seq) for seq in range(1, WRONG_CLOCK_REPS + 1)],
        0,
    )
