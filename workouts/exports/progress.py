"""The progress of an export, kept in Redis for the page that shows it."""

import json
import time
from typing import Any, NamedTuple

from workouts.live.clients import REDIS_AWAY
from workouts.live.runtime import get_live_store, get_redis_key_space
from workouts.outages import log_outage

TTL_S = 600
WRITE_EVERY_S = 0.5
RETRY_AFTER_S = 10.0  # it can take 2 s to find out that Redis is unavailable
PREPARING, SENDING, DONE, FAILED, UNKNOWN = "preparing", "sending", "done", "failed", "unknown"


class ExportProgress(NamedTuple):
    """How many rows have been sent; `total` is None until they are counted, or if that failed."""

    state: str
    rows: int = 0
    total: int | None = None


class ExportProgressReporter:
    """Keeps track of one export, and writes to Redis at each new state or every half second.

    The export continues if Redis is unavailable. Without a token nothing is written.
    """

    def __init__(self, owner: str, token: str) -> None:
        self.progress = ExportProgress(PREPARING)
        self._key = get_redis_key_space().progress(owner, token) if token else None
        self._written_state = ""
        self._next_at = self._retry_at = float("-inf")

    def report(self, **changes: Any) -> None:
        """Change some fields of the progress, and write it if it is time to."""
        self.progress = self.progress._replace(**changes)
        now = time.monotonic()
        is_soon = self.progress.state == self._written_state and now < self._next_at
        if self._key is None or is_soon or now < self._retry_at:
            return
        self._written_state, self._next_at = self.progress.state, now + WRITE_EVERY_S
        try:
            get_live_store().client.set(self._key, json.dumps(self.progress._asdict()), ex=TTL_S)
        except REDIS_AWAY as error:
            self._retry_at = now + RETRY_AFTER_S
            log_outage("progress_write_failed", error)


def read_export_progress(owner: str, token: str) -> ExportProgress:
    """Return the progress of this owner's export, or UNKNOWN, also if Redis is unavailable."""
    try:
        written: Any = get_live_store().client.get(get_redis_key_space().progress(owner, token))
    except REDIS_AWAY:
        written = None
    return ExportProgress(**json.loads(written)) if written else ExportProgress(UNKNOWN)
