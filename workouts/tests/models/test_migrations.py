"""The schema that migrations make from nothing, asked of the databases themselves."""

import contextlib
import json
import sqlite3
import uuid
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.test import SimpleTestCase

from workouts.tests.support.processes import run_manage
from workouts.tests.support.service import fresh_database, fresh_folder

COLUMNS = (
    "session_id",
    "user_id",
    "exercise_type",
    "total_reps",
    "created_at",
    "started_at",
    "finished_at",
)
JSON_COLUMNS = {
    "refused": "{}",
    "refusals": "[]",
    "timeline_ms": "[0]",
    "rep_devices": "[]",
    "late_reps": "[]",
    "device_seqs": "{}",
}
ATHLETE = "INSERT INTO workouts_athlete (user_id, display_name, created_at) VALUES ('ann', '', '2026-01-01')"
EXERCISE = (
    "INSERT INTO workouts_exercise (slug, name, min_interval_ms, max_per_minute, max_per_session, typical_ms_low,"
    " typical_ms_high, source, active) VALUES ('{slug}', 'x', {interval}, 60, 1000, 1000, 2000, '', TRUE)"
)


class FreshDatabase(SimpleTestCase):
    """What holds after `migrate` on an empty database; the classes below say which."""

    __test__ = False
    refusal: type[Exception]
    url: str
    environment: dict[str, str]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.url = cls.make_database()
        cls.environment = {"SENIM_DATA": str(fresh_folder()), "DATABASE_URL": cls.url}
        done = run_manage("migrate", **cls.environment)
        assert done.returncode == 0, done.stderr
        cls.execute(ATHLETE)

    @classmethod
    def make_database(cls) -> str:
        raise NotImplementedError

    @classmethod
    def execute(cls, sql: str) -> list[Any]:
        """Run the statement in a transaction of its own, and return the rows."""
        raise NotImplementedError

    def insert_session(self, **values: object) -> None:
        row = {
            "session_id": uuid.uuid4().hex,
            "user_id": "ann",
            "exercise_type": "squat",
            "total_reps": 3,
            "created_at": "2026-01-01 10:05:00",
            "started_at": "2026-01-01 10:00:00",
            "finished_at": "2026-01-01 10:01:00",
            **JSON_COLUMNS,
            **values,
        }
        literals = ["NULL" if value is None else f"'{value}'" for value in row.values()]
        self.execute(
            f"INSERT INTO workout_sessions ({', '.join(row)}) VALUES ({', '.join(literals)})"  # noqa: S608
        )

    def test_it_has_the_columns_that_were_asked_for(self) -> None:
        rows = self.execute(
            "SELECT id, user_id, exercise_type, total_reps, created_at FROM workout_sessions WHERE 1 = 0"
        )
        assert rows == []

    def test_it_takes_a_session_and_numbers_it(self) -> None:
        for _ in range(2):
            self.insert_session()
        (low, high, count) = self.execute(
            "SELECT min(id), max(id), count(*) FROM workout_sessions"
        )[0]
        assert high - low >= count - 1 >= 1

    def test_it_takes_a_session_once(self) -> None:
        session_id = uuid.uuid4().hex
        self.insert_session(session_id=session_id)
        with pytest.raises(self.refusal):
            self.insert_session(session_id=session_id)

    def test_it_refuses_what_cannot_be_a_session(self) -> None:
        wrong: list[dict[str, object]] = [
            {"total_reps": 0},
            {"total_reps": -1},
            {"finished_at": "2026-01-01 09:59:59"},
            {"user_id": "nobody"},
            {"exercise_type": "unicorn_ride"},
            *({name: None} for name in (*COLUMNS, *JSON_COLUMNS)),
        ]
        for values in wrong:
            with self.subTest(values), pytest.raises(self.refusal):
                self.insert_session(**values)

    def test_it_refuses_a_second_athlete_of_the_name(self) -> None:
        with pytest.raises(self.refusal):
            self.execute(ATHLETE)

    def test_it_refuses_an_athlete_without_a_name(self) -> None:
        with pytest.raises(self.refusal):
            self.execute(ATHLETE.replace("'ann'", "''"))

    def test_it_refuses_to_lose_what_sessions_refer_to(self) -> None:
        self.insert_session()
        for sql in (
            "DELETE FROM workouts_athlete WHERE user_id = 'ann'",
            "DELETE FROM workouts_exercise WHERE slug = 'squat'",
        ):
            with self.subTest(sql), pytest.raises(self.refusal):
                self.execute(sql)

    def test_it_refuses_what_cannot_be_an_exercise(self) -> None:
        self.execute(EXERCISE.format(slug="good_one", interval=100))
        for wrong in (
            {"slug": "good_one", "interval": 100},
            {"slug": "", "interval": 100},
            {"slug": "a:b", "interval": 100},
            {"slug": "x", "interval": 0},
        ):
            with self.subTest(wrong), pytest.raises(self.refusal):
                self.execute(EXERCISE.format(**wrong))

    def test_it_knows_the_exercises(self) -> None:
        assert self.execute(
            "SELECT min_interval_ms, max_per_minute FROM workouts_exercise WHERE slug = 'squat'"
        ) == [(450, 85)]

    def test_it_fills_in_the_best_minutes_of_what_was_saved_before(self) -> None:
        times = [2_000 * number for number in range(31)]
        for timeline, finished_at in (
            (times, "10:01:00"),
            (["soon"], "10:01:00"),
            ([0], "10:00:30"),
        ):
            self.insert_session(
                timeline_ms=json.dumps(timeline), finished_at=f"2026-01-01 {finished_at}"
            )
        for target in ("0006", "0007"):
            done = run_manage("migrate", "workouts", target, **self.environment)
            assert done.returncode == 0, done.stderr
        best = self.execute(
            "SELECT total_reps, best_minute FROM workout_sessions WHERE best_minute IS NOT NULL"
        )
        assert best == [(3, 30)]
        run_manage("migrate", **self.environment)

    def test_athletes_and_their_sessions_stay_as_links_are_added(self) -> None:
        self.insert_session()
        sessions = self.execute("SELECT count(*) FROM workout_sessions WHERE user_id = 'ann'")
        for target in ("0008", "0009"):
            done = run_manage("migrate", "workouts", target, **self.environment)
            assert done.returncode == 0, done.stderr
        assert self.execute("SELECT user_id, account_id, merged_into_id FROM workouts_athlete") == [
            ("ann", None, None)
        ]
        assert (
            self.execute("SELECT count(*) FROM workout_sessions WHERE user_id = 'ann'") == sessions
        )
        with pytest.raises(self.refusal):
            self.execute("UPDATE workouts_athlete SET merged_into_id = id")
        run_manage("migrate", **self.environment)

    def test_it_migrates_again_without_a_change(self) -> None:
        done = run_manage("migrate", **self.environment)
        assert done.returncode == 0
        assert "No migrations to apply" in done.stdout


