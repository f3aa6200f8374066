"""What an event loop hears over the channel layer: one channel for all the groups that it is in."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from channels.layers import get_channel_layer

from workouts.live.clients import REDIS_AWAY

TRY_AGAIN_S = 1.0
LAYER_AWAY = (*REDIS_AWAY, OSError, TimeoutError)
Event = dict[str, Any]
log = structlog.get_logger(__name__)


class Subscription:
    """Hands each event that comes to `hear`."""

    def __init__(self, hear: Callable[[Event], None]) -> None:
        self._hear = hear
        self._channel = ""
        self._opening = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run it in a task that is kept. None is cancelled: a subscription that is cut off would leave the layer's connection half made."""
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def join(self, group: str, *, is_wanted: Callable[[], bool] = lambda: True) -> None:
        """Hear a group's events. It tries until it can, or is not wanted any more."""
        while is_wanted():
            try:
                await get_channel_layer().group_add(group, await self.open())
            except LAYER_AWAY as error:
                log.warning("updates_not_heard", error=str(error))
                await asyncio.sleep(TRY_AGAIN_S)
            else:
                break
        if not is_wanted():
            await self.leave(group)  # it was wanted no more while it joined

    async def leave(self, group: str) -> None:
        """Hear no more of a group."""
        if not self._channel:
            return
        try:
            await get_channel_layer().group_discard(group, self._channel)
        except LAYER_AWAY as error:
            log.warning("group_not_left", error=str(error))

    async def open(self) -> str:
        """Return the name of the channel, to which others can send."""
        async with self._opening:
            if not self._channel:
                self._channel = await get_channel_layer().new_channel()
                self.start(self._relay())
        return self._channel

    async def _relay(self) -> None:
        while True:
            try:
                self._hear(await get_channel_layer().receive(self._channel))
            except Exception:
                log.exception("update_not_relayed")
                await asyncio.sleep(TRY_AGAIN_S)
