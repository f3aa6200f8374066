"""How far athletes are in the sets of their live sessions, read once for all walls of a process.

The times of the sessions on the walls are kept, so that a read brings only those that are new.
"""

import asyncio
from array import array
from collections.abc import Collection, Iterable, Mapping
from functools import partial
from typing import NamedTuple

from workouts.clock import now_ms
from workouts.fairness.sets import RepSet, find_sets
from workouts.live.clients import REDIS_AWAY
from workouts.live.runtime import get_live_store
from workouts.live.sessions import LiveTail, SessionName, Training
from workouts.live.store import LiveStore
from workouts.outages import log_outage
from workouts.threads import for_set_progress, in_thread

TEMPO_REPS = 5
READ_DEADLINE_S = 0.3  # then the walls are updated without
UNREADABLE = (*REDIS_AWAY, TimeoutError, ValueError)  # away, hanging, or no times


class SetProgress(NamedTuple):
    """The current set's number, from 1, its reps, and the median interval of the last 5 of them.

    Of a single rep the interval is None. A resting athlete is in the last set until the next rep.
    """

    number: int
    reps: int
    interval_ms: int | None


class LiveTimeline(NamedTuple):
    """A live session's times in ms since it began, as they were counted, and its progress.

    `read_at_ms` (epoch) is when they were read.
    """

    session_id: str = ""
    times_ms: "array[int]" = array("q")
    read_at_ms: int = 0
    progress: SetProgress | None = None

    def has_all_of(self, training: Training) -> bool:
        """Return whether a read would bring nothing new."""
        return len(self.times_ms) == training.reps and training.last_rep_ms <= self.read_at_ms

    def extend(self, tail: LiveTail, read_at_ms: int) -> "LiveTimeline":
        """Return the timeline with new reps at its end."""
        if not tail.times_ms:
            return self._replace(read_at_ms=read_at_ms)
        times_ms = self.times_ms + array("q", tail.times_ms)
        return LiveTimeline(tail.session_id, times_ms, read_at_ms, find_set_progress(times_ms))


NO_TIMELINE = LiveTimeline()


class SetProgressReader:
    """Reads the progress in live sessions, for an event loop's walls."""

    def __init__(self) -> None:
        self._timelines: dict[SessionName, LiveTimeline] = {}
        self._turn = asyncio.Lock()

    async def read(self, sessions: Iterable[Training]) -> dict[SessionName, SetProgress]:
        """Return the progress in these sessions; those that cannot be read in time are left out."""
        named = {SessionName(each.user_id, each.exercise_type): each for each in sessions}
        try:
            # one at a time: what one wall has read, the next ones find
            async with asyncio.timeout(READ_DEADLINE_S), self._turn:
                await self._read_new({*named} - self._find_current(named))
        except UNREADABLE as error:
            log_outage("set_progress_not_read", error)
            known: Collection[SessionName] = self._find_current(named)
        else:
            known = self._timelines.keys() & named.keys()
        return {name: progress for name in known if (progress := self._timelines[name].progress)}

    def keep_only(self, names: Collection[SessionName]) -> None:
        """Forget all other sessions."""
        self._timelines = {
            name: timeline for name, timeline in self._timelines.items() if name in names
        }

    def _find_current(self, sessions: Mapping[SessionName, Training]) -> set[SessionName]:
        return {
            name
            for name, training in sessions.items()
            if self._timelines.get(name, NO_TIMELINE).has_all_of(training)
        }

    async def _read_new(self, names: Collection[SessionName]) -> None:
        if not names:
            return
        known = {name: self._timelines.get(name, NO_TIMELINE) for name in names}
        read = await in_thread(
            for_set_progress,
            partial(read_live_timelines, get_live_store(), known),
            timeout_s=READ_DEADLINE_S,
        )
        for name in names:
            self._timelines.pop(name, None)
        self._timelines |= read


def read_live_timelines(
    store: LiveStore, known: Mapping[SessionName, LiveTimeline]
) -> dict[SessionName, LiveTimeline]:
    """Return the timelines of the live sessions among these, with the reps counted since.

    Raises redis.RedisError.
    """
    read_at_ms = now_ms()
    tails = store.live_tails({name: len(each.times_ms) for name, each in known.items()})
    begun_anew = {
        name: NO_TIMELINE
        for name, tail in tails.items()
        if known[name].session_id not in ("", tail.session_id)
    }
    found = {
        name: known[name].extend(tail, read_at_ms)
        for name, tail in tails.items()
        if name not in begun_anew
    }
    return found | (read_live_timelines(store, begun_anew) if begun_anew else {})


def find_set_progress(times_ms: Iterable[int]) -> SetProgress:
    """Return the progress after reps at these times, at least one, in any order."""
    sets = find_sets(times_ms)
    interval_ms = RepSet(sets[-1].times_ms[-TEMPO_REPS:]).interval_ms
    return SetProgress(
        len(sets), len(sets[-1].times_ms), None if interval_ms is None else round(interval_ms)
    )
