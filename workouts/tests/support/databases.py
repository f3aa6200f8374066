"""Databases for services: empty ones, and copies of templates that each run migrates once."""

import os
import shutil
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import psycopg
from django.conf import settings

from senim.embedded.postgres import EmbeddedPostgres, create_embedded_database
from workouts.tests.support.run import clean_environment, fresh_folder, run_folder, run_lock

SQLITE_FILE = "senim.sqlite3"


def fresh_database() -> str:
    """Return the address of an empty database on the run's PostgreSQL."""
    return copy_database("template1")


def migrated_database() -> str:
    """Return the address of a migrated database on the run's PostgreSQL."""
    server, template = os.environ["DATABASE_URL"], f"template_{run_folder().name}"
    with run_lock("template"):
        if not has_database(server, template):
            # it gets its name once it is complete
            migrate(create_embedded_database(server, f"{template}_unfinished"))
            with psycopg.connect(server, autocommit=True) as connection:
                connection.execute(f'ALTER DATABASE "{template}_unfinished" RENAME TO "{template}"')
    return copy_database(template)


def copy_database(template: str) -> str:
    """Copy a database of the run's PostgreSQL that nobody is connected to; return its address."""
    name = f"senim_{uuid.uuid4().hex[:8]}"
    return create_embedded_database(os.environ["DATABASE_URL"], name, template=template)


def copy_sqlite(folder: Path) -> None:
    """Put a migrated SQLite into a data folder."""
    template = run_folder() / "sqlite-template"
    with run_lock("sqlite"):
        if not template.exists():
            data = fresh_folder()
            migrate(f"sqlite:///{data / SQLITE_FILE}")
            data.rename(template)
    shutil.copy(template / SQLITE_FILE, folder / SQLITE_FILE)


def copy_postgres(folder: Path) -> EmbeddedPostgres:
    """Return a PostgreSQL that a test may break, with a migrated "senim"; it is not started yet."""
    template = EmbeddedPostgres(run_folder() / "postgres-template", wheel=run_folder() / "wheel")
    with run_lock("postgres"):
        if not template.directory.exists():
            made = EmbeddedPostgres(fresh_folder(), wheel=template.wheel)
            made.start()
            try:
                migrate(made.create_database("senim"))
            finally:
                made.stop(signal.SIGINT)
            made.directory.rename(template.directory)
    server = EmbeddedPostgres(folder, wheel=template.wheel)
    server.copy_cluster(template)
    return server


def migrate(url: str) -> None:
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity=0"],
        cwd=settings.BASE_DIR,
        env=clean_environment(SENIM_DATA=str(fresh_folder()), DATABASE_URL=url),
        check=True,
    )


def has_database(server: str, name: str) -> bool:
    with psycopg.connect(server) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        return found.fetchone() is not None
