"""The exercises' limits as they are public knowledge, for scripts that stay just within them."""

from typing import NamedTuple


class SimulatedLimits(NamedTuple):
    """What an exercise's gates let through; a test compares it with migration 0002."""

    min_interval_ms: int
    max_per_minute: int


LIMITS = {
    "squat": SimulatedLimits(450, 85),
    "push_up": SimulatedLimits(250, 175),
    "pull_up": SimulatedLimits(500, 77),
    "sit_up": SimulatedLimits(500, 100),
    "crunch": SimulatedLimits(400, 150),
    "lunge": SimulatedLimits(500, 83),
    "burpee": SimulatedLimits(800, 52),
    "jumping_jack": SimulatedLimits(400, 125),
    "deadlift": SimulatedLimits(600, 66),
    "bench_press": SimulatedLimits(550, 70),
    "front_raise": SimulatedLimits(300, 150),
    "kettlebell_swing": SimulatedLimits(700, 70),
    "dip": SimulatedLimits(350, 115),
    "double_under": SimulatedLimits(200, 205),
    "mountain_climber": SimulatedLimits(150, 345),
    "battle_rope": SimulatedLimits(150, 330),
}


def find_simulated_limits(exercise: str) -> SimulatedLimits:
    """Return an exercise's limits. Raises ValueError for one that coaches added."""
    if exercise not in LIMITS:
        raise ValueError(f"no script knows the limits of {exercise}")
    return LIMITS[exercise]
