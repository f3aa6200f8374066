"""What is remembered of a device: in Redis for 48 hours, and with its saved sessions for good."""

from collections.abc import Mapping
from functools import partial

import django.db
import structlog
from django.db import OperationalError

from workouts.live.runtime import get_store
from workouts.models import Device
from workouts.services.circuit_breaker import CircuitBreaker
from workouts.threads import for_database, for_redis, in_thread

REDIS_DEADLINE_S = 3.0
DATABASE_DEADLINE_S = 3.5  # longer than the pool waits
saved_seqs = CircuitBreaker(
    retry_s=2.0
)  # many phones may say hello at once, and each would wait for the database
log = structlog.get_logger(__name__)


async def meet_device(*, user_id: str, device: str) -> int:
    """Return the highest seq that was settled of a device, from Redis and from the saved sessions.

    Raises redis.RedisError or TimeoutError where Redis is away; django.db.Error where the database is and Redis knows nothing.
    """
    saved_seq, away = await ask_database(user_id=user_id, device=device)
    meet = partial(get_store().meet_device, user_id, device, saved_seq)
    last_seq = await in_thread(for_redis, meet, timeout_s=REDIS_DEADLINE_S)
    if away is not None and not last_seq:
        raise away
    return last_seq


async def ask_database(*, user_id: str, device: str) -> tuple[int, django.db.Error | None]:
    """Return the highest seq that the saved sessions know of a device; and what kept from asking them."""
    if not saved_seqs.allows():
        return 0, OperationalError("the database was away a moment ago")
    works = False
    try:
        saved_seq = await in_thread(
            for_database, partial(find_saved_seq, user_id, device), timeout_s=DATABASE_DEADLINE_S
        )
        works = True
    except (django.db.Error, TimeoutError) as error:
        log.warning("database_unavailable", error=str(error).strip() or type(error).__name__)
        return 0, error if isinstance(error, django.db.Error) else OperationalError(
            "the database did not answer in time"
        )
    finally:
        saved_seqs.tell(works=works)
    return saved_seq, None


def find_saved_seq(user_id: str, device: str) -> int:
    """Return the highest seq that the saved sessions know of a device, or 0."""
    return (
        Device.objects.filter(athlete_id=user_id, device_id=device)
        .values_list("last_seq", flat=True)
        .first()
        or 0
    )


def remember_saved(user_id: str, device_seqs: Mapping[str, int]) -> None:
    """Raise the last seq of each device to that of a saved session."""
    for device_id, seq in sorted(
        device_seqs.items()
    ):  # two sessions at once take them in the same order, or would deadlock
        device, made = Device.objects.get_or_create(
            athlete_id=user_id, device_id=device_id, defaults={"last_seq": seq}
        )
        if not made:
            Device.objects.filter(pk=device.pk, last_seq__lt=seq).update(last_seq=seq)


def remember_sealed(user_id: str, device_seqs: Mapping[str, int]) -> None:
    """Keep what is remembered of the devices of a session that cannot be saved: it may wait for longer than 48 hours."""
    for device_id, seq in device_seqs.items():
        get_store().meet_device(user_id, device_id, seq)
