"""One per process: the store, the clients, the key space."""

import functools

from django.conf import settings

from workouts.live.clients import SyncClient, connect
from workouts.live.keys import KeySpace
from workouts.live.store import LiveStore


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
