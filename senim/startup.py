"""What happens before the service answers: wait for the parts, look at the database, migrate, the first coach."""

import fcntl
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import django.db
import structlog
from django.contrib.auth import get_user_model
from django.core.checks import Tags, run_checks
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from workouts.live.clients import REDIS_AWAY
from workouts.live.runtime import get_store

WAIT_S = 60.0
SAY_EVERY_S = 5.0
ASK_EVERY_S = 0.5
MAX_REASON_LENGTH = 300
PART_AWAY = (*REDIS_AWAY, django.db.Error, OSError)
STATEMENT_TIMEOUT_MS = 5000
MIGRATION_LOCK = 0x53454E494D  # "SENIM": the key of PostgreSQL's advisory lock
FIRST_COACH = "coach"
log = structlog.get_logger(__name__)


def wait_for(name: str, ask: Callable[[], object], *, deadline_s: float = WAIT_S) -> None:
    """Ask until there is an answer, and say so every few seconds. Raises CommandError after a minute."""
    began, said = time.monotonic(), float("-inf")
    while reason := why_away(ask):
        now = time.monotonic()
        if now - began > deadline_s:
            raise CommandError(f"gave up waiting for {name} after {deadline_s:.0f} s: {reason}")
        if now - said > SAY_EVERY_S:
            log.warning("waiting", part=name, reason=reason)
            said = now
        time.sleep(ASK_EVERY_S)


def why_away(ask: Callable[[], object]) -> str | None:
    """Return the error of a part that does not answer, in one line, or None where it does."""
    try:
        ask()
    except PART_AWAY as error:
        return " ".join(str(error).split())[:MAX_REASON_LENGTH] or type(error).__name__
    return None


def wait_for_parts() -> None:
    """Wait until Redis and the database answer. Raises CommandError after a minute without one of them."""
    # a cluster's client connects as it is made, so it is made in here
    wait_for("Redis (REDIS_URL)", lambda: get_store().ping())
    wait_for("the database (DATABASE_URL)", connect_once)
    for gap in get_store().durability_gaps():
        log.warning("durability", gap=gap)


def connect_once() -> None:
    """Connect to the database without the pool, whose error says only that it waited."""
    with closing(connection.copy()) as probe:
        probe.settings_dict["OPTIONS"].pop("pool", None)
        probe.ensure_connection()


def prepare_database() -> str | None:
    """Bring the database up to date and make the first coach; return their password where that was done now.

    Of several processes that start at once, one does it. Raises CommandError if the database is another program's.
    """
    with preparation_lock():
        # the check is inside: another process in the middle of its first migration is not another program
        errors = run_checks(tags=[Tags.database], databases=["default"])
        if errors:
            raise CommandError("; ".join(str(error.msg) for error in errors))
        if connection.vendor == "sqlite":
            # kept in the file: readers beside one writer
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA journal_mode=WAL")
        call_command("migrate", interactive=False, verbosity=0)
        return make_first_coach()


def limit_statements() -> None:
    """Have PostgreSQL give up what takes a request longer than 5 s, a locked table above all; migrations take their time.

    In the environment, so that the worker processes have it too. A PGOPTIONS that is set, if only to nothing, stays.
    """
    os.environ.setdefault("PGOPTIONS", f"-c statement_timeout={STATEMENT_TIMEOUT_MS}")
    if connection.vendor == "postgresql":
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's has it


@contextmanager
def preparation_lock() -> Iterator[None]:
    if connection.vendor == "sqlite":
        with Path(f"{connection.settings_dict['NAME']}.lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
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
