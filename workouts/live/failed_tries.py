"""How many tries from an address failed within a minute, counted over all processes."""

from typing import NamedTuple

from workouts.live import scripts
from workouts.live.runtime import get_live_store

WINDOW_MS = 60_000


class FailedTries(NamedTuple):
    """A number of failed tries, and after how long (ms) they are forgotten."""

    number: int
    ends_in_ms: int


def read_failed_tries(network: str) -> FailedTries:
    """Return the network's failed tries. Raises redis.RedisError if Redis is unavailable."""
    store = get_live_store()
    key = store.keys.failed_tries(network)
    number = int(store.client.get(key) or 0)
    return FailedTries(number, max(0, store.client.pttl(key)) if number else 0)


def count_failed_try(network: str) -> FailedTries:
    """Count another one and return how many there are; errors as above."""
    store = get_live_store()
    key = store.keys.failed_tries(network)
    return FailedTries(*store.client.eval(scripts.FAILED_TRY.text, 1, key, WINDOW_MS))
