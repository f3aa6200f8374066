"""The parts that the health answer tells of, each looked at by one thread for all who ask."""

import threading
import time
from collections.abc import Callable
from typing import Any

import django.db
import structlog
from django.core.cache import cache

from workouts.live.clients import REDIS_AWAY

OK = "ok"
UNAVAILABLE = "unavailable"
# the health answer takes 2 s at most, and its request may wait for a thread
DEADLINE_S = 1.5
KEEP_S = 0.5
LOG_EVERY_S = 10
log = structlog.get_logger(__name__)


class HealthLook(threading.Thread):
    """One look at a part. `findings` has its state, and whatever else was found."""

    def __init__(self, name: str, find: Callable[[], dict[str, Any]]) -> None:
        # a daemon: a part that hangs must not keep the process from its end
        super().__init__(name=f"health-{name}", daemon=True)
        self.part, self.find = name, find
        self.began_at = time.monotonic()
        self.findings: dict[str, Any] = {name: UNAVAILABLE}

    def run(self) -> None:
        try:
            self.findings = {self.part: OK, **self.find()}
        except (*REDIS_AWAY, django.db.Error) as error:
            log_health_failure(self.part, " ".join(str(error).split()) or type(error).__name__)
        except Exception:
            log.exception("health_check_failed", part=self.part)
        finally:
            # this thread's own; Redis's client is shared
            django.db.connections.close_all()

    def wait(self) -> dict[str, Any]:
        """Return the findings, or that the part is unavailable if the look takes too long."""
        self.join(max(0.0, self.began_at + DEADLINE_S - time.monotonic()))
        if self.is_alive():
            log_health_failure(self.part, f"no answer within {DEADLINE_S} s", kind="late")
        return self.findings


class HealthPart:
    """A part with at most one look under way; what it found holds for half a second.

    While a look hangs, no other begins: the part is unavailable without anybody waiting for it.
    """

    def __init__(self, name: str, find: Callable[[], dict[str, Any]]) -> None:
        self.name, self._find = name, find
        self._lock = threading.Lock()
        self._last: HealthLook | None = None

    def look(self) -> HealthLook:
        """Return the look that is under way, or the last if it is recent, or begin one."""
        with self._lock:
            last = self._last
            if last is None or not (last.is_alive() or time.monotonic() < last.began_at + KEEP_S):
                last = self._last = HealthLook(self.name, self._find)
                last.start()
            return last

    def forget(self) -> None:
        """Look anew when asked next."""
        self._last = None


def log_health_failure(part: str, reason: str, *, kind: str = "failed") -> None:
    """Log why a part is unavailable, at most one line of a kind every few seconds."""
    if cache.add(f"health-{part}-{kind}-logged", True, LOG_EVERY_S):
        log.warning("health_check_failed", part=part, error=reason)
