"""Athletes who train with the reference client, and others who finish their sessions."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bench.chaos.devices import CLOCK_ERROR_MS, Device
from bench.chaos.finishes import Finisher
from bench.chaos.recordings import BodySet

# when the first rep was made: a run's sped-up times fit in between, as after hours offline
BEGAN_AGO_MS = 12 * 3_600_000
# much longer than reps of two devices may be apart and count as one, and than three reps
REST_MS = 15_000
AT_ONCE = 1e6
FINISH_DEADLINE_S = 30.0
SETTLE_DEADLINE_S = 90.0
PLAYS = {"alone": 5, "burst": 2, "handover": 3, "both": 3}
ENDS = {"socket": 4, "posted": 2, "raced": 3, "twice": 2, "left": 4}


class MadeRep(NamedTuple):
    """A rep that at least one device has seen."""

    exercise: str
    at_ms: int


@dataclass(slots=True)
class Load:
    """What all athletes share."""

    url: str
    finisher: Finisher
    paces: dict[str, list[list[int]]]
    body_sets: dict[str, list[BodySet]]
    speed: float
    seed: int
    events: Counter[str] = field(default_factory=Counter)
    stop: asyncio.Event = field(default_factory=asyncio.Event)


class Athlete:
    """Trains set after set on two devices, each rep on one of them, until told to stop."""

    device_names = ("d0", "d1")

    def __init__(self, load: Load, number: int) -> None:
        self.load = load
        self.user_id = f"athlete-{number}"
        self.chance = random.Random(f"athlete {load.seed} {number}")
        self.at_ms = time.time_ns() // 1_000_000 - BEGAN_AGO_MS
        self.made: set[MadeRep] = set()
        self.devices = [
            Device(load.url, self.user_id, name, load.events) for name in self.device_names
        ]

    def most_apart_ms(self, exercise: str) -> int:
        """Return how far from a rep its time may be, as a device has it or as it is saved."""
        return CLOCK_ERROR_MS

    async def begin(self) -> None:
        """Connect, and do a first set, which gives the service the devices' clocks."""
        for device in self.devices:
            await device.start()
        await self.warm_up()
        for device in self.devices:
            await device.settled(SETTLE_DEADLINE_S)

    async def warm_up(self) -> None:
        for device in self.devices:
            await self.play_set(device, min(self.load.paces), AT_ONCE)

    async def train(self) -> None:
        while not self.load.stop.is_set():
            await self.do_set()

    async def do_set(self) -> None:
        """Do a set or several, with devices and an end chosen at random."""
        play = self.choose(PLAYS)
        first, second = self.chance.sample(self.devices, 2)
        exercise, other = self.chance.sample(sorted(self.load.paces), 2)
        self.load.events[f"play: {play}"] += 1
        if play == "both":
            await asyncio.gather(self.play_set(first, exercise), self.play_set(second, other))
        elif play == "handover":
            # the first may still be sending, so reps of the two arrive in any order
            await self.play_set(first, exercise)
            await self.play_set(second, other)
            await self.play_set(second, exercise)
        else:
            await self.play_set(first, exercise, AT_ONCE if play == "burst" else None)
        await self.end_set(first, second, exercise)

    async def play_set(self, device: Device, exercise: str, speed: float | None = None) -> None:
        """Do a set at a person's pace, sped up, with the person's own times."""
        self.at_ms += REST_MS
        for gap_ms in self.chance.choice(self.load.paces[exercise]):
            if self.load.stop.is_set():
                return
            self.at_ms += gap_ms
            self.made.add(MadeRep(exercise, self.at_ms))
            device.rep(exercise, self.at_ms)
            await asyncio.sleep(gap_ms / 1000 / (speed or self.load.speed))

    async def end_set(self, device: Device, other: Device, exercise: str) -> None:
        """Finish the set, or leave that to others."""
        end = self.choose(ENDS)
        self.load.events[f"end: {end}"] += 1
        post = self.load.finisher.finish
        finishes: dict[str, list[Coroutine[Any, Any, object]]] = {
            "socket": [device.finish(exercise)],
            "posted": [post(self.user_id, exercise)],
            "raced": [
                device.finish(exercise),
                other.finish(exercise),
                post(self.user_id, exercise, at_once=2),
            ],
            "twice": [device.finish(exercise), device.finish(exercise)],
        }
        ways = finishes.pop(end, [])
        for unused in (way for others in finishes.values() for way in others):
            unused.close()
        try:
            await asyncio.wait_for(asyncio.gather(*ways), FINISH_DEADLINE_S)
        except TimeoutError:
            self.load.events["finishes given up"] += 1

    async def leave(self) -> None:
        """Wait until each rep is settled, finish all sessions, and close."""
        for device in self.devices:
            await device.settled(SETTLE_DEADLINE_S)
            for exercise in sorted({rep.exercise for rep in device.reps}):
                await self.load.finisher.finish_surely(self.user_id, exercise)
        await asyncio.gather(*(device.close() for device in self.devices))

    def choose(self, weights: dict[str, int]) -> str:
        return self.chance.choices(list(weights), weights=list(weights.values()))[0]


async def finish_for_others(load: Load, athletes: list[Athlete]) -> None:
    """Finish workouts while their athletes train, sometimes several at once, until cancelled."""
    chance = random.Random(f"others {load.seed}")
    while True:
        await asyncio.sleep(chance.uniform(0.05, 0.6))
        athlete, exercise = chance.choice(athletes), chance.choice(sorted(load.paces))
        load.events["finishes by others"] += 1
        await load.finisher.finish(athlete.user_id, exercise, at_once=chance.choice((1, 1, 2, 4)))
