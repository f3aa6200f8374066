"""The health answer: whether Redis and the database can be reached."""

import re
from collections.abc import Callable
from typing import Any

import django.db
import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import connection

from workouts.live.clients import REDIS_AWAY
from workouts.live.runtime import get_store

OK = "ok"
UNAVAILABLE = "unavailable"
LOOK_EVERY_S = 15
LOG_EVERY_S = 10
log = structlog.get_logger(__name__)


def check_health() -> dict[str, Any]:
    """Return the health answer, which anybody may read.

    `status`, `redis` and `database` are "ok" or "unavailable"; the reason goes to the log.
    `durability` lists what weakens "on disk before the ack", and `parked` counts the sealed
    sessions that cannot be saved; either is left out if there is nothing to say.
    """
    parts = {
        "redis": check_part("redis", lambda: get_store().ping()),
        "database": check_part("database", ping_database),
    }
    healthy = all(part == OK for part in parts.values())
    answer = {"status": OK if healthy else UNAVAILABLE, "version": settings.SENIM_VERSION, **parts}
    if parts["redis"] == OK:
        if gaps := get_cached_health("durability", find_public_gaps):
            answer["durability"] = gaps
        if parked := get_cached_health("parked", count_parked):
            answer["parked"] = parked
    return answer


def check_part(name: str, ask: Callable[[], object]) -> str:
    try:
        ask()
    except (*REDIS_AWAY, django.db.Error) as error:
        # at most one line every few seconds, however often the endpoint is called
        if cache.add(f"health-{name}-logged", True, LOG_EVERY_S):
            reason = " ".join(str(error).split()) or type(error).__name__
            log.warning("health_check_failed", part=name, error=reason)
        return UNAVAILABLE
    return OK


def ping_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def get_cached_health(name: str, ask: Callable[[], Any]) -> Any:
    """Return the answer, kept for 15 s as it costs Redis more than a ping; None if Redis fails."""
    try:
        return cache.get_or_set(f"health-{name}", ask, LOOK_EVERY_S)
    except REDIS_AWAY:
        return None


def find_public_gaps() -> list[str]:
    # a gap may quote the server's error in brackets, which names users and commands
    return [re.sub(r" \(.*\)", "", gap) for gap in get_store().durability_gaps()]


def count_parked() -> int:
    return sum(1 for _ in get_store().parked_sessions())
