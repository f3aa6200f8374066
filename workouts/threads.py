"""Thread pools for blocking calls, one for each service they wait for.

Calls that wait for an unavailable database leave those that Redis can answer alone.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from channels.db import database_sync_to_async

T = TypeVar("T")
for_redis = ThreadPoolExecutor(8, "redis")
for_database = ThreadPoolExecutor(16, "database")
# exports keep the CPU busy: more threads would only compete with each other, and with the reps
for_exports = ThreadPoolExecutor(2, "export")


async def in_thread(executor: ThreadPoolExecutor, act: Callable[[], T], *, timeout_s: float) -> T:
    """Run a blocking call in a thread. Raises TimeoutError if it takes longer than `timeout_s`.

    The thread stays busy until the call ends, even after the timeout.
    """
    async with asyncio.timeout(timeout_s):
        done: T = await database_sync_to_async(act, thread_sensitive=False, executor=executor)()
    return done
