"""Whether the parts that the service stands on can be reached."""

import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import django.db
from django.db import connection

from workouts.live.clients import REDIS_AWAY
from workouts.live.runtime import get_store
from workouts.live.sessions import ParkedSession

OK = "ok"
LOOK_EVERY_S = 15.0
T = TypeVar("T")


def check_redis() -> str:
    """Return "ok", or what is wrong."""
    try:
        get_store().ping()
    except REDIS_AWAY as error:
        return f"away: {error}"
    return OK


def check_database() -> str:
    """Return "ok", or what is wrong."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except django.db.Error as error:
        return f"away: {(str(error).strip() or type(error).__name__).splitlines()[0]}"
    return OK


def check_health() -> dict[str, Any]:
    """Return the health answer: status, redis, database; what weakens "on disk before the ack"; how many sessions are parked."""
    parts = {"redis": check_redis(), "database": check_database()}
    healthy = all(part == OK for part in parts.values())
    answer: dict[str, Any] = {"status": OK if healthy else "unavailable", **parts}
    if parts["redis"] == OK:
        if gaps := durability_gaps():
            answer["durability"] = gaps
        if parked := parked_sessions():
            answer["parked"] = len(parked)
    return answer


class Kept(Generic[T]):
    """What a question to Redis that costs more than a ping was answered with, for 15 s."""

    def __init__(self, ask: Callable[[], T], empty: T) -> None:
        self._ask = ask
        self._answer = self._empty = empty
        self._asked_at = float("-inf")

    def __call__(self) -> T:
        if time.monotonic() - self._asked_at > LOOK_EVERY_S:
            try:
                self._answer = self._ask()
            except REDIS_AWAY:
                return self._empty
            self._asked_at = time.monotonic()
        return self._answer


durability_gaps: Kept[list[str]] = Kept(lambda: get_store().durability_gaps(), [])
parked_sessions: Kept[list[ParkedSession]] = Kept(lambda: list(get_store().parked_sessions()), [])
