"""Who may no longer come in, although their access token is still valid, kept in memory.

Each process reads what changed every REFRESH_S, so that a socket or a request is checked without a
query. Revoked devices are forgotten once every token that they may hold has expired.
"""

import threading
import time
import uuid
from datetime import timedelta

from django.db import DatabaseError
from django.db.models import Q
from django.utils import timezone

from workouts.exceptions import Code, WorkoutError
from workouts.identity.access_tokens import LIFETIME_S, AccessToken
from workouts.models import Athlete, Forgetting, JoinedDevice
from workouts.outages import log_outage

REFRESH_S = 2.0
# for clocks that differ between hosts, and for transactions that took long to commit
REMEMBERED = timedelta(seconds=LIFETIME_S + 600)


class Revocations:
    """The revoked devices and switched-off athletes, as last read."""

    def __init__(self) -> None:
        self.devices: frozenset[uuid.UUID] = frozenset()
        self.athletes: frozenset[str] = frozenset()
        self._read_at = float("-inf")
        self._lock = threading.Lock()

    @property
    def is_known(self) -> bool:
        """Whether they were ever read."""
        return self._read_at != float("-inf")

    def refresh(self) -> None:
        """Read them, unless that was done within the last second.

        If the database is unavailable, the last ones known are kept. Raises DatabaseError only if
        they were never read.
        """
        with self._lock:  # a second caller waits for the first one's answer
            if time.monotonic() - self._read_at < REFRESH_S / 2:
                return
            try:
                self.read()
            except DatabaseError as error:
                if not self.is_known:
                    raise
                log_outage("revocations_not_read", error)
            self._read_at = time.monotonic()

    def read(self) -> None:
        """Read them now."""
        since = timezone.now() - REMEMBERED
        self.devices = frozenset(
            JoinedDevice.objects.filter(revoked_at__gt=since).values_list("pk", flat=True)
        )
        # an alias goes with the athlete that it was merged into
        switched_off = Athlete.objects.filter(
            Q(switched_off_at__isnull=False) | Q(merged_into__switched_off_at__isnull=False)
        )
        # the rows of forgotten athletes are gone, while their access tokens are still valid
        self.athletes = frozenset(
            switched_off.order_by()
            .values_list("user_id", flat=True)
            .union(Forgetting.objects.values_list("user_id", flat=True))
        )

    def check(self, token: AccessToken) -> None:
        """Raise WorkoutError (device_revoked or not_allowed) if it no longer lets anybody in."""
        if token.device_id in self.devices:
            raise WorkoutError(Code.DEVICE_REVOKED, "this device was cut off")
        if token.user_id in self.athletes:
            raise WorkoutError(Code.NOT_ALLOWED, "this athlete was switched off")


revocations = Revocations()
