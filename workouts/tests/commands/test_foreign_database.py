"""Databases that belong to another program: each is refused in one line, and left as it is."""

import sqlite3
import subprocess
from contextlib import closing
from multiprocessing.pool import ThreadPool
from pathlib import Path

import psycopg
import pytest
from django.core.checks import Tags, run_checks
from django.db import ConnectionHandler, connections
from django.test import SimpleTestCase

from workouts.tests.support.processes import only_line, run_manage
from workouts.tests.support.service import fresh_database, fresh_folder

TABLE = "CREATE TABLE workout_sessions (id integer, total_reps text)"
ROW = "INSERT INTO workout_sessions VALUES (1, 'ten')"
MIGRATIONS = (
    "CREATE TABLE django_migrations (id INTEGER PRIMARY KEY, app TEXT, name TEXT, applied DATETIME)"
)


def make_sqlite(*statements: str) -> Path:
    path = fresh_folder() / "foreign.sqlite3"
    with closing(sqlite3.connect(path)) as database, database:
        for statement in statements:
            database.execute(statement)
    return path


@pytest.mark.slow
class CommandTests(SimpleTestCase):
    def check_refused(self, url: str) -> None:
        def run(*command: str) -> subprocess.CompletedProcess[str]:
            return run_manage(*command, SENIM_DATA=str(fresh_folder()), DATABASE_URL=url)

        with ThreadPool(2) as pool:
            started, migrated = pool.starmap(run, [("start", "--port", "0"), ("migrate",)])
        assert started.returncode == 1
        line = only_line(started.stderr)
        assert "workout_sessions" in line
        assert "DATABASE_URL" in line
        assert migrated.returncode == 1
        assert "workouts.E001" in migrated.stderr
        assert "Traceback" not in migrated.stderr

    def test_they_leave_another_programs_postgresql_alone(self) -> None:
        url = fresh_database()
        with psycopg.connect(url) as connection:
            connection.execute(TABLE)
            connection.execute(ROW)
        self.check_refused(url)
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT * FROM workout_sessions").fetchall() == [(1, "ten")]
            tables = connection.execute(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
            ).fetchall()
        assert tables == [("workout_sessions",)]

    def test_they_leave_another_programs_sqlite_alone(self) -> None:
        path = make_sqlite(TABLE, ROW)
        before = path.read_bytes()
        self.check_refused(f"sqlite:///{path}")
        assert path.read_bytes() == before


class CheckTests(SimpleTestCase):
    """The check that both commands run, in this process."""

    databases = {"default"}  # the foreign database stands in for it

    def find_errors(self, *statements: str) -> list[str]:
        path = make_sqlite(*statements)
        before = path.read_bytes()
        database = {"ENGINE": "django.db.backends.sqlite3", "NAME": path}
        own = connections["default"]
        connections["default"] = ConnectionHandler({"default": database})["default"]
        try:
            errors = run_checks(tags=[Tags.database], databases=["default"])
        finally:
            connections["default"].close()
            connections["default"] = own
        assert path.read_bytes() == before
        return [str(error.id) for error in errors]

    def test_an_empty_database_is_fine(self) -> None:
        assert self.find_errors() == []

    def test_other_tables_are_fine(self) -> None:
        assert self.find_errors("CREATE TABLE t (id)") == []

    def test_a_view_of_our_name_is_refused(self) -> None:
        view = "CREATE VIEW workout_sessions AS SELECT id FROM t"
        assert self.find_errors("CREATE TABLE t (id)", view) == ["workouts.E001"]

    def test_our_name_in_capitals_is_refused(self) -> None:
        assert self.find_errors("CREATE TABLE WORKOUT_SESSIONS (id)") == ["workouts.E001"]

    def test_another_django_project_with_our_label_is_refused(self) -> None:
        applied = (
            "INSERT INTO django_migrations VALUES (1, 'workouts', '0001_initial', '2020-01-01')"
        )
        table = "CREATE TABLE workout_sessions (id INTEGER PRIMARY KEY, total_reps INTEGER)"
        assert self.find_errors(MIGRATIONS, applied, table) == ["workouts.E001"]
