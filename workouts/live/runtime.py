"""One per process: the store, the clients, the key space."""

import functools

from django.conf import settings

from workouts.live.clients import SyncClient, connect_to_redis
from workouts.live.keys import RedisKeySpace
from workouts.live.store import LiveStore


@functools.cache
def get_live_store() -> LiveStore:
    """Return this process's store."""
    return LiveStore(connect_to_redis(settings.REDIS_URL), settings.SENIM_REDIS_PREFIX)


@functools.cache
def get_redis_client_of_layer() -> SyncClient:
    """Return this process's client for the Redis that the channel layer uses."""
    return connect_to_redis(settings.CHANNELS_REDIS_URL)


@functools.cache
def get_redis_key_space() -> RedisKeySpace:
    """Return the key space of this deployment."""
    return RedisKeySpace(settings.SENIM_REDIS_PREFIX)
