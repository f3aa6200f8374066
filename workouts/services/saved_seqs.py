"""What the database knows of devices: one query for all that are asked about at once."""

import asyncio
import itertools
import weakref
from collections.abc import Collection, Iterable
from contextvars import Context
from functools import partial
from typing import Any

import django.db
from django.db import OperationalError

from workouts.models import Device
from workouts.outages import log_outage
from workouts.services.circuit_breaker import CircuitBreaker
from workouts.threads import for_saved_seqs, in_thread

DATABASE_DEADLINE_S = 3.5  # longer than the connection pool waits
MOST_A_QUERY = 500  # SQLite takes 32,766 parameters
AthleteDevice = tuple[str, str]  # user_id and device
# many phones may say hello at once, and each would wait for an unavailable database
database_breaker = CircuitBreaker(retry_s=2.0)


class SavedSeqCollector:
    """Asks for an event loop's devices: those that come during a query make up the next one."""

    def __init__(self) -> None:
        self._waiting: dict[AthleteDevice, asyncio.Future[int | Exception]] = {}
        self._task: asyncio.Task[None] | None = None

    async def find(self, user_id: str, device: str) -> int:
        """Return the device's last seq in the database, or 0.

        Raises django.db.Error if the database is unavailable or was a moment ago.
        """
        loop = asyncio.get_running_loop()
        answer = self._waiting.get((user_id, device))
        if answer is None:
            answer = self._waiting[user_id, device] = loop.create_future()
        if self._task is None:
            # a query must not log under the request ID of one of its sockets
            self._task = loop.create_task(self._ask(), context=Context())
        try:
            async with asyncio.timeout(DATABASE_DEADLINE_S):
                found = await asyncio.shield(answer)
        except TimeoutError as error:
            raise OperationalError("the database did not answer in time") from error
        if isinstance(found, Exception):
            raise found
        return found

    async def _ask(self) -> None:
        try:
            while self._waiting:
                batch = dict(itertools.islice(self._waiting.items(), MOST_A_QUERY))
                for asked in batch:
                    # one that comes now may have been saved since this query began
                    del self._waiting[asked]
                await answer_from_database(batch)
        finally:
            self._task = None


async def answer_from_database(batch: dict[AthleteDevice, asyncio.Future[int | Exception]]) -> None:
    """Give each device its last seq, or the error."""
    found: dict[AthleteDevice, int] = {}
    failed: Exception | None = None
    try:
        found = await ask_for_saved_seqs([*batch])
    except Exception as error:
        failed = error
    for asked, answer in batch.items():
        answer.set_result(failed or found.get(asked, 0))


async def ask_for_saved_seqs(devices: Collection[AthleteDevice]) -> dict[AthleteDevice, int]:
    """Return the last seqs of those devices that the database knows. Raises django.db.Error."""
    if not database_breaker.allows():
        raise OperationalError("the database was unavailable a moment ago")
    works = False
    try:
        found = await in_thread(
            for_saved_seqs,
            partial(find_saved_seqs_of_devices, devices),
            timeout_s=DATABASE_DEADLINE_S,
        )
        works = True
    except TimeoutError as error:
        log_outage("database_unavailable", error)
        raise OperationalError("the database did not answer in time") from error
    except django.db.Error as error:
        log_outage("database_unavailable", error)
        raise
    finally:
        database_breaker.record(works=works)
    return found


def find_saved_seqs_of_devices(devices: Collection[AthleteDevice]) -> dict[AthleteDevice, int]:
    """Return the last seqs of those devices that the database knows."""
    user_ids, device_ids = ({*column} for column in zip(*devices, strict=True))
    # other athletes' devices of the same ids come as well: few, and a query by pairs costs more
    rows = Device.objects.filter(athlete_id__in=user_ids, device_id__in=device_ids)
    columns: Iterable[Any] = rows.values_list("athlete_id", "device_id", "last_seq")
    return {(user_id, device_id): last_seq for user_id, device_id, last_seq in columns}


_collectors: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, SavedSeqCollector] = (
    weakref.WeakKeyDictionary()
)


def get_saved_seq_collector() -> SavedSeqCollector:
    """Return the collector of the running event loop."""
    return _collectors.setdefault(asyncio.get_running_loop(), SavedSeqCollector())
