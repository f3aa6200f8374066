"""Devices that say hello to the live store, without a socket."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeVar

from asgiref.sync import async_to_sync
from django.conf import settings

from workouts.live.greeting.batching import GreetingBatcher
from workouts.live.runtime import get_live_store, get_redis_key_space
from workouts.live.sessions import LiveSession

T = TypeVar("T")
OTHER_HISTORY = "0123456789abcdef"


def greet(play: Callable[[GreetingBatcher], Awaitable[T]], url: str | None = None) -> T:
    """Return what `play` does with a batcher of its own."""

    async def run() -> T:
        batcher = GreetingBatcher(url or settings.REDIS_URL, get_redis_key_space())
        try:
            return await play(batcher)
        finally:
            await batcher.close()

    return async_to_sync(run)()


class Memory(NamedTuple):
    """What a device's hello finds in Redis."""

    last_seq: int
    is_whole: bool


UNKNOWN = Memory(0, is_whole=False)


async def meet_with(
    batcher: GreetingBatcher, user_id: str, device: str, saved_seq: int | None = None
) -> Memory:
    """Say hello, and again with what the database has, if that is given."""
    memory = await batcher.meet_device(user_id, device)
    if saved_seq is not None:
        memory = await batcher.meet_device(user_id, device, saved_seq, memory.history)
    return Memory(memory.last_seq, memory.is_whole)


def meet(user_id: str, device: str, saved_seq: int | None = None) -> Memory:
    return greet(lambda batcher: meet_with(batcher, user_id, device, saved_seq))


def read_sessions(user_id: str, *exercises: str) -> list[LiveSession]:
    return greet(lambda batcher: batcher.read_sessions(user_id, exercises))


def list_devices(user_id: str) -> set[str]:
    """Return the devices that are remembered."""
    found = get_live_store().client.hkeys(get_redis_key_space().devices(user_id))
    return {device.decode() for device in found}


def note_hello(user_id: str, device: str, *, ago_ms: int = 0, history: str | None = None) -> None:
    """Note that a device said hello so long ago, or in another history of the server's writes."""
    client, key = get_live_store().client, get_redis_key_space().devices(user_id)
    time, now_history = client.hget(key, device).decode().split()
    client.hset(key, device, f"{int(time) - ago_ms} {history or now_history}")


def has_memory(user_id: str, device: str) -> bool:
    return bool(get_live_store().client.exists(get_redis_key_space().device(user_id, device)))
