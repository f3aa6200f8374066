"""Thread pools for blocking calls, one for each kind of question.

A flood of one kind waits behind itself, and calls that wait for an unavailable database leave those
that Redis can answer alone. HTTP requests have threads of their own, in senim/http/places.py.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from channels.db import database_sync_to_async

T = TypeVar("T")
# hellos of devices that Redis does not know, one query for many; another thread for the next try
# while a database that does not answer holds the first
for_saved_seqs = ThreadPoolExecutor(2, "saved-seq")
# with those over HTTP they are saved in groups, by one thread at a time
for_finishes = ThreadPoolExecutor(8, "socket-finish")
# what nobody waits for: refusals to note, news to publish
for_notes = ThreadPoolExecutor(2, "note")
for_walls = ThreadPoolExecutor(4, "wall")
# a Redis that does not answer must not delay the walls
for_set_progress = ThreadPoolExecutor(1, "set-progress")
# an identity provider that does not answer must not delay the revocations
for_provider_keys = ThreadPoolExecutor(2, "provider-keys")
for_revocations = ThreadPoolExecutor(1, "revocations")
for_seen_devices = ThreadPoolExecutor(1, "seen-devices")
# exports keep the CPU busy: more threads would only compete with each other, and with the reps
for_exports = ThreadPoolExecutor(2, "export")


async def in_thread(executor: ThreadPoolExecutor, act: Callable[[], T], *, timeout_s: float) -> T:
    """Run a blocking call in a thread. Raises TimeoutError if it takes longer than `timeout_s`.

    The thread stays busy until the call ends, even after the timeout.
    """
    async with asyncio.timeout(timeout_s):
        done: T = await database_sync_to_async(act, thread_sensitive=False, executor=executor)()
    return done
