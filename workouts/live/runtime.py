"""The live store of this process, and the batcher of each event loop."""

import asyncio
import functools
import weakref

from django.conf import settings

from workouts.live.clients import SyncClient, connect
from workouts.live.counting.batching import RepBatcher
from workouts.live.keys import KeySpace
from workouts.live.store import LiveStore

_batchers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, RepBatcher] = (
    weakref.WeakKeyDictionary()
)


@functools.cache
def get_store() -> LiveStore:
    """Return this process's store."""
    return LiveStore(connect(settings.REDIS_URL), settings.SENIM_REDIS_PREFIX)


@functools.cache
def get_layer_client() -> SyncClient:
    """Return this process's client for the Redis that the channel layer uses."""
    return connect(settings.CHANNELS_REDIS_URL)


@functools.cache
def get_key_space() -> KeySpace:
    """Return the key space of this deployment."""
    return KeySpace(settings.SENIM_REDIS_PREFIX)


def get_batcher() -> RepBatcher:
    """Return the batcher of the running event loop."""
    loop = asyncio.get_running_loop()
    batcher = _batchers.get(loop)
    if batcher is None:
        batcher = _batchers[loop] = RepBatcher(settings.REDIS_URL)
    return batcher
