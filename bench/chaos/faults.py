"""The schedule of faults, planned from a seed before anything runs, and its execution."""

import asyncio
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from bench.chaos.parts import Part
from bench.chaos.proxy import Proxy

# what is killed together, and its weight: Redis and the database restart faster than an app
KILLS = {
    ("app",): 4,
    ("app2",): 3,
    ("sweeper",): 2,
    ("redis",): 5,
    ("postgres",): 5,
    ("app", "redis"): 2,
    ("app", "postgres"): 1,
}
CUTS = {"cut": 5, "deafen": 4, "stall": 3, "refuse": 2}
DOWN_S = (0.0, 1.0)
# short, so that faults hit parts that are still recovering, but some reps get through
PAUSE_S = (0.2, 1.5)
CUT_PAUSE_S = (0.2, 2.0)
CUT_LASTS_S = (0.1, 2.5)


@dataclass(frozen=True, slots=True)
class Kill:
    """Parts that are killed together, how long they stay down, and the pause after that."""

    parts: tuple[str, ...]
    down_s: float
    pause_s: float


@dataclass(frozen=True, slots=True)
class Cut:
    """A network fault: the share of the sockets that it hits, and how long it lasts."""

    kind: str
    share: float
    lasts_s: float
    pause_s: float


def plan_kills(seed: int, number: int) -> list[Kill]:
    """Plan kills of this many processes; each one in a joint kill counts."""
    chance = random.Random(f"kills {seed}")
    kills: list[Kill] = []
    left = number
    while left > 0:
        parts = chance.choices(list(KILLS), weights=list(KILLS.values()))[0][:left]
        kills.append(Kill(parts, chance.uniform(*DOWN_S), chance.uniform(*PAUSE_S)))
        left -= len(parts)
    return kills


def plan_cuts(seed: int) -> Iterator[Cut]:
    """Yield cuts forever."""
    chance = random.Random(f"cuts {seed}")
    while True:
        kind = chance.choices(list(CUTS), weights=list(CUTS.values()))[0]
        yield Cut(
            kind,
            chance.choice((0.1, 0.3, 1.0)),
            chance.uniform(*CUT_LASTS_S),
            chance.uniform(*CUT_PAUSE_S),
        )


@dataclass(slots=True)
class Killer:
    """Kills and restarts, one fault after another, so that the run always makes progress."""

    parts: dict[str, Part]
    stop: threading.Event
    done: Counter[str] = field(default_factory=Counter)

    def run(self, kills: list[Kill], deadline: float, on_kill: Callable[[int], None]) -> None:
        """Carry out the kills until the deadline (time.monotonic)."""
        for kill in kills:
            if time.monotonic() > deadline or self.stop.is_set():
                return
            self._carry_out(kill)
            on_kill(self.done.total())
            self.stop.wait(kill.pause_s)

    def _carry_out(self, kill: Kill) -> None:
        for name in kill.parts:
            self.parts[name].kill()
            self.done[name] += 1
        self.stop.wait(kill.down_s)
        # servers first: an app that starts without them waits half a second
        for name in reversed(kill.parts):
            self.parts[name].begin()
        for name in kill.parts:
            self.parts[name].wait()


async def carry_out_cuts(proxy: Proxy, cuts: Iterator[Cut]) -> None:
    """Cut, deafen, stall or refuse until cancelled, then let all sockets flow again."""
    try:
        for cut in cuts:
            await asyncio.sleep(cut.pause_s)
            await getattr(proxy, cut.kind)(cut.share, cut.lasts_s)
    finally:
        proxy.heal()
