"""An event loop's subscription to the channel layer: one channel for all the groups it joins."""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any

import msgspec
import structlog
from channels.layers import get_channel_layer

from workouts.events.messages import Message, decode_channel_message
from workouts.live.clients import REDIS_AWAY
from workouts.log_limits import limit_log
from workouts.outages import log_outage

RETRY_S = 1.0
LAYER_AWAY = (*REDIS_AWAY, OSError, TimeoutError)
log = structlog.get_logger(__name__)


class ChannelSubscription:
    """Calls `receive` with each message that arrives."""

    def __init__(self, receive: Callable[[Message], None]) -> None:
        self._receive = receive
        self._channel = ""
        self._opening = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a coroutine in a task and keep a reference to it.

        These tasks are never cancelled: a join cut short would leave the layer's connection
        half made. Since sockets share them, they do not log under the request ID of the one that
        came first.
        """
        loop = asyncio.get_running_loop()
        task: asyncio.Task[None] = loop.create_task(coroutine, context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def join(self, group: str, *, is_wanted: Callable[[], bool] = lambda: True) -> None:
        """Join a group, retrying until it works or `is_wanted` returns false."""
        while is_wanted():
            try:
                await get_channel_layer().group_add(group, await self.open())
            except LAYER_AWAY as error:
                log_outage("group_join_failed", error, group=group)
                await asyncio.sleep(RETRY_S)
            else:
                break
        if not is_wanted():
            await self.leave(group)  # the last listener left during the join

    async def leave(self, group: str) -> None:
        """Leave a group."""
        if not self._channel:
            return
        try:
            await get_channel_layer().group_discard(group, self._channel)
        except LAYER_AWAY as error:
            log_outage("group_leave_failed", error, group=group)

    async def open(self) -> str:
        """Return the name of the channel that others can send to."""
        async with self._opening:
            if not self._channel:
                self._channel = await get_channel_layer().new_channel()
                self.start(self._relay())
        return self._channel

    async def _relay(self) -> None:
        while True:
            try:
                self._receive(
                    decode_channel_message(await get_channel_layer().receive(self._channel))
                )
            except msgspec.ValidationError as error:
                limit_log("message_skipped", error=str(error))
            except Exception:
                log.exception("message_failed")
                await asyncio.sleep(RETRY_S)
