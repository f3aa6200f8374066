"""Reps as devices send them, passed to the live store with time as an argument."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

from asgiref.sync import async_to_sync
from django.conf import settings

from workouts.live.counting.batching import RepBatcher
from workouts.live.counting.packing import PackedGates, pack_rep_keys, pack_rep_stamp
from workouts.live.keys import hash_tag_of_user
from workouts.live.runtime import get_live_store, get_redis_key_space
from workouts.live.sessions import SealedSession, SessionName
from workouts.tests.support.cast import STARTED_MS, gates, seal

PHONE, WATCH = "phone", "watch"
DAY_MS = 86_400_000
MEMORY_S = 172_800
MAX_SEQ = 2**53 - 1


class Sent(NamedTuple):
    """A rep as a device sends it: times in ms after STARTED_MS, `at` None if it gives no time."""

    seq: int
    arrival: int
    at: int | None = None
    device: str = PHONE
    known: int = 0
    exercise: str = "squat"
    offset: int | None = None  # the clock offset by which `at` was corrected


class Told(NamedTuple):
    """The result for a device's rep."""

    verdict: int
    count: int
    retry_after_ms: int
    session_id: bytes


async def send_async(
    user_id: str, reps: Sequence[Sent], *, at_once: bool, limits: PackedGates | None
) -> list[Told]:
    clock = itertools.chain((rep.arrival for rep in reps), itertools.repeat(0))
    batcher = RepBatcher(settings.REDIS_URL, now_ms=lambda: STARTED_MS + next(clock))
    source = batcher.open_source(hash_tag_of_user(user_id))
    verdicts: list[Told] = []
    for rep in reps:
        at_ms = None if rep.at is None else STARTED_MS + rep.at
        keys = pack_rep_keys(
            get_redis_key_space().live(user_id, rep.exercise),
            get_redis_key_space().device(user_id, rep.device),
        )
        stamp = pack_rep_stamp(rep.device, rep.seq, at_ms, rep.known, rep.offset)
        source.submit(
            keys,
            limits or gates(),
            lambda verdict: verdicts.append(Told._make(verdict)),
            stamp=stamp,
        )
        if not at_once:
            await batcher.settled()
    await batcher.close()
    return verdicts


def send(
    user_id: str, *reps: Sent, at_once: bool = False, limits: PackedGates | None = None
) -> list[Told]:
    """Send each rep in its own call, or all `at_once` when the first arrives."""
    return async_to_sync(send_async)(user_id, reps, at_once=at_once, limits=limits)


def verdicts_of(told: Sequence[Told]) -> list[tuple[int, int]]:
    return [(said.verdict, said.count) for said in told]


def read_one(user_id: str) -> SealedSession:
    (session_id,) = seal(user_id)
    sealed = get_live_store().read(SessionName(user_id, "squat", session_id))
    assert sealed is not None
    return sealed


def offsets(sealed: SealedSession) -> list[int]:
    return [rep.at_ms - STARTED_MS for rep in sealed.reps]


def forget(user_id: str, device: str = PHONE) -> None:
    """Delete the device's memory, as it is lost after 48 hours or in a failover."""
    get_live_store().client.delete(get_redis_key_space().device(user_id, device))
