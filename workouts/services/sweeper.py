"""Saves, every few seconds, what nobody else did."""

import contextlib
import threading
from collections.abc import Iterator

import django.db
import structlog
from django.conf import settings
from django.db import close_old_connections

from workouts.live.clients import REDIS_AWAY
from workouts.services.finishing import SweepResult, sweep

log = structlog.get_logger(__name__)


class Sweeper:
    """Sweeps every SENIM_SWEEP_SECONDS until it is told to stop; any number of sweepers do no harm."""

    def __init__(self) -> None:
        self._stop = threading.Event()

    def run(self) -> None:
        """Sweep until stop()."""
        while not self._stop.is_set():
            try:
                self.sweep_once()
            except (*REDIS_AWAY, django.db.Error) as error:
                log.warning("sweep_cut_short", error=str(error).strip())
            except Exception:
                log.exception("sweep_failed")  # a slip of ours must not end the sweeping
            self._stop.wait(settings.SENIM_SWEEP_SECONDS)

    def sweep_once(self) -> SweepResult:
        """Sweep once. Raises redis.RedisError or django.db.Error where Redis or the database is away."""
        try:
            result = sweep(idle_minutes=settings.SENIM_IDLE_MINUTES)
        finally:
            close_old_connections()
        if result.saved or result.left:
            log.info("swept", saved=result.saved, left=result.left)
        return result

    def stop(self) -> None:
        self._stop.set()

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Sweep in a thread of its own meanwhile."""
        thread = threading.Thread(target=self.run, name="sweeper", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.stop()
            thread.join(5)
