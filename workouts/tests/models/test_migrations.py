"""Databases of earlier versions: migrated with all their rows, and back again."""

import html
import json
import re
import uuid
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import DatabaseError
from django.test import Client, SimpleTestCase
from django.utils import translation

from workouts.fairness.flag_texts import explain_flag, name_flag
from workouts.models import Athlete, WorkoutSession
from workouts.models.sort_names import make_sort_name
from workouts.tests.support.extra_databases import ExtraDatabase, UsesExtraDatabases

BEFORE_BEST_MINUTES, BEFORE_ATHLETE_LINKS, BEFORE_FLAG_NAMES = "0006", "0008", "0010"
FLAGS: list[dict[str, Any]] = [
    {"flag": "metronome", "cv": 0.004, "intervals": 42, "strong": True},
    {"flag": "record_pace", "reps": 80, "record": 74},
    {"flag": "personal_pace", "reps": 60, "best": 39},
    {"flag": "two_devices", "changes": 3},
    {"flag": "many_refused", "refused": 20, "counted": 2},
    {"flag": "mostly_late", "late": 3, "reps": 4},
    {"flag": "clock", "reps": 4},
    {"flag": "marathon", "minutes": 181, "reps_in_hour": 4700, "record": 4656},
    {"flag": "of_another_version", "figure": 7},
]
ALL_NAMES = ", ".join(flag["flag"] for flag in FLAGS)
# actor, whether a coach is named, from, to, and the note as it was kept before 0011
OLD_STEPS = [
    ("service", False, "clean", "pending", "metronome"),
    ("service", False, "pending", "clean", ""),
    ("service", False, "clean", "pending", ALL_NAMES),
    ("coach", True, "pending", "rejected", "metronome, or a script"),
    ("athlete", False, "rejected", "pending", 'it was me, "honestly"'),
    ("coach", True, "pending", "approved", ""),
]
NOTES = "SELECT actor, note FROM workouts_reviewstep ORDER BY id"


