"""Athletes who train with the reference client, and others who finish their sessions."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from bench.chaos.devices import Device
from bench.chaos.finishes import Finisher

# when the first rep was made: a run's sped-up times fit in between, as after hours offline
BEGAN_AGO_MS = 12 * 3_600_000
# over every minimum interval: between devices, reps are compared by their arrival
HANDOVER_S = 1.0
FINISH_DEADLINE_S = 30.0
SETTLE_DEADLINE_S = 90.0
PLAYS = {"alone": 5, "burst": 2, "handover": 3, "both": 3}
ENDS = {"socket": 4, "posted": 2, "raced": 3, "twice": 2, "left": 4}


@dataclass(slots=True)
class Load:
    """What all athletes share."""

    url: str
    finisher: Finisher
    paces: dict[str, list[list[int]]]
    speed: float
    seed: int
    events: Counter[str] = field(default_factory=Counter)


class Athlete:
    """Trains set after set on two devices until told to stop; the devices keep the reps."""

    def __init__(self, load: Load, number: int) -> None:
        self.load = load
        self.user_id = f"athlete-{number}"
        self.chance = random.Random(f"athlete {load.seed} {number}")
        self.at_ms = time.time_ns() // 1_000_000 - BEGAN_AGO_MS
        self.devices: list[Device] = []
        self.last_device: dict[str, Device] = {}

    async def train(self, stop: asyncio.Event) -> None:
        """Do sets until the stop, with devices and an end chosen at random for each."""
        self.devices = [
            Device(self.load.url, self.user_id, f"d{number}", self.load.events)
            for number in range(2)
        ]
        await asyncio.gather(*(device.start() for device in self.devices))
        while not stop.is_set():
            play = self._choose(PLAYS)
            first, second = self.chance.sample(self.devices, 2)
            exercise, other = self.chance.sample(sorted(self.load.paces), 2)
            self.load.events[f"play: {play}"] += 1
            if play == "both":
                # two exercises: two sped-up devices on one would arrive too close together
                await asyncio.gather(
                    self.play_set(first, exercise, stop), self.play_set(second, other, stop)
                )
            elif play == "handover":
                # the first may still be sending, so reps of the two arrive in any order
                await self.play_set(first, exercise, stop)
                await self.play_set(second, other, stop)
                await self.play_set(second, exercise, stop)
            else:
                await self.play_set(
                    first, exercise, stop, speed=1e6 if play == "burst" else self.load.speed
                )
            await self.end_set(first, second, exercise)

    async def play_set(
        self, device: Device, exercise: str, stop: asyncio.Event, speed: float | None = None
    ) -> None:
        """Do a set at a person's pace, sped up, with the person's own times."""
        gaps = self.chance.choice(self.load.paces[exercise])
        await self.take_over(device, exercise)
        for gap_ms in gaps:
            if stop.is_set():
                return
            self.at_ms += gap_ms
            device.rep(exercise, self.at_ms)
            await asyncio.sleep(gap_ms / 1000 / (speed or self.load.speed))

    async def take_over(self, device: Device, exercise: str) -> None:
        """Continue an exercise on this device, a while after the other one has settled its reps."""
        before = self.last_device.get(exercise)
        if before not in (None, device):
            await before.settled(SETTLE_DEADLINE_S)
            await asyncio.sleep(HANDOVER_S)
        self.last_device[exercise] = device

    async def end_set(self, device: Device, other: Device, exercise: str) -> None:
        """Finish the set, or leave that to others."""
        end = self._choose(ENDS)
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

    def _choose(self, weights: dict[str, int]) -> str:
        return self.chance.choices(list(weights), weights=list(weights.values()))[0]


async def finish_for_others(load: Load, athletes: list[Athlete]) -> None:
    """Finish workouts while their athletes train, sometimes several at once, until cancelled."""
    chance = random.Random(f"others {load.seed}")
    while True:
        await asyncio.sleep(chance.uniform(0.05, 0.6))
        athlete, exercise = chance.choice(athletes), chance.choice(sorted(load.paces))
        load.events["finishes by others"] += 1
        await load.finisher.finish(athlete.user_id, exercise, at_once=chance.choice((1, 1, 2, 4)))
