"""Device memory: each device's last settled seq.

Redis keeps it for 48 hours. The database keeps it for good, as of the device's last saved session.
"""

from collections.abc import Mapping
from functools import partial
from itertools import chain
from typing import Any

import django.db
from django.db import OperationalError, connection

from workouts.live.runtime import get_live_store
from workouts.models import Device
from workouts.outages import log_outage
from workouts.services.circuit_breaker import CircuitBreaker
from workouts.threads import for_live_seqs, for_saved_seqs, in_thread

REDIS_DEADLINE_S = 3.0
DATABASE_DEADLINE_S = 3.5  # longer than the connection pool waits
# in SQL, since Django's upsert has no condition: a session may be saved after a later one
RAISE_LAST_SEQS = """
    INSERT INTO workouts_device (user_id, device_id, last_seq) VALUES {}
    ON CONFLICT (user_id, device_id) DO UPDATE SET last_seq = excluded.last_seq
    WHERE workouts_device.last_seq < excluded.last_seq
"""
# many phones may say hello at once, and each would wait for an unavailable database
database_breaker = CircuitBreaker(retry_s=2.0)


async def find_last_seq_of_device(*, user_id: str, device: str) -> int:
    """Return the highest seq settled for a device, from Redis and the saved sessions, or 0.

    Raises redis.RedisError or TimeoutError if Redis is unavailable, and django.db.Error if the
    database is and Redis does not remember the device.
    """
    saved_seq, error = await ask_for_saved_seq_of_device(user_id=user_id, device=device)
    raise_last_seq = partial(get_live_store().raise_last_seq, user_id, device, saved_seq)
    last_seq = await in_thread(for_live_seqs, raise_last_seq, timeout_s=REDIS_DEADLINE_S)
    if error is not None and not last_seq:
        raise error
    return last_seq


async def ask_for_saved_seq_of_device(
    *, user_id: str, device: str
) -> tuple[int, django.db.Error | None]:
    """Return the device's last seq in the database, or 0, and the error if it cannot be asked."""
    if not database_breaker.allows():
        return 0, OperationalError("the database was unavailable a moment ago")
    works = False
    try:
        saved_seq = await in_thread(
            for_saved_seqs,
            partial(find_saved_seq_of_device, user_id, device),
            timeout_s=DATABASE_DEADLINE_S,
        )
        works = True
    except (django.db.Error, TimeoutError) as error:
        log_outage("database_unavailable", error)
        if isinstance(error, django.db.Error):
            return 0, error
        return 0, OperationalError("the database did not answer in time")
    finally:
        database_breaker.record(works=works)
    return saved_seq, None


def find_saved_seq_of_device(user_id: str, device: str) -> int:
    """Return the device's last seq in the database, or 0."""
    devices = Device.objects.filter(athlete_id=user_id, device_id=device)
    return devices.values_list("last_seq", flat=True).first() or 0


def save_last_seqs_of_devices(seqs: Mapping[str, Mapping[str, int]]) -> None:
    """Raise devices' last seqs in the database to those of sessions that are being saved.

    They are given by athlete and device. One query, or none for sockets that name no device.
    """
    # sorted, since two saves that took the rows in different orders could deadlock
    raised = sorted(
        (user_id, device_id, seq)
        for user_id, of_athlete in seqs.items()
        for device_id, seq in of_athlete.items()
    )
    if raised:
        text = RAISE_LAST_SEQS.format(", ".join(["(%s, %s, %s)"] * len(raised)))
        values: list[Any] = [*chain.from_iterable(raised)]
        with connection.cursor() as cursor:
            cursor.execute(text, values)


def save_last_seqs_of_sealed(user_id: str, device_seqs: Mapping[str, int]) -> None:
    """Keep the device seqs of a session that stays sealed: it may wait longer than 48 hours."""
    for device_id, seq in device_seqs.items():
        get_live_store().raise_last_seq(user_id, device_id, seq)
