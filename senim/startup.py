"""What happens before the service answers: wait for the parts, look at the database, migrate, the first coach."""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import django.db
import redis
import structlog
from django.contrib.auth import get_user_model
from django.core.checks import Tags, run_checks
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from workouts.live.runtime import get_store

WAIT_S = 60.0
SAY_EVERY_S = 5.0
MIGRATION_LOCK = 0x53454E494D  # "SENIM": the key of PostgreSQL's advisory lock
FIRST_COACH = "coach"
log = structlog.get_logger(__name__)


def wait_for(name: str, ask: Callable[[], object], *, deadline_s: float = WAIT_S) -> None:
    """Ask until there is an answer, and say so every few seconds. Raises CommandError after a minute."""
    began = said = time.monotonic()
    while True:
        try:
            ask()
            return
        except (redis.RedisError, django.db.Error, OSError) as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        now = time.monotonic()
        if now - began > deadline_s:
            raise CommandError(f"gave up waiting for {name} after {deadline_s:.0f} s: {reason}")
        if said == began or now - said > SAY_EVERY_S:
            log.warning("waiting", part=name, reason=reason)
            said = now
        time.sleep(0.5)


def wait_for_parts() -> None:
    """Wait until Redis and the database answer. Raises CommandError after a minute without one of them."""
    wait_for("Redis (REDIS_URL)", get_store().ping)
    wait_for("the database (DATABASE_URL)", connection.ensure_connection)
    for gap in get_store().durability_gaps():
        log.warning("durability", gap=gap)


def migrate() -> None:
    """Bring the database up to date; of several processes that start at once, one does. Raises CommandError if it is not ours."""
    errors = run_checks(tags=[Tags.database], databases=["default"])
    if errors:
        raise CommandError("; ".join(str(error.msg) for error in errors))
    with migration_lock():
        call_command("migrate", interactive=False, verbosity=0)


@contextmanager
def migration_lock() -> Iterator[None]:
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [MIGRATION_LOCK])


def make_first_coach() -> str | None:
    """Make a coach where there is no user yet, and return the password, which is kept nowhere; else None."""
    users = get_user_model()
    if users.objects.exists():
        return None
    password = secrets.token_urlsafe(12)
    users.objects.create_superuser(username=FIRST_COACH, password=password)
    return password
