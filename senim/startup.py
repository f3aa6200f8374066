"""The steps before the service answers: wait for its parts, migrate, create the first coach."""

import fcntl
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import django.db
import structlog
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.checks import Tags, run_checks
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, transaction

from senim.secret_key import write_secret_file
from workouts.live.clients import REDIS_AWAY
from workouts.live.runtime import get_live_store
from workouts.services.joined_devices import revoke_devices_of_open_mode
from workouts.services.sign_ins import make_password_temporary
from workouts.services.sort_names import renew_sort_names

WAIT_S = 60.0
LOG_EVERY_S = 5.0
ASK_EVERY_S = 0.5
MAX_REASON_LENGTH = 300
PART_ERRORS = (*REDIS_AWAY, django.db.Error, OSError)
STATEMENT_TIMEOUT_MS = 5000
MIGRATION_LOCK = 0x53454E494D  # "SENIM": the key of PostgreSQL's advisory lock
FIRST_COACH = "coach"
FIRST_PASSWORD_FILE = "first_password"  # noqa: S105 (in SENIM_DATA)
log = structlog.get_logger(__name__)


def wait_for_part_at_startup(
    name: str, ask: Callable[[], object], *, deadline_s: float = WAIT_S
) -> None:
    """Ask until the part answers. Raises CommandError at the deadline."""
    began, logged = time.monotonic(), float("-inf")
    while reason := find_startup_problem(ask):
        now = time.monotonic()
        if now - began > deadline_s:
            raise CommandError(f"gave up waiting for {name} after {deadline_s:.0f} s: {reason}")
        if now - logged > LOG_EVERY_S:
            log.warning("part_unavailable", part=name, reason=reason)
            logged = now
        time.sleep(ASK_EVERY_S)


def find_startup_problem(ask: Callable[[], object]) -> str | None:
    """Return the part's error in one line, or None if it answers."""
    try:
        ask()
    except PART_ERRORS as error:
        return " ".join(str(error).split())[:MAX_REASON_LENGTH] or type(error).__name__
    return None


def wait_for_parts_at_startup() -> None:
    """Wait until Redis and the database answer. Raises CommandError after a minute for either."""
    # a cluster's client connects when it is created, so that is part of the attempt
    wait_for_part_at_startup("Redis (REDIS_URL)", lambda: get_live_store().ping())
    wait_for_part_at_startup("the database (DATABASE_URL)", connect_to_database_at_startup)
    for gap in get_live_store().durability_gaps():
        log.warning("durability_weakened", gap=gap)


def connect_to_database_at_startup() -> None:
    """Connect to the database without the pool, which would report only that it timed out."""
    with closing(connection.copy()) as probe:
        probe.settings_dict["OPTIONS"].pop("pool", None)
        probe.ensure_connection()


def prepare_database_at_startup() -> str | None:
    """Migrate the database and create the first coach; return how they log in, None if they exist.

    Of several processes that start together, one does the work. Raises CommandError if the
    database belongs to another program.
    """
    with startup_lock():
        # under the lock: a process in the middle of the first migration would look like another
        # program
        errors = run_checks(tags=[Tags.database], databases=["default"])
        if errors:
            raise CommandError("; ".join(str(error.msg) for error in errors))
        if connection.vendor == "sqlite":
            # readers can work beside one writer; the file remembers this
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA journal_mode=WAL")
        call_command("migrate", interactive=False, verbosity=0)
        renew_sort_names()
        if settings.SENIM_AUTH == "token":
            revoke_devices_of_open_mode()
        return make_first_coach_at_startup()


def limit_statements_at_startup() -> None:
    """Have PostgreSQL cancel statements after 5 s, such as those that wait for a locked table.

    Called after the migrations, which may take longer. It goes into the environment, so that worker
    processes have it too. PGOPTIONS stays as it is if it is set, even to nothing.
    """
    os.environ.setdefault("PGOPTIONS", f"-c statement_timeout={STATEMENT_TIMEOUT_MS}")
    if connection.vendor == "postgresql":
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's has it


@contextmanager
def startup_lock() -> Iterator[None]:
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


def make_first_coach_at_startup() -> str | None:
    """Create a coach if there are no users yet; return a line that says how they log in.

    The password has to be changed at the first log-in. Where the log is read by machines, which
    keep it for long and show it to many, it is left in a file instead of the line.
    """
    users = get_user_model()
    path = settings.SENIM_DATA / FIRST_PASSWORD_FILE
    if users.objects.exists():
        first = users.objects.filter(username=FIRST_COACH, temporary_password__isnull=False)
        if path.exists() and not first.exists():
            path.unlink()
        return None
    password = secrets.token_urlsafe(12)
    where = f"password {password} (shown only this once; you change it when you log in)"
    if settings.LOG_FORMAT == "json":
        try:
            path.unlink(missing_ok=True)
            write_secret_file(path, password + "\n")
        except OSError as error:
            log.warning("first_password_not_kept", path=str(path), reason=error.strerror)
            users.objects.create_superuser(username=FIRST_COACH)
            return f"name {FIRST_COACH}; set a password: manage.py changepassword {FIRST_COACH}"
        where = f"password in {path} (you change it when you log in)"
    with transaction.atomic():
        coach = users.objects.create_superuser(username=FIRST_COACH, password=password)
        make_password_temporary(coach)
    return f"name {FIRST_COACH}, {where}"
