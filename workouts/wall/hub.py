"""A process with open walls: it announces whom they watch, and receives reports."""

import asyncio
import time
import weakref
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from channels.layers import get_channel_layer

from workouts.events.groups import REPORTERS, WALLS
from workouts.events.messages import (
    Message,
    RollCall,
    WallFinished,
    WallReport,
    WallWatch,
    encode_channel_message,
)
from workouts.events.subscription import LAYER_AWAY, ChannelSubscription
from workouts.events.wall_reports import WATCH_TTL_S
from workouts.events.watched import WatchedAthletes, join_watched_athletes
from workouts.live.sessions import SessionName
from workouts.outages import log_outage
from workouts.wall.set_progress import SetProgressReader

ANNOUNCE_EVERY_S = 4.0


class Wall(Protocol):
    """A wall that a coach has open."""

    watched: WatchedAthletes

    def apply(self, message: WallReport | WallFinished) -> None:
        """Apply a change."""

    def list_live(self) -> Iterable[SessionName]:
        """Return the live sessions that the wall shows."""

    def invalidate(self) -> None:
        """Read a new snapshot: a change may have been missed."""


@dataclass(slots=True)
class Source:
    """A process with phones: the number and time (s, monotonic) of its last report, and who is
    connected to it.
    """

    number: int
    heard_at: float
    present: set[str] = field(default_factory=set)


class WallHub:
    """Connects an event loop's walls with the processes that phones are connected to."""

    def __init__(self) -> None:
        self.set_progress = SetProgressReader()
        self._walls: list[Wall] = []
        self._sources: dict[str, Source] = {}
        self._subscription = ChannelSubscription(self._receive)
        self._announcement_due = asyncio.Event()
        self._announcing: asyncio.Task[None] | None = None

    def open(self, wall: Wall) -> None:
        """Start reporting to a wall."""
        self._walls.append(wall)
        self.announce()
        if self._announcing is None:
            self._announcing = self._subscription.start(self._announce_while_open())

    def close(self, wall: Wall) -> None:
        """Stop reporting to a wall."""
        self._walls.remove(wall)
        self.announce()

    def announce(self) -> None:
        """Announce soon whom the walls watch, because that changed."""
        self._announcement_due.set()

    def is_online(self, user_id: str) -> bool:
        """Return whether the athlete is connected to any process."""
        return any(user_id in source.present for source in self._sources.values())

    async def _announce_while_open(self) -> None:
        await self._subscription.join(WALLS)
        while self._walls:
            self._announcement_due.clear()
            await self._send_watch(fresh=False)
            self._forget_silent()
            self._forget_unwatched()
            try:
                await asyncio.wait_for(self._announcement_due.wait(), ANNOUNCE_EVERY_S)
            except TimeoutError:
                continue
        self._announcing = None
        self._sources.clear()
        self._forget_unwatched()
        await self._send_watch(fresh=False)

    async def _send_watch(self, *, fresh: bool) -> None:
        watched = join_watched_athletes(wall.watched for wall in self._walls)
        try:
            watch = WallWatch(await self._subscription.open(), watched.user_ids, fresh)
            await get_channel_layer().group_send(REPORTERS, encode_channel_message(watch))
        except LAYER_AWAY as error:
            log_outage("watch_not_sent", error)

    def _forget_silent(self) -> None:
        earliest = time.monotonic() - WATCH_TTL_S
        silent = [name for name, source in self._sources.items() if source.heard_at < earliest]
        for name in silent:
            del self._sources[name]
        if silent:
            self._invalidate()

    def _forget_unwatched(self) -> None:
        self.set_progress.keep_only({name for wall in self._walls for name in wall.list_live()})

    def _invalidate(self) -> None:
        for wall in self._walls:
            wall.invalidate()

    def _receive(self, message: Message) -> None:
        match message:
            case WallReport():
                self._take_report(message)
            case WallFinished():
                self._apply(message)
            case RollCall():
                self.announce()

    def _apply(self, message: WallReport | WallFinished) -> None:
        for wall in self._walls:
            wall.apply(message)

    def _take_report(self, report: WallReport) -> None:
        source = self._sources.get(report.source)
        is_next = source is not None and report.number == source.number + 1
        if source is None:
            source = self._sources[report.source] = Source(0, 0.0)
        source.number, source.heard_at = report.number, time.monotonic()
        if report.present is not None:
            source.present = set(report.present)
        elif not is_next:
            self._subscription.start(self._send_watch(fresh=True))
        for user_id, is_there in report.moves.items():
            (source.present.add if is_there else source.present.discard)(user_id)
        if is_next:
            self._apply(report)
        else:
            self._invalidate()


_hubs: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, WallHub] = weakref.WeakKeyDictionary()


def get_wall_hub() -> WallHub:
    """Return the running event loop's hub."""
    return _hubs.setdefault(asyncio.get_running_loop(), WallHub())
