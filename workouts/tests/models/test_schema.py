"""The schema that migrations make from nothing, as the databases themselves enforce it."""

import uuid

import pytest
from django.db import IntegrityError

from workouts.tests.support.extra_databases import ExtraDatabase, UsesExtraDatabases

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
ATHLETE = (
    "INSERT INTO workouts_athlete (user_id, display_name, created_at)"
    " VALUES ('ann', '', '2026-01-01')"
)
EXERCISE = (
    "INSERT INTO workouts_exercise (slug, name, min_interval_ms, max_per_minute, max_per_session,"
    " typical_ms_low, typical_ms_high, source, active)"
    " VALUES ('{slug}', 'x', {interval}, 60, 1000, 1000, 2000, '', TRUE)"
)


class SchemaSuite(UsesExtraDatabases):
    """The schema after `migrate` on an empty database."""

    __test__ = False
    database: ExtraDatabase

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.database = cls.make_database()
        cls.database.migrate()
        cls.database.execute(ATHLETE)

    @classmethod
    def make_database(cls) -> ExtraDatabase:
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
        self.database.execute(
            f"INSERT INTO workout_sessions ({', '.join(row)}) VALUES ({', '.join(literals)})"  # noqa: S608
        )

    def refuse(self, sql: str) -> None:
        with pytest.raises(IntegrityError):
            self.database.execute(sql)

    def test_it_has_the_columns_that_were_asked_for(self) -> None:
        rows = self.database.execute(
            "SELECT id, user_id, exercise_type, total_reps, created_at"
            " FROM workout_sessions WHERE 1 = 0"
        )
        assert rows == []

    def test_it_numbers_sessions(self) -> None:
        for _ in range(2):
            self.insert_session()
        (low, high, count) = self.database.execute(
            "SELECT min(id), max(id), count(*) FROM workout_sessions"
        )[0]
        assert high - low >= count - 1 >= 1

    def test_it_takes_a_session_once(self) -> None:
        session_id = uuid.uuid4().hex
        self.insert_session(session_id=session_id)
        with pytest.raises(IntegrityError):
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
            with self.subTest(values), pytest.raises(IntegrityError):
                self.insert_session(**values)

    def test_it_refuses_a_second_athlete_of_the_same_user_id(self) -> None:
        self.refuse(ATHLETE)

    def test_it_refuses_an_athlete_without_a_user_id(self) -> None:
        self.refuse(ATHLETE.replace("'ann'", "''"))

    def test_it_refuses_an_athlete_that_is_merged_into_itself(self) -> None:
        self.refuse("UPDATE workouts_athlete SET merged_into_id = id")

    def test_it_refuses_to_delete_what_sessions_refer_to(self) -> None:
        self.insert_session()
        for sql in (
            "DELETE FROM workouts_athlete WHERE user_id = 'ann'",
            "DELETE FROM workouts_exercise WHERE slug = 'squat'",
        ):
            with self.subTest(sql):
                self.refuse(sql)

    def test_it_refuses_what_cannot_be_an_exercise(self) -> None:
        self.database.execute(EXERCISE.format(slug="good_one", interval=100))
        for wrong in (
            {"slug": "good_one", "interval": 100},
            {"slug": "", "interval": 100},
            {"slug": "a:b", "interval": 100},
            {"slug": "x", "interval": 0},
        ):
            with self.subTest(wrong):
                self.refuse(EXERCISE.format(**wrong))

    def test_it_knows_the_exercises(self) -> None:
        assert self.database.execute(
            "SELECT min_interval_ms, max_per_minute FROM workouts_exercise WHERE slug = 'squat'"
        ) == [(450, 85)]


class PostgresSchemaTests(SchemaSuite):
    __test__ = True

    @classmethod
    def make_database(cls) -> ExtraDatabase:
        return cls.add_postgres()


class SqliteSchemaTests(SchemaSuite):
    __test__ = True

    @classmethod
    def make_database(cls) -> ExtraDatabase:
        return cls.add_sqlite()
