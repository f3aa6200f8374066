"""Scripts that send reps at a constant pace."""

from random import Random

from workouts.simulation.behaviours.frames import (
    MINUTE_MS,
    PHONE,
    SetToPlay,
    SimulatedPerformance,
    SimulatedRep,
)
from workouts.simulation.behaviours.limits import find_simulated_limits

BELOW_CEILING = 0.97  # above every record, since a ceiling is 1.15 times that
REPS_A_SESSION, SPLIT_LENGTH_MS = 15, 62_000


def metronome_behaviour(
    played: SetToPlay, rng: Random, *, jitter_ms: int = 0
) -> SimulatedPerformance:
    beats = sorted(
        round(1000 + beat * played.pace_ms + (rng.gauss(0, jitter_ms) if jitter_ms else 0))
        for beat in range(played.script_intervals + 1)
    )
    return SimulatedPerformance(
        [SimulatedRep(beat, PHONE, seq, beat) for seq, beat in enumerate(beats, 1)], 0
    )


def metronome_plain_behaviour(played: SetToPlay, rng: Random) -> SimulatedPerformance:
    """A metronome on a plain socket; the network delays each rep by up to 5 ms."""
    beats = [
        round(beat * played.pace_ms) + rng.randint(0, 5)
        for beat in range(played.script_intervals + 1)
    ]
    return SimulatedPerformance([SimulatedRep(beat) for beat in beats], 0)


def split_metronome_behaviour(played: SetToPlay, rng: Random) -> SimulatedPerformance:
    """An exact metronome above the record for a minute, finished every 15 reps."""
    interval_ms = MINUTE_MS / (
        find_simulated_limits(played.exercise).max_per_minute * BELOW_CEILING
    )
    beats = [round(beat * interval_ms) for beat in range(int(SPLIT_LENGTH_MS / interval_ms) + 1)]
    return SimulatedPerformance(
        [
            SimulatedRep(beat, PHONE, seq, beat, then_finish=seq % REPS_A_SESSION == 0)
            for seq, beat in enumerate(beats, 1)
        ],
        0,
    )