class TakeoverSuite(UsesExtraDatabases):
    """A database that got its rows before a migration, and then all the later migrations."""

    __test__ = False
    database: ExtraDatabase
    flagged: int

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.database = cls.make_database()
        cls.migrate(BEFORE_BEST_MINUTES)
        cls.database.execute(
            "INSERT INTO workouts_athlete (user_id, display_name, created_at)"
            " VALUES ('ann', '', '2026-01-01')"
        )
        for timeline, end in (
            ([2_000 * number for number in range(31)], "10:01:00"),
            (["soon"], "10:01:00"),
            ([0], "10:00:30"),
        ):
            cls.insert_session(timeline_ms=timeline, finished_at=f"2026-01-01 {end}")
        cls.migrate(BEFORE_ATHLETE_LINKS)
        cls.migrate(BEFORE_FLAG_NAMES)
        cls.flagged = cls.insert_session(flags=FLAGS, review_status="approved")
        coach = get_user_model().objects.db_manager(cls.database.alias).create_superuser("aliya")
        for number, (actor, is_coach, before, after, note) in enumerate(OLD_STEPS):
            cls.insert(
                "workouts_reviewstep",
                session_id=cls.flagged,
                at=f"2026-01-02 10:0{number}:00",
                actor=actor,
                reviewer_id=coach.pk if is_coach else None,
                from_status=before,
                to_status=after,
                note=note,
            )
        cls.database.migrate()

    @classmethod
    def make_database(cls) -> ExtraDatabase:
        raise NotImplementedError

    @classmethod
    def migrate(cls, target: str) -> None:
        cls.database.migrate("workouts", target)

    @classmethod
    def insert_session(cls, **values: object) -> int:
        defaults = {
            "session_id": uuid.uuid4().hex,
            "user_id": "ann",
            "exercise_type": "squat",
            "total_reps": 3,
            "created_at": "2026-01-01 10:05:00",
            "started_at": "2026-01-01 10:00:00",
            "finished_at": "2026-01-01 10:01:00",
            "timeline_ms": [0, 1000, 2000],
            "refused": {},
            "refusals": [],
            "rep_devices": [],
            "late_reps": [],
            "device_seqs": {},
        }
        cls.insert("workout_sessions", **{**defaults, **values})
        return int(cls.database.execute("SELECT max(id) FROM workout_sessions")[0][0])

    @classmethod
    def insert(cls, table: str, **values: object) -> None:
        literals = ["NULL" if value is None else as_literal(value) for value in values.values()]
        cls.database.execute(
            f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(literals)})"  # noqa: S608
        )

    def test_old_sessions_get_their_best_minutes(self) -> None:
        rows = self.database.execute(
            "SELECT best_minute FROM workout_sessions WHERE best_minute IS NOT NULL"
        )
        assert rows == [(30,)]

    def test_old_sessions_get_their_sets(self) -> None:
        sessions = WorkoutSession.objects.using(self.database.alias).order_by("pk")
        assert [*sessions.values_list("sets", flat=True)] == [
            [[31, 60_000, 0.0]],
            None,  # its timeline cannot be read
            [[1, 0, None]],
            [[3, 2000, None]],
        ]

    def test_old_athletes_get_their_sort_keys(self) -> None:
        athlete = Athlete.objects.using(self.database.alias).get()
        assert bytes(athlete.sort_name) == make_sort_name("ann")

    def test_athletes_and_sessions_stay_as_links_are_added(self) -> None:
        assert self.database.execute(
            "SELECT user_id, account_id, merged_into_id FROM workouts_athlete"
        ) == [("ann", None, None)]
        assert self.database.execute(
            "SELECT count(*) FROM workout_sessions WHERE user_id = 'ann'"
        ) == [(4,)]

    def test_notes_of_the_service_become_flag_names(self) -> None:
        steps = WorkoutSession.objects.using(self.database.alias).get(pk=self.flagged).review_steps
        assert list(steps.values_list("actor", "note", "flag_names")) == [
            ("service", "", ["metronome"]),
            ("service", "", []),
            ("service", "", [flag["flag"] for flag in FLAGS]),
            *((actor, note, []) for actor, _, _, _, note in OLD_STEPS[3:]),
        ]

    def test_the_page_shows_old_flags_and_steps_as_before_in_each_language(self) -> None:
        with self.database.as_default():
            client = Client()
            client.force_login(get_user_model().objects.get())
            for language in ("en", "ru", "kk"):
                path = f"/admin/workouts/workoutsession/{self.flagged}/change/"
                response = client.get(path, HTTP_ACCEPT_LANGUAGE=language)
                assert response.status_code == 200
                text = html.unescape(response.content.decode())
                with translation.override(language), self.subTest(language):
                    assert read_notes(text) == [
                        show_old_note(actor, note) for actor, _, _, _, note in OLD_STEPS
                    ]
                    for flag in FLAGS:
                        assert f"</strong>: {explain_flag(flag)}</li>" in text

    def test_review_steps_stay_append_only(self) -> None:
        self.refuse_changes(self.database)

    def test_it_can_be_undone(self) -> None:
        copy = self.copy_database(self.database)
        copy.migrate("workouts", BEFORE_FLAG_NAMES)
        assert copy.execute(NOTES) == [(actor, note) for actor, _, _, _, note in OLD_STEPS]
        self.refuse_changes(copy)
        copy.migrate("workouts", "zero")
        with pytest.raises(DatabaseError):
            copy.execute("SELECT 1 FROM workout_sessions")

    def test_it_migrates_again_without_a_change(self) -> None:
        output = StringIO()
        call_command("migrate", database=self.database.alias, stdout=output)
        assert "No migrations to apply" in output.getvalue()

    def refuse_changes(self, database: ExtraDatabase) -> None:
        before = database.execute(NOTES)
        for change in (
            "UPDATE workouts_reviewstep SET note = 'other'",
            "DELETE FROM workouts_reviewstep",
        ):
            with pytest.raises(DatabaseError, match="append-only"):
                database.execute(change)
        assert database.execute(NOTES) == before


@pytest.mark.slow
class PostgresTakeoverTests(TakeoverSuite):
    __test__ = True

    @classmethod
    def make_database(cls) -> ExtraDatabase:
        return cls.add_postgres()


@pytest.mark.slow
class SqliteTakeoverTests(TakeoverSuite):
    __test__ = True

    @classmethod
    def make_database(cls) -> ExtraDatabase:
        return cls.add_sqlite()

    def refuse_changes(self, database: ExtraDatabase) -> None:
        super().refuse_changes(database)
        columns = "id, session_id, at, actor, from_status, to_status, note"
        with pytest.raises(DatabaseError, match="append-only"):
            database.execute(
                f"INSERT OR REPLACE INTO workouts_reviewstep ({columns})"  # noqa: S608
                f" SELECT {columns} FROM workouts_reviewstep"
            )


class ModelTests(SimpleTestCase):
    databases = {"default"}

    def test_models_have_no_change_without_a_migration(self) -> None:
        output = StringIO()
        call_command("makemigrations", check_changes=True, dry_run=True, stdout=output)
        assert "No changes detected" in output.getvalue()


def as_literal(value: object) -> str:
    text = json.dumps(value) if isinstance(value, (list, dict)) else str(value)
    return "'{}'".format(text.replace("'", "''"))


def read_notes(page: str) -> list[str]:
    """Return the last of each review step's five cells."""
    steps = page.partition('aria-labelledby="steps-title"')[2].partition("</section>")[0]
    return re.findall(r"<td [^>]*>([^<]*)</td>", steps)[4::5]


def show_old_note(actor: str, note: str) -> str:
    """Return the page's text for a note from before a step's flags were data."""
    if actor != "service":
        return note
    return ", ".join(name_flag({"flag": name}) for name in note.split(", ") if name)
