"""The kinds of athletes and scripts, by the names that docs/fair-counting.md and `replay --as` use.

Used by tests, the table in docs/fair-counting.md, and `replay --as`. A behaviour turns an honest
set into the frames of one athlete.
"""

from functools import partial
from random import Random

from workouts.simulation.behaviours.bursts import (
    burst_behaviour,
    offline_burst_behaviour,
    short_burst_behaviour,
)
from workouts.simulation.behaviours.clocks import (
    backward_clock_behaviour,
    fast_clock_behaviour,
    future_clock_behaviour,
)
from workouts.simulation.behaviours.devices import (
    OFFLINE_MS,
    STALL_MS,
    made_up_devices_behaviour,
    two_devices_behaviour,
    two_devices_cut_off_behaviour,
    two_devices_handover_behaviour,
)
from workouts.simulation.behaviours.frames import Behaviour, SetToPlay, SimulatedPerformance
from workouts.simulation.behaviours.imitators import (
    imitator_behaviour,
    shaker_behaviour,
    sixteen_exercises_behaviour,
)
from workouts.simulation.behaviours.metronomes import (
    metronome_behaviour,
    metronome_plain_behaviour,
    split_metronome_behaviour,
)
from workouts.simulation.behaviours.people import (
    bounce_behaviour,
    honest_behaviour,
    honest_offline_behaviour,
)
from workouts.simulation.behaviours.recordings import (
    replayed_behaviour,
    replayed_person_behaviour,
    speed_up_behaviour,
)

JITTERS_MS = (5, 10, 20, 30, 50)
DEVICES = (2, 3, 4, 5, 6)

METRONOMES: dict[str, Behaviour] = {
    "metronome": metronome_behaviour,
    **{
        f"metronome-{jitter_ms}": partial(metronome_behaviour, jitter_ms=jitter_ms)
        for jitter_ms in JITTERS_MS
    },
}
MADE_UP_DEVICES: dict[str, Behaviour] = {
    **{f"devices-{count}": partial(made_up_devices_behaviour, devices=count) for count in DEVICES},
    **{
        f"devices-{count}-spread": partial(made_up_devices_behaviour, devices=count, spread=True)
        for count in DEVICES
    },
}
BEHAVIOURS: dict[str, Behaviour] = {
    "honest": honest_behaviour,
    "honest-offline": honest_offline_behaviour,
    "two-devices": two_devices_behaviour,
    "two-devices-stalled": partial(two_devices_cut_off_behaviour, length_ms=STALL_MS),
    "two-devices-offline": partial(two_devices_cut_off_behaviour, length_ms=OFFLINE_MS),
    "two-devices-handover": two_devices_handover_behaviour,
    "bounce": bounce_behaviour,
    **METRONOMES,
    "metronome-plain": metronome_plain_behaviour,
    "split-metronome": split_metronome_behaviour,
    **MADE_UP_DEVICES,
    "sixteen-exercises": sixteen_exercises_behaviour,
    "speed-up": speed_up_behaviour,
    "replayed": replayed_behaviour,
    "replayed-person": replayed_person_behaviour,
    "fast-clock": fast_clock_behaviour,
    "future-clock": future_clock_behaviour,
    "backward-clock": backward_clock_behaviour,
    "burst": burst_behaviour,
    "burst-5": partial(burst_behaviour, devices=5),
    "burst-6": partial(burst_behaviour, devices=6),
    "burst-31s": short_burst_behaviour,
    "offline-burst": offline_burst_behaviour,
    "offline-burst-6": partial(offline_burst_behaviour, devices=6),
    "shaker": shaker_behaviour,
    "imitator": imitator_behaviour,
}


def perform_behaviour(kind: str, played: SetToPlay, seed: object) -> SimulatedPerformance:
    """Return what an athlete of this kind sends; the same seed gives the same frames."""
    return BEHAVIOURS[kind](played, Random(f"{kind} {seed}"))  # noqa: S311
