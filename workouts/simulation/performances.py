"""Plays one athlete against the live store, without waiting, and saves and flags the session."""

import itertools
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings

from workouts.live.counting.batching import RepBatcher
from workouts.live.counting.packing import PackedRepKeys, pack_rep_keys, pack_rep_stamp
from workouts.live.counting.verdicts import RepResult, Verdict
from workouts.live.keys import hash_tag_of_user
from workouts.live.runtime import get_redis_key_space
from workouts.services.finishing import finish_workout
from workouts.simulation.behaviours import SimulatedRep, perform_behaviour
from workouts.sockets.catalogue import catalogue

SLACK_REPS = 2  # a change of devices may cost this many as well
STARTED_MS = 1_763_839_190_000


@dataclass(slots=True)
class PlayedSet:
    """What happened to one athlete's reps; `made` is how many a body really made."""

    sent: int
    made: int
    verdicts: Counter[str] = field(default_factory=Counter)
    flags: list[dict[str, Any]] = field(default_factory=list)

    def is_stopped(self) -> bool:
        """Return whether the gates kept the count within two of what was made.

        If nothing was made, refusing any rep is enough.
        """
        refused = self.verdicts.total() - self.verdicts["counted"]
        is_kept = not self.made or self.verdicts["counted"] <= self.made + SLACK_REPS
        return bool(refused) and is_kept


async def play_simulated_performance(
    behaviour: str, exercise: str, times: list[int], *, seed: object
) -> PlayedSet:
    """Play a set with a behaviour, and finish it."""
    performance = perform_behaviour(behaviour, times, seed)
    user_id = f"{behaviour}-{uuid.uuid4().hex[:12]}"
    outcome = PlayedSet(len(performance.frames), performance.made)
    await sync_to_async(catalogue.refresh)()
    await send_simulated_performance(user_id, exercise, performance.frames, outcome)
    saved = await sync_to_async(finish_workout)(user_id=user_id, exercise_type=exercise)
    if saved.total_reps != outcome.verdicts["counted"]:
        raise AssertionError(f"{user_id}: {outcome.verdicts} and {saved.total_reps} saved")
    outcome.flags = saved.flags
    return outcome


async def send_simulated_performance(
    user_id: str, exercise: str, frames: list[SimulatedRep], outcome: PlayedSet
) -> None:
    limits = catalogue.find(exercise)
    if limits is None:
        raise LookupError(exercise)
    now_ms = STARTED_MS
    batcher = RepBatcher(settings.REDIS_URL, now_ms=lambda: now_ms)
    source = batcher.open_source(hash_tag_of_user(user_id))
    keys = {
        device: keys_of_simulated_rep(user_id, exercise, device)
        for device in {frame.device for frame in frames}
    }

    def note(result: RepResult | None) -> None:
        if result is None:
            raise TimeoutError("Redis did not answer")
        outcome.verdicts[Verdict(result[0]).name.lower()] += 1

    # reps that arrive at the same moment share a call, as in the service
    for arrival_ms, together in itertools.groupby(frames, key=lambda frame: frame.arrival_ms):
        now_ms = STARTED_MS + arrival_ms
        for frame in together:
            source.submit(
                keys[frame.device],
                limits.gates,
                note,
                stamp=stamp_of_simulated_rep(frame),
            )
        await batcher.settled()
    await batcher.close()


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
