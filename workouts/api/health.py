"""The health answer: whether Redis and the database can be reached."""

import re
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import connection

from workouts.api.health_parts import OK, UNAVAILABLE, HealthPart
from workouts.live.clients import REDIS_AWAY
from workouts.live.runtime import get_live_store

LOOK_EVERY_S = 15


def check_health() -> dict[str, Any]:
    """Return the health answer, which anybody may read, within 1.5 s whatever hangs.

    `status`, `redis` and `database` are "ok" or "unavailable"; the reason goes to the log.
    `durability` lists what weakens "on disk before the ack", and `parked` counts the sealed
    sessions that cannot be saved; either is left out if there is nothing to say.
    """
    # both begin before either is waited for
    looks = [part.look() for part in PARTS]
    findings = {name: found for look in looks for name, found in look.wait().items()}
    states = {part.name: findings.pop(part.name) for part in PARTS}
    status = OK if all(state == OK for state in states.values()) else UNAVAILABLE
    return {"status": status, "version": settings.SENIM_VERSION, **states, **findings}


def look_at_redis_health() -> dict[str, Any]:
    get_live_store().ping()
    more = {
        "durability": get_cached_health("durability", find_public_health_gaps),
        "parked": get_cached_health("parked", count_parked_for_health),
    }
    return {name: found for name, found in more.items() if found}


def look_at_database_health() -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return {}


def get_cached_health(name: str, ask: Callable[[], Any]) -> Any:
    """Return the answer, kept for 15 s as it costs Redis more than a ping; None if Redis fails."""
    try:
        return cache.get_or_set(f"health-{name}", ask, LOOK_EVERY_S)
    except REDIS_AWAY:
        return None


def find_public_health_gaps() -> list[str]:
    # a gap may quote the server's error in brackets, which names users and commands
    return [re.sub(r" \(.*\)", "", gap) for gap in get_live_store().durability_gaps()]


def count_parked_for_health() -> int:
    return sum(1 for _ in get_live_store().parked_sessions())


PARTS = (HealthPart("redis", look_at_redis_health), HealthPart("database", look_at_database_health))
