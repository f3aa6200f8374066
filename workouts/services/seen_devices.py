"""When joined devices were last connected."""

import uuid
from collections.abc import Collection
from datetime import timedelta

from django.utils import timezone

from workouts.models import JoinedDevice

RECENTLY = timedelta(seconds=60)  # a device that reconnects all the time is not written each time
AT_ONCE = 1000


def note_seen_devices(device_ids: Collection[uuid.UUID]) -> None:
    """Note that these devices are connected, with one query for each thousand of them."""
    ids, now = sorted(device_ids), timezone.now()
    for start in range(0, len(ids), AT_ONCE):
        JoinedDevice.objects.filter(
            pk__in=ids[start : start + AT_ONCE], last_seen_at__lt=now - RECENTLY
        ).update(last_seen_at=now)
