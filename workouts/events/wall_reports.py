"""What processes with phones report to the walls that coaches watch.

Nothing is sent while no wall is open, and a counted rep then costs one check for None. A process
with walls announces every few seconds which athletes they watch. Each process with phones then
sends it numbered reports about those athletes alone, a few a second. A gap in the numbers makes the
walls read a new snapshot.
"""

import asyncio
import time
import uuid
import weakref
from collections import Counter
from contextvars import Context
from dataclasses import dataclass
from typing import NamedTuple

from channels.layers import get_channel_layer

from workouts.clock import now_ms
from workouts.events.groups import REPORTERS, WALLS
from workouts.events.messages import (
    Message,
    RepReport,
    RollCall,
    WallReport,
    WallWatch,
    encode_channel_message,
)
from workouts.events.subscription import LAYER_AWAY, ChannelSubscription
from workouts.events.watched import NO_ONE, WatchedAthletes, join_watched_athletes
from workouts.outages import log_outage

REPORT_EVERY_S = 0.4
WATCH_TTL_S = 10.0  # a process not heard from for this long is considered gone


class Changed(NamedTuple):
    """An athlete's live session that changed."""

    user_id: str
    exercise_type: str


@dataclass(slots=True)
class Watch:
    """What a process with walls watches, and when it last said so (s, monotonic)."""

    watched: WatchedAthletes
    heard_at: float
    reports: int = 0  # sent to it


class ChannelReporter:
    """Reports to the walls what the athletes connected to one event loop do.

    `watched` is None while no wall is open.
    """

    def __init__(self) -> None:
        self.watched: WatchedAthletes | None = None
        self._name = uuid.uuid4().hex
        self._watches: dict[str, Watch] = {}
        self._sockets: Counter[str] = Counter()
        self._reps: dict[Changed, tuple[int, int]] = {}
        self._moved: set[str] = set()
        self._task: asyncio.Task[None] | None = None
        self._subscription = ChannelSubscription(self._receive)
        self._is_subscribed = False

    def arrive(self, user_id: str) -> None:
        """Note that an athlete connected."""
        if not self._is_subscribed:
            self._is_subscribed = True
            self._subscription.start(self._subscribe())
        self._sockets[user_id] += 1
        self._note_move(user_id)

    def leave(self, user_id: str) -> None:
        """Note that one of an athlete's connections closed."""
        self._sockets[user_id] -= 1
        if not self._sockets[user_id]:
            del self._sockets[user_id]
        self._note_move(user_id)

    def count_sockets(self, user_id: str) -> int:
        """Return how many connections an athlete has to this process."""
        return self._sockets[user_id]

    def note(self, changed: Changed, reps: int) -> None:
        """Note a counted rep."""
        watched = self.watched
        if watched and watched.includes(changed.user_id):
            self._reps[changed] = (reps, now_ms())
            self._report_soon()

    def _note_move(self, user_id: str) -> None:
        if self.watched and self.watched.includes(user_id):
            self._moved.add(user_id)
            self._report_soon()

    def _report_soon(self) -> None:
        if self._task is None:
            loop = asyncio.get_running_loop()
            self._task = loop.create_task(self._report(), context=Context())

    async def _report(self) -> None:
        await asyncio.sleep(REPORT_EVERY_S)
        reps, self._reps, moved, self._moved, self._task = self._reps, {}, self._moved, set(), None
        self._forget_silent()
        for channel, watch in [*self._watches.items()]:
            counted = [
                RepReport(*changed, *state)
                for changed, state in reps.items()
                if watch.watched.includes(changed.user_id)
            ]
            moves = {
                user_id: user_id in self._sockets
                for user_id in moved
                if watch.watched.includes(user_id)
            }
            if counted or moves:
                await self._send(channel, watch, counted, moves)

    async def _send(
        self,
        channel: str,
        watch: Watch,
        reps: list[RepReport],
        moves: dict[str, bool],
        present: list[str] | None = None,
    ) -> None:
        watch.reports += 1
        report = WallReport(self._name, watch.reports, reps, moves, present)
        try:
            await get_channel_layer().send(channel, encode_channel_message(report))
        except LAYER_AWAY as error:
            log_outage("report_not_sent", error)

    async def _subscribe(self) -> None:
        await self._subscription.join(REPORTERS)
        try:
            await get_channel_layer().group_send(WALLS, encode_channel_message(RollCall()))
        except LAYER_AWAY as error:
            # the walls' processes announce themselves within seconds anyway
            log_outage("roll_call_not_sent", error)

    def _receive(self, message: Message) -> None:
        if isinstance(message, WallWatch):
            self._take_watch(message)
            self._renew_watched()

    def _take_watch(self, message: WallWatch) -> None:
        channel, watched = message.channel, WatchedAthletes(message.user_ids)
        watch = self._watches.get(channel)
        if watched == NO_ONE:
            self._watches.pop(channel, None)
            return
        is_new = watch is None or watch.watched != watched
        if watch is None:
            watch = self._watches[channel] = Watch(watched, 0.0)
        watch.watched, watch.heard_at = watched, time.monotonic()
        present = None
        if is_new or message.fresh:
            present = [user_id for user_id in self._sockets if watched.includes(user_id)]
        # sent even if there is nothing to say: it shows whether an earlier report was lost
        self._subscription.start(self._send(channel, watch, [], {}, present))

    def _forget_silent(self) -> None:
        earliest = time.monotonic() - WATCH_TTL_S
        silent = [channel for channel, watch in self._watches.items() if watch.heard_at < earliest]
        for channel in silent:
            del self._watches[channel]
        if silent:
            self._renew_watched()

    def _renew_watched(self) -> None:
        watches = self._watches.values()
        self.watched = (
            join_watched_athletes(watch.watched for watch in watches) if watches else None
        )


_reporters: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, ChannelReporter] = (
    weakref.WeakKeyDictionary()
)


def get_channel_reporter() -> ChannelReporter:
    """Return the running event loop's reporter."""
    loop = asyncio.get_running_loop()
    reporter = _reporters.get(loop)
    if reporter is None:
        reporter = _reporters[loop] = ChannelReporter()
    return reporter
