"""What the database itself refuses, and the exercises it comes with."""

import uuid
from datetime import UTC, datetime, timedelta
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.test import TestCase, TransactionTestCase

from workouts.models import Athlete, Exercise, WorkoutSession
from workouts.models.exercises import SEEDED_NAMES
from workouts.tests.support.cast import new_athlete, save_session

BURST_SHARE, MINUTE_SHARE, STEP_MS = 0.85, 0.60, 50
BURSTS_MS = {"push_up": 30_000 / 102, "sit_up": 30_000 / 47, "jumping_jack": 30_000 / 57}
NOON = datetime(2025, 11, 22, 12, tzinfo=UTC)


def raw_session(user_id: str, **fields: Any) -> WorkoutSession:
    values = {
        "exercise_id": "squat",
        "total_reps": 1,
        "started_at": NOON,
        "finished_at": NOON,
        "session_id": uuid.uuid4(),
    }
    return WorkoutSession(athlete_id=user_id, **{**values, **fields})


def raw_exercise(**fields: Any) -> Exercise:
    values = {
        "slug": "plank",
        "name": "Plank",
        "min_interval_ms": 400,
        "max_per_minute": 100,
        "typical_ms_low": 1000,
        "typical_ms_high": 2000,
    }
    return Exercise(**{**values, **fields})


class SessionTests(TestCase):
    def setUp(self) -> None:
        self.user_id = new_athlete()
        Athlete.objects.create(user_id=self.user_id)

    def refuse(self, constraint: str, **fields: Any) -> None:
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            WorkoutSession.objects.bulk_create([raw_session(self.user_id, **fields)])

    def test_it_takes_a_session_of_one_rep(self) -> None:
        WorkoutSession.objects.bulk_create([raw_session(self.user_id)])
        assert WorkoutSession.objects.get(athlete_id=self.user_id).total_reps == 1

    def test_it_refuses_a_session_without_a_rep(self) -> None:
        self.refuse("session_has_a_rep", total_reps=0)

    def test_it_refuses_a_session_that_ends_before_it_starts(self) -> None:
        self.refuse("session_ends_after_start", finished_at=NOON - timedelta(microseconds=1))

    def test_it_refuses_a_second_row_for_a_session(self) -> None:
        saved = save_session(self.user_id)
        self.refuse("session_id", session_id=saved.session_id)

    def test_it_refuses_a_session_without_a_required_value(self) -> None:
        for field in (
            "session_id",
            "total_reps",
            "started_at",
            "finished_at",
            "exercise_id",
            "timeline_ms",
            "refused",
        ):
            with self.subTest(field=field):
                self.refuse("null value", **{field: None})

    def test_it_refuses_a_count_that_does_not_fit_the_column(self) -> None:
        with pytest.raises(DataError), transaction.atomic():
            raw_session(self.user_id, total_reps=2**31).save()

    def test_its_columns_have_the_names_of_the_contract(self) -> None:
        save_session(self.user_id, reps=4)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT user_id, exercise_type, total_reps FROM workout_sessions"
                " WHERE user_id = %s",
                [self.user_id],
            )
            assert cursor.fetchall() == [(self.user_id, "squat", 4)]

    def test_a_session_is_shown_with_athlete_reps_and_exercise(self) -> None:
        assert str(save_session("ana", reps=4)) == "ana: 4 x squat"


class ReferenceTests(TransactionTestCase):
    """The database checks foreign keys only at COMMIT."""

    serialized_rollback = True

    def test_it_refuses_a_session_of_an_unknown_athlete(self) -> None:
        with pytest.raises(IntegrityError, match="user_id"):
            WorkoutSession.objects.bulk_create([raw_session(new_athlete())])

    def test_it_refuses_a_session_of_an_unknown_exercise(self) -> None:
        user_id = Athlete.objects.create(user_id=new_athlete()).user_id
        with pytest.raises(IntegrityError, match="exercise_type"):
            WorkoutSession.objects.bulk_create([raw_session(user_id, exercise_id="plank")])

    def test_the_database_keeps_what_sessions_refer_to(self) -> None:
        row = save_session(new_athlete())
        for table, column, value in (
            ("workouts_athlete", "user_id", row.athlete_id),
            ("workouts_exercise", "slug", "squat"),
        ):
            with pytest.raises(IntegrityError), connection.cursor() as cursor:
                cursor.execute(f"DELETE FROM {table} WHERE {column} = %s", [value])  # noqa: S608

    def test_the_models_keep_what_sessions_refer_to(self) -> None:
        row = save_session(new_athlete())
        for kept in (row.athlete, row.exercise):
            with pytest.raises(ProtectedError):
                kept.delete()
        assert WorkoutSession.objects.filter(pk=row.pk).exists()


class AthleteTests(TestCase):
    def test_it_refuses_the_same_user_id_twice(self) -> None:
        athlete = Athlete.objects.create(user_id=new_athlete())
        with pytest.raises(IntegrityError), transaction.atomic():
            Athlete.objects.bulk_create([Athlete(user_id=athlete.user_id)])

    def test_it_refuses_an_empty_user_id_and_one_that_is_too_long(self) -> None:
        with pytest.raises(IntegrityError, match="athlete_has_a_user_id"), transaction.atomic():
            Athlete.objects.bulk_create([Athlete(user_id="")])
        with pytest.raises(DataError), transaction.atomic():
            Athlete.objects.bulk_create([Athlete(user_id="a" * 65)])

    def test_an_athlete_is_shown_by_name_or_else_by_user_id(self) -> None:
        assert str(Athlete(user_id="42")) == "42"
        assert str(Athlete(user_id="42", display_name="Aigerim")) == "Aigerim"


