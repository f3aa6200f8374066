"""Whether the parts that the service stands on can be reached."""

import time
from typing import Any

import django.db
from django.db import connection

from workouts.live.clients import REDIS_AWAY
from workouts.live.runtime import get_store

OK = "ok"
GAPS_TTL_S = 60.0
_gaps: tuple[float, list[str]] = (float("-inf"), [])


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
    """Return the health answer: status, redis, database, and what weakens "on disk before the ack"."""
    parts = {"redis": check_redis(), "database": check_database()}
    healthy = all(part == OK for part in parts.values())
    answer: dict[str, Any] = {"status": OK if healthy else "unavailable", **parts}
    gaps = find_durability_gaps() if parts["redis"] == OK else []
    if gaps:
        answer["durability"] = gaps
    return answer


def find_durability_gaps() -> list[str]:
    """Return the gaps in Redis's configuration, asked for at most once a minute."""
    global _gaps  # noqa: PLW0603
    asked_at, gaps = _gaps
    if time.monotonic() - asked_at > GAPS_TTL_S:
        try:
            gaps = get_store().durability_gaps()
        except REDIS_AWAY:
            return []
        _gaps = (time.monotonic(), gaps)
    return gaps
