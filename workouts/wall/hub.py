"""The process that a wall is open in: it says whom its walls watch, and hands on what it is told."""

import asyncio
import time
import weakref
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Protocol

import structlog
from channels.layers import get_channel_layer

from workouts.events.subscription import LAYER_AWAY, Event, Subscription
from workouts.events.wall_reports import EVERYONE, REPORTERS, WALLS, WATCH_TTL_S, build_watch

ANNOUNCE_EVERY_S = 4.0
log = structlog.get_logger(__name__)


class Wall(Protocol):
    """What a coach watches."""

    user_ids: Collection[str]

    def hear(self, event: Event) -> None:
        """Take in what changed."""

    def look_again(self) -> None:
        """Take in the whole: something may have been missed."""


@dataclass(slots=True)
class Source:
    """A process that phones are connected to, as of its last report."""

    number: int
    heard_at: float
    present: set[str] = field(default_factory=set)


class WallHub:
    """Stands, for one event loop, between its walls and the processes that phones are connected to."""

    def __init__(self) -> None:
        self._walls: list[Wall] = []
        self._sources: dict[str, Source] = {}
        self._subscription = Subscription(self._hear)
        self._changed = asyncio.Event()
        self._beat: asyncio.Task[None] | None = None

    def open(self, wall: Wall) -> None:
        """Let a wall hear of those whom it watches."""
        self._walls.append(wall)
        self.announce()
        if self._beat is None:
            self._beat = self._subscription.start(self._announce_always())

    def close(self, wall: Wall) -> None:
        """Let it hear no more."""
        self._walls.remove(wall)
        self.announce()

    def announce(self) -> None:
        """Say soon whom the walls watch: it changed."""
        self._changed.set()

    def is_online(self, user_id: str) -> bool:
        """Return whether the athlete has a connection, to any process."""
        return any(user_id in source.present for source in self._sources.values())

    async def _announce_always(self) -> None:
        await self._subscription.join(WALLS)
        while self._walls:
            self._changed.clear()
            await self._say(fresh=False)
            self._forget_silent()
            try:
                await asyncio.wait_for(self._changed.wait(), ANNOUNCE_EVERY_S)
            except TimeoutError:
                continue
        self._beat = None
        self._sources.clear()
        await self._say(fresh=False)

    async def _say(self, *, fresh: bool) -> None:
        groups = [wall.user_ids for wall in self._walls]
        user_ids = EVERYONE if EVERYONE in groups else frozenset().union(*groups)
        try:
            await get_channel_layer().group_send(
                REPORTERS, build_watch(await self._subscription.open(), user_ids, fresh=fresh)
            )
        except LAYER_AWAY as error:
            log.warning("reporters_not_asked", error=str(error))

    def _forget_silent(self) -> None:
        earliest = time.monotonic() - WATCH_TTL_S
        silent = [name for name, source in self._sources.items() if source.heard_at < earliest]
        for name in silent:
            del self._sources[name]
        if silent:
            self._look_again()

    def _look_again(self) -> None:
        for wall in self._walls:
            wall.look_again()

    def _hear(self, event: Event) -> None:
        match event["type"]:
            case "wall.report":
                self._take_report(event)
            case "wall.finished":
                self._tell(event)
            case "wall.roll_call":
                self.announce()

    def _tell(self, event: Event) -> None:
        for wall in self._walls:
            wall.hear(event)

    def _take_report(self, event: Event) -> None:
        source = self._sources.get(event["source"])
        is_next = source is not None and event["number"] == source.number + 1
        if source is None:
            source = self._sources[event["source"]] = Source(0, 0.0)
        source.number, source.heard_at = event["number"], time.monotonic()
        if "present" in event:
            source.present = set(event["present"])
        elif not is_next:
            self._subscription.start(self._say(fresh=True))
        for user_id, is_there in event.get("moves", {}).items():
            (source.present.add if is_there else source.present.discard)(user_id)
        if is_next:
            self._tell(event)
        else:
            self._look_again()


_hubs: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, WallHub] = weakref.WeakKeyDictionary()


def get_hub() -> WallHub:
    """Return the hub of the running event loop."""
    return _hubs.setdefault(asyncio.get_running_loop(), WallHub())
