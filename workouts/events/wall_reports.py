"""What the processes that phones are connected to tell the walls that coaches watch.

Nothing is told where nobody watches, and a rep costs a look at an empty set. A wall's process says which athletes it watches, and
says so again every few seconds; each process that has phones then sends it numbered reports, a few a second, of those alone. A wall
that misses a number looks at the whole again.
"""

import asyncio
import time
import uuid
import weakref
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple

import structlog
from channels.layers import get_channel_layer

from workouts.clock import now_ms
from workouts.events.subscription import LAYER_AWAY, Event, Subscription

WALLS = "walls"  # the group of the processes that have walls
REPORTERS = "reporters"  # and of those that have phones
REPORT_EVERY_S = 0.4
WATCH_TTL_S = 10.0  # a wall's process that says nothing for so long is gone
log = structlog.get_logger(__name__)


class Changed(NamedTuple):
    """Whose session of which exercise changed."""

    user_id: str
    exercise_type: str


class Everyone(Collection[str]):
    """Whom the wall of a head coach watches: all, also those whom nobody has met yet."""

    def __contains__(self, user_id: object) -> bool:
        return True

    def __iter__(self) -> "Iterable[str]":  # type: ignore[override]
        raise TypeError("nobody knows them all")

    def __len__(self) -> int:
        return 1


EVERYONE = Everyone()


@dataclass(slots=True)
class Watch:
    """Whom a wall's process watches, since when it was not heard (s, monotonic), and how many reports it was sent."""

    user_ids: Collection[str]
    heard_at: float
    reports: int = 0


def build_watch(channel: str, user_ids: Collection[str], *, fresh: bool) -> Event:
    """Return the event by which a wall's process says whom it watches; `fresh` asks who is there."""
    return {
        "type": "wall.watch",
        "channel": channel,
        "user_ids": None if user_ids is EVERYONE else [*user_ids],
        "fresh": fresh,
    }


def build_finished(user_id: str, exercise_type: str, reps: int) -> Event:
    """Return the event of a session that is saved."""
    return {
        "type": "wall.finished",
        "user_id": user_id,
        "exercise_type": exercise_type,
        "reps": reps,
        "at": now_ms(),
    }


class Reporter:
    """Tells, for one event loop, the walls what the athletes connected here do."""

    def __init__(self) -> None:
        self.watched: Collection[str] = ()
        self._name = uuid.uuid4().hex
        self._watches: dict[str, Watch] = {}
        self._sockets: Counter[str] = Counter()
        self._reps: dict[Changed, tuple[int, int]] = {}
        self._moved: set[str] = set()
        self._task: asyncio.Task[None] | None = None
        self._subscription = Subscription(self._hear)
        self._is_listening = False

    def arrive(self, user_id: str) -> None:
        """Note that an athlete connected."""
        if not self._is_listening:
            self._is_listening = True
            self._subscription.start(self._listen())
        self._sockets[user_id] += 1
        self._note_move(user_id)

    def leave(self, user_id: str) -> None:
        """Note that one of an athlete's connections is gone."""
        self._sockets[user_id] -= 1
        if not self._sockets[user_id]:
            del self._sockets[user_id]
        self._note_move(user_id)

    def note(self, changed: Changed, reps: int) -> None:
        """Note a counted rep."""
        if changed.user_id in self.watched:
            self._reps[changed] = (reps, now_ms())
            self._report_soon()

    def _note_move(self, user_id: str) -> None:
        if user_id in self.watched:
            self._moved.add(user_id)
            self._report_soon()

    def _report_soon(self) -> None:
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._report())

    async def _report(self) -> None:
        await asyncio.sleep(REPORT_EVERY_S)
        reps, self._reps, moved, self._moved, self._task = self._reps, {}, self._moved, set(), None
        self._forget_silent()
        for channel, watch in [*self._watches.items()]:
            seen = [
                [*changed, *state]
                for changed, state in reps.items()
                if changed.user_id in watch.user_ids
            ]
            moves = {
                user_id: user_id in self._sockets for user_id in moved if user_id in watch.user_ids
            }
            if seen or moves:
                await self._send(channel, watch, reps=seen, moves=moves)

    async def _send(self, channel: str, watch: Watch, **report: object) -> None:
        watch.reports += 1
        try:
            await get_channel_layer().send(
                channel,
                {"type": "wall.report", "source": self._name, "number": watch.reports, **report},
            )
        except LAYER_AWAY as error:
            log.warning("wall_not_told", error=str(error))

    async def _listen(self) -> None:
        await self._subscription.join(REPORTERS)
        try:
            await get_channel_layer().group_send(WALLS, {"type": "wall.roll_call"})
        except LAYER_AWAY as error:
            log.warning(
                "walls_not_asked", error=str(error)
            )  # they say whom they watch in some seconds

    def _hear(self, event: Event) -> None:
        channel, given = event["channel"], event["user_ids"]
        watch = self._watches.get(channel)
        if given == []:
            self._watches.pop(channel, None)
        else:
            user_ids = EVERYONE if given is None else frozenset(given)
            is_new = watch is None or watch.user_ids != user_ids
            if watch is None:
                watch = self._watches[channel] = Watch(user_ids, 0.0)
            watch.user_ids, watch.heard_at = user_ids, time.monotonic()
            self._answer(channel, watch, fresh=is_new or event["fresh"])
        self._renew()

    def _answer(self, channel: str, watch: Watch, *, fresh: bool) -> None:
        """Say who is there, or only that all that was sent has been sent: an answer that does not come tells of one that was lost."""
        present = (
            {"present": [user_id for user_id in self._sockets if user_id in watch.user_ids]}
            if fresh
            else {}
        )
        self._subscription.start(self._send(channel, watch, **present))

    def _forget_silent(self) -> None:
        earliest = time.monotonic() - WATCH_TTL_S
        silent = [channel for channel, watch in self._watches.items() if watch.heard_at < earliest]
        for channel in silent:
            del self._watches[channel]
        if silent:
            self._renew()

    def _renew(self) -> None:
        groups = [watch.user_ids for watch in self._watches.values()]
        self.watched = EVERYONE if EVERYONE in groups else frozenset().union(*groups)


_reporters: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Reporter] = (
    weakref.WeakKeyDictionary()
)


def get_reporter() -> Reporter:
    """Return the reporter of the running event loop."""
    return _reporters.setdefault(asyncio.get_running_loop(), Reporter())
