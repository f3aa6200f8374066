"""The exercises, in memory for the hot path; a change in the admin is in force within seconds."""

import asyncio
import threading
import time
from typing import Any, NamedTuple

import structlog
from channels.db import database_sync_to_async
from django.db import DatabaseError

from workouts.live.counting.packing import Gates, pack_gates
from workouts.models import Exercise

REFRESH_S = 2.0
LIMITS = ("min_interval_ms", "max_per_minute", "max_per_session")
log = structlog.get_logger(__name__)


class ExerciseLimits(NamedTuple):
    """What the gates need to know of an exercise."""

    slug: str
    active: bool
    gates: Gates


def read_limits(row: dict[str, Any]) -> ExerciseLimits:
    return ExerciseLimits(
        row["slug"], row["active"], pack_gates(**{name: row[name] for name in LIMITS})
    )


class Catalogue:
    """The exercises by slug, as they were at the last look; the last known ones while the database is away."""

    def __init__(self) -> None:
        self.by_slug: dict[str, ExerciseLimits] = {}
        self.looked_at = float("-inf")
        self._lock = threading.Lock()
        self._followers = 0
        self._task: asyncio.Task[None] | None = None

    def refresh(self) -> None:
        """Look again if the last look is older than a second. Raises DatabaseError only if there never was one."""
        with self._lock:  # who comes second waits for the first look
            if time.monotonic() - self.looked_at < REFRESH_S / 2:
                return
            try:
                rows = list(Exercise.objects.values("slug", "active", *LIMITS))
            except DatabaseError as error:
                if not self.by_slug:
                    raise
                log.warning("exercises_not_refreshed", error=str(error))
            else:
                self.by_slug = {row["slug"]: read_limits(row) for row in rows}
            self.looked_at = time.monotonic()

    def find(self, slug: str) -> ExerciseLimits | None:
        """Return the exercise, switched off or not."""
        return self.by_slug.get(slug)

    def active_slugs(self) -> list[str]:
        """Return what can be counted now, in alphabetical order."""
        return sorted(limits.slug for limits in self.by_slug.values() if limits.active)

    async def follow(self) -> None:
        """Look every 2 s from now on, until as many unfollow() as follow(). Raises DatabaseError if there never was a look."""
        if not self.by_slug:
            await self._refresh_in_thread()
        self._followers += 1
        if (
            self._task is None
            or self._task.done()
            or self._task.get_loop() is not asyncio.get_running_loop()
        ):
            self._task = asyncio.get_running_loop().create_task(self._keep_fresh())

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
                log.exception("exercises_not_refreshed")
            await asyncio.sleep(REFRESH_S)

    async def _refresh_in_thread(self) -> None:
        # a thread of its own: a slow database must not hold up what shares Channels' one thread
        await database_sync_to_async(self.refresh, thread_sensitive=False)()


catalogue = Catalogue()
