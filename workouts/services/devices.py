"""Device memory: each device's last settled seq.

Redis keeps it for 48 hours, for 16 devices of an athlete and those with reps that are not saved.
The database keeps it for good, as of the device's last saved session.
"""

import asyncio
from collections.abc import Mapping
from itertools import chain
from typing import Any

import django.db
from django.db import connection

from workouts.live.greeting.batching import get_greeting_batcher
from workouts.live.runtime import get_live_store
from workouts.services.saved_seqs import get_saved_seq_collector

REDIS_DEADLINE_S = 3.0
HELLO_DEADLINE_S = 6.5  # a client has its answer within 7 s
MAX_LATELY_SAVED = 10_000
MOST_A_STATEMENT = 5000  # devices: databases take some ten thousand parameters
# what this process saved last, by user_id and device: if Redis has less, it was set back to an
# earlier state, by a backup, say
lately_saved: dict[tuple[str, str], int] = {}
# in SQL, since Django's upsert has no condition: a session may be saved after a later one
RAISE_LAST_SEQS = """
    INSERT INTO workouts_device (user_id, device_id, last_seq) VALUES {}
    ON CONFLICT (user_id, device_id) DO UPDATE SET last_seq = excluded.last_seq
    WHERE workouts_device.last_seq < excluded.last_seq
"""


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


def save_last_seqs_of_devices(seqs: Mapping[str, Mapping[str, int]]) -> None:
    """Raise devices' last seqs in the database to those of sessions that are being saved.

    They are given by athlete and device. One query, or none for sockets that name no device.
    """
    # sorted, since two saves that took the rows in different orders could deadlock
    raised = sorted(
        (user_id, device_id, seq)
        for user_id, of_athlete in seqs.items()
        for device_id, seq in of_athlete.items()
    )
    if len(lately_saved) > MAX_LATELY_SAVED:
        lately_saved.clear()
    for user_id, device_id, seq in raised:
        lately_saved[user_id, device_id] = max(seq, lately_saved.get((user_id, device_id), 0))
    for start in range(0, len(raised), MOST_A_STATEMENT):
        part = raised[start : start + MOST_A_STATEMENT]
        text = RAISE_LAST_SEQS.format(", ".join(["(%s, %s, %s)"] * len(part)))
        values: list[Any] = [*chain.from_iterable(part)]
        with connection.cursor() as cursor:
            cursor.execute(text, values)


def save_last_seqs_of_sealed(user_id: str, device_seqs: Mapping[str, int]) -> None:
    """Keep the device seqs of a session that stays sealed: it may wait longer than 48 hours."""
    for device_id, seq in device_seqs.items():
        get_live_store().raise_last_seq(user_id, device_id, seq)
