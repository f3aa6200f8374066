"""The exercises in memory, for the hot path; a change in the admin applies within seconds."""

import asyncio
import threading
import time
from contextvars import Context
from typing import Any, NamedTuple

import structlog
from channels.db import database_sync_to_async
from django.db import DatabaseError

from workouts.exceptions import Code, WorkoutError
from workouts.live.counting.packing import PackedGates, pack_gates
from workouts.models import Exercise
from workouts.outages import log_outage

REFRESH_S = 2.0
LIMITS = (
    "min_interval_ms",
    "max_per_minute",
    "max_per_session",
    "typical_ms_low",
    "typical_ms_high",
)
log = structlog.get_logger(__name__)


class ExerciseLimits(NamedTuple):
    """What the gates need to know about an exercise."""

    slug: str
    active: bool
    gates: PackedGates


def read_catalogue_exercise(row: dict[str, Any]) -> ExerciseLimits:
    return ExerciseLimits(
        row["slug"], row["active"], pack_gates(**{name: row[name] for name in LIMITS})
    )


class ExerciseCatalogue:
    """The exercises by slug, as last read; if the database is unavailable, the last ones known."""

    def __init__(self) -> None:
        self.by_slug: dict[str, ExerciseLimits] = {}
        self.looked_at = float("-inf")
        self._lock = threading.Lock()
        self._followers = 0
        self._task: asyncio.Task[None] | None = None

    def refresh(self) -> None:
        """Read the exercises, unless that was done within the last second.

        Raises DatabaseError only if they were never read.
        """
        with self._lock:  # a second caller waits for the first one's exercises
            if time.monotonic() - self.looked_at < REFRESH_S / 2:
                return
            try:
                rows = list(Exercise.objects.values("slug", "active", *LIMITS))
            except DatabaseError as error:
                if not self.by_slug:
                    raise
                log_outage("exercise_refresh_failed", error)
            else:
                self.by_slug = {row["slug"]: read_catalogue_exercise(row) for row in rows}
            self.looked_at = time.monotonic()

    def find(self, slug: str) -> ExerciseLimits | None:
        """Return the exercise, switched off or not, or None."""
        return self.by_slug.get(slug)

    def get_active(self, slug: str) -> ExerciseLimits:
        """Return an exercise that is switched on. Raises WorkoutError(unknown_exercise)."""
        exercise = self.by_slug.get(slug)
        if exercise is None or not exercise.active:
            raise WorkoutError(
                Code.UNKNOWN_EXERCISE,
                f"type is {slug[:40]!r}; known: {', '.join(self.active_slugs())}",
            )
        return exercise

    def active_slugs(self) -> list[str]:
        """Return the exercises that are switched on, in alphabetical order."""
        return sorted(limits.slug for limits in self.by_slug.values() if limits.active)

    async def follow(self) -> None:
        """Keep the exercises fresh until unfollow() is called as often as follow().

        Raises DatabaseError if they were never read.
        """
        if not self.by_slug:
            await self._refresh_in_thread()
        self._followers += 1
        if (
            self._task is None
            or self._task.done()
            or self._task.get_loop() is not asyncio.get_running_loop()
        ):
            loop = asyncio.get_running_loop()
            # not under the request ID of the socket that came first
            self._task = loop.create_task(self._keep_fresh(), context=Context())

    def unfollow(self) -> None:
        self._followers -= 1
        if self._followers <= 0 and self._task is not None:
            self._task.cancel()
            self._task = None

    async def _keep_fresh(self) -> None:
        while True:
            try:
                await self._refresh_in_thread()
            except Exception:
                log.exception("exercise_refresh_failed")
            await asyncio.sleep(REFRESH_S)

    async def _refresh_in_thread(self) -> None:
        # not in Channels' one shared thread: a slow database would hold up everything in it
        await database_sync_to_async(self.refresh, thread_sensitive=False)()


catalogue = ExerciseCatalogue()