class PostgresTests(FreshDatabase):
    __test__ = True
    refusal = psycopg.IntegrityError

    @classmethod
    def make_database(cls) -> str:
        return fresh_database()

    @classmethod
    def execute(cls, sql: str) -> list[Any]:
        with contextlib.closing(psycopg.connect(cls.url)) as connection, connection.transaction():
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []


class SqliteTests(FreshDatabase):
    __test__ = True
    path: Path
    refusal = sqlite3.IntegrityError

    @classmethod
    def make_database(cls) -> str:
        cls.path = fresh_folder() / "new.sqlite3"
        return f"sqlite:///{cls.path}"

    @classmethod
    def execute(cls, sql: str) -> list[Any]:
        with contextlib.closing(sqlite3.connect(cls.path)) as connection, connection:
            connection.execute("PRAGMA foreign_keys = ON")
            return connection.execute(sql).fetchall()

    def test_it_refuses_to_replace_a_review_step(self) -> None:
        self.insert_session()
        insert = "INTO workouts_reviewstep (id, session_id, at, actor, from_status, to_status, note) SELECT 1, MAX(id), '2026-01-01', "
        insert += "'service', 'clean', 'pending', 'one' FROM workout_sessions"
        self.execute(f"INSERT {insert}")
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            self.execute(f"INSERT OR REPLACE {insert}")
        assert self.execute("SELECT note FROM workouts_reviewstep") == [("one",)]


class HistoryTests(SimpleTestCase):
    def test_its_models_have_no_change_without_a_migration(self) -> None:
        done = run_manage("makemigrations", "--check", "--dry-run", SENIM_DATA=str(fresh_folder()))
        assert done.returncode == 0, done.stdout
        assert "No changes detected" in done.stdout

    def test_it_can_be_undone(self) -> None:
        environment = {"SENIM_DATA": str(fresh_folder()), "DATABASE_URL": fresh_database()}
        for target in ([], ["workouts", "zero"]):
            done = run_manage("migrate", *target, **environment)
            assert done.returncode == 0, done.stderr
        with psycopg.connect(environment["DATABASE_URL"]) as connection:
            assert (
                connection.execute(
                    "SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'workout%'"
                ).fetchall()
                == []
            )