class ExerciseTests(TestCase):
    def refuse(self, constraint: str, **fields: Any) -> None:
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            Exercise.objects.bulk_create([raw_exercise(**fields)])

    def test_it_takes_an_exercise_without_a_record(self) -> None:
        raw_exercise().save()
        exercise = Exercise.objects.get(slug="plank")
        assert (exercise.record_per_minute, exercise.max_per_session, exercise.active) == (
            None,
            10_000,
            True,
        )

    def test_it_refuses_limits_that_are_not_positive(self) -> None:
        for field in ("min_interval_ms", "max_per_minute", "max_per_session", "typical_ms_low"):
            with self.subTest(field=field):
                self.refuse("exercise_limits_are_positive", **{field: 0})
        self.refuse("exercise_record_is_positive", record_per_minute=0)

    def test_it_refuses_a_typical_pace_from_high_to_low(self) -> None:
        self.refuse("exercise_typical_is_a_range", typical_ms_low=2001)

    def test_it_refuses_slugs_that_would_break_a_key(self) -> None:
        self.refuse("exercise_slug_is_plain", slug="a:b")
        self.refuse("exercise_slug_is_plain", slug="")
        self.refuse("slug", slug="squat")

    def test_its_form_refuses_a_malformed_slug(self) -> None:
        for slug in ("Squat", "sit up", "sit-up", "é", "a:b", "squat\n", "s" * 33):
            with self.subTest(slug=slug), pytest.raises(ValidationError, match="slug"):
                raw_exercise(slug=slug).full_clean()

    def test_an_exercise_is_shown_by_its_name(self) -> None:
        assert str(Exercise.objects.get(slug="push_up")) == "Push-up"


class CatalogueTests(TestCase):
    def setUp(self) -> None:
        self.by_slug = {exercise.slug: exercise for exercise in Exercise.objects.all()}

    def test_it_has_sixteen_exercises_in_use(self) -> None:
        assert len(self.by_slug) == 16
        assert all(exercise.active for exercise in self.by_slug.values())

    def test_the_names_of_all_of_them_are_marked_for_translation(self) -> None:
        assert sorted(SEEDED_NAMES) == sorted(each.name for each in self.by_slug.values())

    def test_it_has_the_published_figures(self) -> None:
        squat, burpee = self.by_slug["squat"], self.by_slug["burpee"]
        assert (squat.min_interval_ms, squat.record_per_minute, squat.max_per_minute) == (
            450,
            74,
            85,
        )
        assert (squat.typical_ms_low, squat.typical_ms_high) == (2000, 4000)
        assert (burpee.min_interval_ms, burpee.record_per_minute, burpee.max_per_minute) == (
            800,
            None,
            52,
        )

    def test_it_names_a_source_for_every_figure(self) -> None:
        for exercise in self.by_slug.values():
            assert exercise.source.startswith(("press: ", "published: ", "own estimate"))

    def test_it_has_the_bursts_and_days_for_which_there_is_a_source(self) -> None:
        assert {
            slug: (exercise.record_per_30_s, exercise.record_per_day)
            for slug, exercise in self.by_slug.items()
            if exercise.record_per_30_s or exercise.record_per_day
        } == {
            "squat": (None, 26_100),
            "push_up": (102, 46_001),
            "pull_up": (None, 11_707),
            "sit_up": (47, 111_000),
            "burpee": (None, 12_003),
            "jumping_jack": (57, None),
        }
        assert self.by_slug["squat"].source.endswith("; 26,100 in a day: press: upi.com 2024-04-05")

    def test_the_migration_keeps_what_a_coach_entered(self) -> None:
        Exercise.objects.filter(slug="push_up").update(
            record_per_30_s=90, record_per_day=30_000, source="our own"
        )
        Exercise.objects.filter(slug="sit_up").update(record_per_30_s=None, record_per_day=None)
        migration = import_module("workouts.migrations.0021_bursts_and_days")
        migration.add_records(apps, SimpleNamespace(connection=connection))
        push_up, sit_up = (Exercise.objects.get(slug=slug) for slug in ("push_up", "sit_up"))
        assert (push_up.record_per_30_s, push_up.record_per_day) == (90, 30_000)
        assert push_up.source == "our own"
        assert (sit_up.record_per_30_s, sit_up.record_per_day) == (47, 111_000)

    def test_its_exercises_are_valid_by_their_own_rules(self) -> None:
        for exercise in self.by_slug.values():
            exercise.full_clean()

    def test_it_refuses_no_champion(self) -> None:
        for exercise in self.by_slug.values():
            if exercise.record_per_minute:
                with self.subTest(slug=exercise.slug):
                    assert exercise.record_per_minute * exercise.min_interval_ms < 60_000
                    assert exercise.record_per_minute < exercise.max_per_minute

    def test_its_minimum_intervals_are_shorter_than_a_typical_rep(self) -> None:
        for exercise in self.by_slug.values():
            assert exercise.min_interval_ms < exercise.typical_ms_low

    def test_its_minimum_intervals_follow_from_the_fastest_ones(self) -> None:
        for slug, burst_ms in BURSTS_MS.items():
            assert self.by_slug[slug].min_interval_ms == burst_ms * BURST_SHARE // STEP_MS * STEP_MS
        for slug in ("squat", "pull_up", "lunge", "deadlift", "bench_press", "dip", "double_under"):
            fastest_ms = 60_000 / (self.by_slug[slug].record_per_minute or 0)
            assert (
                self.by_slug[slug].min_interval_ms == fastest_ms * MINUTE_SHARE // STEP_MS * STEP_MS
            )
