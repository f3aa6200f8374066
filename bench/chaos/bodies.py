"""Athletes with a phone and a watch on one body, which see the same reps."""

import asyncio
import math
import random
from itertools import accumulate
from statistics import median
from typing import NamedTuple

from bench.chaos.athletes import AT_ONCE, REST_MS, Athlete, Load, MadeRep
from bench.chaos.devices import CLOCK_ERROR_MS, Device
from bench.chaos.recordings import BodySet
from bench.chaos.stage import Exercise

PHONE, WATCH = "phone", "watch"
# the watch is behind the phone or ahead of it, and its times vary
MOST_LAG_MS, LAG_SHARE, JITTER_MS = 400, 0.3, 60
ERROR_MS = JITTER_MS + CLOCK_ERROR_MS
LEAST_REPS = 8  # the service looks at as many intervals to learn the tempo
# reps that both see between two that one misses: else the misses would pass for the tempo
SEEN_BETWEEN = 4
MISS_SHARE = 0.5  # of the reps that may be missed
PLAYS = {"both worn": 4, "both worn, burst": 2, "one offline": 3, "one switched off": 3}


class Sighting(NamedTuple):
    """A rep as a device sees it (ms): when, and which rep of the body."""

    seen_ms: int
    device: str
    made_ms: int


class Away(NamedTuple):
    """When a device is away (ms, by the body's reps), and whether it sees reps meanwhile."""

    device: str = ""
    from_ms: float = math.inf
    until_ms: float = math.inf
    sees_reps: bool = True

    def includes(self, made_ms: int) -> bool:
        return self.from_ms <= made_ms < self.until_ms


class Body(Athlete):
    """Trains with a phone and a watch; either misses reps, goes offline or is switched off.

    Repeats one set for each exercise, so that the tempo that the service has learnt still holds.
    """

    device_names = (PHONE, WATCH)

    def __init__(self, load: Load, number: int) -> None:
        super().__init__(load, number)
        self.sets = {
            exercise: self.chance.choice(sets) for exercise, sets in sorted(load.body_sets.items())
        }
        self.lags_ms = {
            exercise: self.chance.randint(-own.most_lag_ms, own.most_lag_ms)
            for exercise, own in self.sets.items()
        }

    def most_apart_ms(self, exercise: str) -> int:
        return abs(self.lags_ms[exercise]) + ERROR_MS

    async def warm_up(self) -> None:
        exercise = min(self.sets)
        await self.play_together(exercise, self.time_reps(exercise), Away(), AT_ONCE)

    async def do_set(self) -> None:
        play, exercise = self.choose(PLAYS), self.chance.choice(sorted(self.sets))
        self.load.events[f"play: {play}"] += 1
        times, away = self.time_reps(exercise), Away()
        leaver, stayer = self.chance.sample(self.devices, 2)
        leaves_ms, returns_ms = sorted(self.chance.sample(times, 2))
        if play == "one offline":
            # perhaps only after the finish, which its reps then come after
            away = Away(leaver.name, leaves_ms, self.chance.choice((returns_ms, math.inf)))
        elif play == "one switched off":
            away = Away(leaver.name, leaves_ms, sees_reps=False)
        speed = AT_ONCE if play == "both worn, burst" else self.load.speed
        await self.play_together(exercise, times, away, speed)
        await self.end_set(stayer, leaver if leaver.online.is_set() else stayer, exercise)
        leaver.online.set()

    def time_reps(self, exercise: str) -> list[int]:
        """Return when the next set's reps are made (ms)."""
        times = list(accumulate(self.sets[exercise].gaps, initial=self.at_ms + REST_MS))
        self.at_ms = times[-1]
        return times

    async def play_together(
        self, exercise: str, times: list[int], away: Away, speed: float
    ) -> None:
        """Do a set, sped up, with the times at which the devices see the reps."""
        devices = {device.name: device for device in self.devices}
        sightings = plan_sightings(times, self.lags_ms[exercise], away, self.chance)
        before_ms = sightings[0].seen_ms
        for seen_ms, name, made_ms in sightings:
            await asyncio.sleep((seen_ms - before_ms) / 1000 / speed)
            if self.load.stop.is_set():
                break
            before_ms = seen_ms
            if away.device:
                move(devices[away.device], is_away=away.includes(made_ms))
            self.made.add(MadeRep(exercise, made_ms))
            devices[name].rep(exercise, seen_ms)

    async def leave(self) -> None:
        for device in self.devices:
            device.online.set()
        await super().leave()


def move(device: Device, *, is_away: bool) -> None:
    """Have a device offline or online."""
    if is_away and device.online.is_set():
        device.go_offline()
    elif not is_away:
        device.online.set()


def plan_sightings(
    times: list[int], lag_ms: int, away: Away, chance: random.Random
) -> list[Sighting]:
    """Return what a phone and a watch see of reps, in order; each rep is seen by one at least."""
    sightings, seen_by_both = [], 0
    for made_ms in times:
        blind = ""
        if not away.sees_reps and away.includes(made_ms):
            blind = away.device
        elif seen_by_both >= SEEN_BETWEEN and chance.random() < MISS_SHARE:
            blind = chance.choice((PHONE, WATCH))
        seen_by_both = 0 if blind else seen_by_both + 1
        watch_ms = made_ms + lag_ms + chance.randint(-JITTER_MS, JITTER_MS)
        sightings += [
            Sighting(seen_ms, name, made_ms)
            for name, seen_ms in ((PHONE, made_ms), (WATCH, watch_ms))
            if name != blind
        ]
    return sorted(sightings)


def find_body_sets(
    paces: dict[str, list[list[int]]], exercises: list[Exercise]
) -> dict[str, list[BodySet]]:
    """Return the sets in which two devices' times leave no doubt about which rep each one saw.

    Raises ValueError if there are none.
    """
    found: dict[str, list[BodySet]] = {}
    for exercise in exercises:
        for gaps in paces.get(exercise.slug, []):
            most_lag_ms = find_most_lag(gaps, exercise)
            if len(gaps) >= LEAST_REPS and most_lag_ms >= JITTER_MS:
                found.setdefault(exercise.slug, []).append(BodySet(gaps, most_lag_ms))
    if not found:
        raise ValueError("no set is slow and even enough for two devices")
    return found


def find_most_lag(gaps: list[int], exercise: Exercise) -> int:
    """Return how far a device may lag (ms) so that its rep is near the other's, and near no other.

    Near is half the usual interval, which the lag falsifies, and at first half the fastest typical
    tempo: see docs/protocol.md.
    """
    at_first_ms = exercise.typical_ms_low // 2
    return min(
        MOST_LAG_MS,
        int(LAG_SHARE * median(gaps)),
        at_first_ms - ERROR_MS,
        min(gaps) - max(at_first_ms, exercise.min_interval_ms) - ERROR_MS,
        # from min - lag - error > (max + lag + error) / 2
        (2 * min(gaps) - max(gaps)) // 3 - ERROR_MS,
    )
