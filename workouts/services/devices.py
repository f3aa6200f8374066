"""Device memory: each device's last settled seq.

Redis keeps it for 48 hours, for 16 devices of an athlete and those with reps that are not saved.
The database keeps it for good, as of the device's last saved session.
"""

import asyncio
from collections.abc import Mapping

import django.db

from workouts.live.greeting.batching import get_greeting_batcher
from workouts.live.runtime import get_live_store
from workouts.models import Device
from workouts.services.saved_seqs import get_saved_seq_collector

REDIS_DEADLINE_S = 3.0
HELLO_DEADLINE_S = 6.5  # a client has its answer within 7 s
MAX_LATELY_SAVED = 10_000
# what this process saved last, by user_id and device: if Redis has less, it was set back to an
# earlier state, by a backup, say
lately_saved: dict[tuple[str, str], int] = {}


async def find_last_seq_of_device(*, user_id: str, device: str) -> int:
    """Return the highest seq settled for a device, from Redis and the saved sessions, or 0.

    The database is asked only about a device that Redis does not know, or may know less of since a
    failover. Raises redis.RedisError or TimeoutError if Redis is unavailable, and django.db.Error
    if the database is and Redis does not remember the device.
    """
    async with asyncio.timeout(HELLO_DEADLINE_S):
        memory = await get_greeting_batcher().meet_device(user_id, device)
        is_known = memory.is_whole and memory.last_seq >= lately_saved.get((user_id, device), 0)
        while not is_known:
            try:
                saved_seq = await get_saved_seq_collector().find(user_id, device)
            except django.db.Error:
                if memory.last_seq or memory.is_whole:
                    break
                raise
            memory = await get_greeting_batcher().meet_device(
                user_id, device, saved_seq, memory.history
            )
            is_known = memory.is_whole
    return memory.last_seq


def save_last_seqs_of_devices(user_id: str, device_seqs: Mapping[str, int]) -> None:
    """Raise the devices' last seqs in the database to those of a session that is being saved."""
    if len(lately_saved) > MAX_LATELY_SAVED:
        lately_saved.clear()
    # sorted, since two saves that took the rows in different orders could deadlock
    for device_id, seq in sorted(device_seqs.items()):
        lately_saved[user_id, device_id] = seq
        device, created = Device.objects.get_or_create(
            athlete_id=user_id, device_id=device_id, defaults={"last_seq": seq}
        )
        if not created:
            Device.objects.filter(pk=device.pk, last_seq__lt=seq).update(last_seq=seq)


def save_last_seqs_of_sealed(user_id: str, device_seqs: Mapping[str, int]) -> None:
    """Keep the device seqs of a session that stays sealed: it may wait longer than 48 hours."""
    for device_id, seq in device_seqs.items():
        get_live_store().raise_last_seq(user_id, device_id, seq)
