"""Plays one athlete against the live store, without waiting, and saves and flags the sessions."""

import itertools
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings

from workouts.live.counting.batching import RepBatcher
from workouts.live.counting.packing import PackedRepKeys, pack_rep_keys, pack_rep_stamp
from workouts.live.counting.verdicts import RepResult, Verdict
from workouts.live.keys import hash_tag_of_user
from workouts.live.runtime import get_redis_key_space
from workouts.models import WorkoutSession
from workouts.services.finishing import finish_workout
from workouts.simulation.behaviours.frames import SetToPlay, SimulatedRep
from workouts.simulation.behaviours.kinds import perform_behaviour
from workouts.sockets.catalogue import ExerciseLimits, catalogue

SLACK_REPS = 2  # a change of devices may cost this many as well
STARTED_MS = 1_763_839_190_000


@dataclass(slots=True)
class PlayedSet:
    """What happened to one athlete's reps; `made` is how many a body really made."""

    sent: int
    made: int
    verdicts: Counter[str] = field(default_factory=Counter)
    flags: list[dict[str, Any]] = field(default_factory=list)

    def is_exact(self) -> bool:
        """Return whether what was made was counted: no rep less, no rep more."""
        return bool(self.made) and self.verdicts["counted"] == self.made

    def is_stopped(self) -> bool:
        """Return whether the gates kept the count within two of what was made.

        If nothing was made, refusing any rep is enough.
        """
        refused = self.verdicts.total() - self.verdicts["counted"]
        is_kept = not self.made or self.verdicts["counted"] <= self.made + SLACK_REPS
        return bool(refused) and is_kept

    def flag_names(self) -> set[str]:
        return {flag["flag"] for flag in self.flags}


async def play_simulated_performance(kind: str, played: SetToPlay, *, seed: object) -> PlayedSet:
    """Play a set as an athlete of this kind, and finish every workout."""
    performance = perform_behaviour(kind, played, seed)
    user_id = f"{kind}-{uuid.uuid4().hex[:12]}"
    outcome = PlayedSet(len(performance.frames), performance.made)
    await sync_to_async(catalogue.refresh)()
    sender = PerformanceSender(user_id, played.exercise, outcome.verdicts)
    await sender.send(performance.frames)
    await finish_simulated_workouts(user_id, performance.exercises(played.exercise))
    # the flags of a session may change when a later one is saved
    saved = [row async for row in WorkoutSession.objects.filter(athlete_id=user_id)]
    total = sum(row.total_reps for row in saved)
    if total != outcome.verdicts["counted"]:
        raise AssertionError(f"{user_id}: {outcome.verdicts} and {total} saved")
    outcome.flags = [flag for row in saved for flag in row.flags]
    return outcome


async def finish_simulated_workouts(user_id: str, exercises: Iterable[str]) -> None:
    for exercise in exercises:
        await sync_to_async(finish_workout)(user_id=user_id, exercise_type=exercise)


class PerformanceSender:
    """Counts an athlete's frames in simulated time, and notes the verdicts."""

    def __init__(self, user_id: str, exercise: str, verdicts: Counter[str]) -> None:
        self._user_id = user_id
        self._exercise = exercise
        self._verdicts = verdicts
        self._now_ms = STARTED_MS
        self._keys: dict[tuple[str, str], PackedRepKeys] = {}

    async def send(self, frames: Sequence[SimulatedRep]) -> None:
        """Count all frames; those that arrive at the same moment share a call, as in the service.

        A frame that finishes a workout finishes it for every frame of its moment.
        """
        batcher = RepBatcher(settings.REDIS_URL, now_ms=lambda: self._now_ms)
        source = batcher.open_source(hash_tag_of_user(self._user_id))
        for arrival_ms, group in itertools.groupby(frames, key=lambda frame: frame.arrival_ms):
            self._now_ms = STARTED_MS + arrival_ms
            together = list(group)
            for frame in together:
                gates = self._limits_of(frame).gates
                stamp = stamp_of_simulated_rep(frame)
                source.submit(self._keys_of(frame), gates, self._note, stamp=stamp)
            await batcher.settled()
            finished = (frame.exercise or self._exercise for frame in together if frame.then_finish)
            await finish_simulated_workouts(self._user_id, finished)
        await batcher.close()

    def _note(self, result: RepResult | None) -> None:
        if result is None:
            raise TimeoutError("Redis did not answer")
        self._verdicts[Verdict(result[0]).name.lower()] += 1

    def _limits_of(self, frame: SimulatedRep) -> ExerciseLimits:
        limits = catalogue.find(frame.exercise or self._exercise)
        if limits is None:
            raise LookupError(frame.exercise or self._exercise)
        return limits

    def _keys_of(self, frame: SimulatedRep) -> PackedRepKeys:
        name = (frame.exercise or self._exercise, frame.device)
        if name not in self._keys:
            self._keys[name] = keys_of_simulated_rep(self._user_id, *name)
        return self._keys[name]


def keys_of_simulated_rep(user_id: str, exercise: str, device: str) -> PackedRepKeys:
    space = get_redis_key_space()
    return pack_rep_keys(
        space.live(user_id, exercise), space.device(user_id, device) if device else None
    )


def stamp_of_simulated_rep(frame: SimulatedRep) -> bytes:
    """Return a device's stamp, its clock right when it said hello; none for a plain socket."""
    if not frame.device or frame.seq is None:
        return b""
    at_ms = None if frame.at_ms is None else STARTED_MS + frame.at_ms
    return pack_rep_stamp(frame.device, frame.seq, at_ms, known_seq=0, offset_ms=0)
