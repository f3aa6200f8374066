"""Threads for what blocks, of their own for each part: waiting for a database that is away holds up nothing that Redis answers."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from channels.db import database_sync_to_async

T = TypeVar("T")
for_redis = ThreadPoolExecutor(8, "redis")
for_database = ThreadPoolExecutor(16, "database")
for_exports = ThreadPoolExecutor(
    2, "export"
)  # more would only share the interpreter with each other, and with the reps


async def in_thread(executor: ThreadPoolExecutor, act: Callable[[], T], *, timeout_s: float) -> T:
    """Do what blocks in a thread. Raises TimeoutError where it takes longer; the thread is busy until it is done all the same."""
    async with asyncio.timeout(timeout_s):
        done: T = await database_sync_to_async(act, thread_sensitive=False, executor=executor)()
    return done
