"""Sweeping: saves sealed sessions that were never saved, and finishes idle ones."""

import contextlib
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import django.db
import structlog
from django.conf import settings
from django.db import OperationalError, close_old_connections
from structlog.contextvars import bound_contextvars

from workouts.clock import now_ms
from workouts.live.clients import REDIS_AWAY
from workouts.live.runtime import get_live_store
from workouts.live.sessions import SessionName
from workouts.metrics import (
    last_sweep,
    sessions_parked,
    sessions_sealed,
    sweeps,
    swept_sessions,
)
from workouts.outages import log_outage
from workouts.request_ids import make_request_id
from workouts.services.finishing import can_query_sessions_table, log_finish, save_and_clear_session
from workouts.services.personal_data.retention import ExpiredDataEraser
from workouts.services.personal_data.tombstones import is_athlete_forgotten

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class SweepResult:
    """How many sessions a sweep saved, and how many it had to leave sealed."""

    saved: int = 0
    left: int = 0


def sweep_sessions(*, idle_minutes: int) -> SweepResult:
    """Save every sealed session, then seal and save the sessions idle for this many minutes.

    Sweeps may overlap. Raises redis.RedisError or django.db.Error if Redis or the database is
    unavailable; the next sweep saves what this one did not reach.
    """
    store, result = get_live_store(), SweepResult()
    unavailable = None
    try:
        sweep_sealed_sessions(store.sealed_sessions(), result)
    except REDIS_AWAY as error:
        # perhaps one master of a cluster: idle sessions on the others need not wait for it
        unavailable = error
    idle_since_ms = now_ms() - idle_minutes * 60_000
    for name in store.idle_sessions(idle_since_ms):
        session_ids = store.seal(name.user_id, name.exercise_type, idle_since_ms=idle_since_ms)
        sweep_sealed_sessions(
            (name._replace(session_id=session_id) for session_id in session_ids), result
        )
    if unavailable is not None:
        raise unavailable
    return result


def sweep_sealed_sessions(names: Iterable[SessionName], result: SweepResult) -> None:
    """Save sealed sessions. Raises OperationalError if the database is unavailable.

    A locked row holds up its own session only.
    """
    for name in names:
        try:
            saved = save_and_clear_session(name)
        except OperationalError as error:
            if not can_query_sessions_table():
                raise
            log_outage("session_save_postponed", error, **name._asdict())
            saved = None
        if saved is not None:
            result.saved += 1
            log_finish(saved, source="sweep")
        elif not is_athlete_forgotten(name.user_id):
            result.left += 1


def count_sweep(result: SweepResult) -> None:
    """Count a sweep that went through, and what it left behind."""
    sweeps.labels("done").inc()
    last_sweep.set_to_current_time()
    swept_sessions.labels("saved").inc(result.saved)
    swept_sessions.labels("left").inc(result.left)
    sessions_sealed.set(result.left)
    # a parked session is a sealed one: with none left, Redis need not be asked
    parked = sum(1 for _ in get_live_store().parked_sessions()) if result.left else 0
    sessions_parked.set(parked)


class Sweeper:
    """Sweeps every SENIM_SWEEP_SECONDS until it is stopped. Several sweepers may run at once."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._eraser = ExpiredDataEraser()

    def run(self) -> None:
        """Sweep until stop() is called."""
        while not self._stop.is_set():
            try:
                self.sweep_once()
            except (*REDIS_AWAY, django.db.Error) as error:
                log_outage("sweep_interrupted", error)
                sweeps.labels("interrupted").inc()
            except Exception:
                log.exception("sweep_failed")  # a bug here must not end the sweeping
                sweeps.labels("failed").inc()
            self._stop.wait(settings.SENIM_SWEEP_SECONDS)

    def sweep_once(self) -> SweepResult:
        """Sweep once; errors as for sweep()."""
        with bound_contextvars(request_id=make_request_id()):
            try:
                result = sweep_sessions(idle_minutes=settings.SENIM_IDLE_MINUTES)
                self._eraser.take_turn()
            finally:
                close_old_connections()
            count_sweep(result)
            if result.saved or result.left:
                log.info("sweep_finished", saved=result.saved, left=result.left)
        return result

    def stop(self) -> None:
        self._stop.set()

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Sweep in a thread for as long as the block runs."""
        thread = threading.Thread(target=self.run, name="sweeper", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.stop()
            thread.join(5)
