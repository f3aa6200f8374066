"""How far an export is, for the page that waits for it."""

import json
import time
from typing import Any, NamedTuple

import structlog

from workouts.live.clients import REDIS_AWAY
from workouts.live.runtime import get_key_space, get_store

TTL_S = 600
NOTE_EVERY_S = 0.5
TRY_AGAIN_S = 10.0  # a Redis that is away may take 2 s to say so
PREPARING, SENDING, DONE, FAILED, UNKNOWN = "preparing", "sending", "done", "failed", "unknown"
log = structlog.get_logger(__name__)


class Progress(NamedTuple):
    """How many rows are sent, and of how many; `total` is None where that is not known."""

    state: str
    rows: int = 0
    total: int | None = None


class ProgressNotes:
    """Notes the progress of one export, twice a second at most; a Redis that is away holds nothing up. An empty token: none."""

    def __init__(self, owner: str, token: str) -> None:
        self._key = get_key_space().progress(owner, token) if token else None
        self._noted = Progress(UNKNOWN)
        self._next_at = self._away_until = float("-inf")

    def note(self, progress: Progress) -> None:
        now = time.monotonic()
        is_soon = progress.state == self._noted.state and now < self._next_at
        if self._key is None or is_soon or now < self._away_until:
            return
        self._noted, self._next_at = progress, now + NOTE_EVERY_S
        try:
            get_store().client.set(self._key, json.dumps(progress._asdict()), ex=TTL_S)
        except REDIS_AWAY as error:
            self._away_until = now + TRY_AGAIN_S
            log.warning("progress_not_noted", error=str(error))


def read_progress(owner: str, token: str) -> Progress:
    """Return how far this owner's export is, UNKNOWN also where Redis is away."""
    try:
        noted: Any = get_store().client.get(get_key_space().progress(owner, token))
    except REDIS_AWAY:
        noted = None
    return Progress(**json.loads(noted)) if noted else Progress(UNKNOWN)
