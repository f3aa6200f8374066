"""`manage.py seed`: made-up workouts look like the service's own."""

import re
import sqlite3
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import F
from django.test import SimpleTestCase, TestCase

from workouts.fairness.assessment import collect_flag_evidence, read_flag_records
from workouts.fairness.flags import find_flags
from workouts.fairness.pace_flags import find_best_minute_pace
from workouts.fairness.sets import describe_sets, read_set_rows
from workouts.models import Athlete, Exercise, ReviewStatus, ReviewStep, Team, WorkoutSession
from workouts.simulation.seeding.days import share_out_seeded_sessions
from workouts.simulation.seeding.sessions import COLUMNS
from workouts.tests.support.cast import save_session
from workouts.tests.support.processes import run_manage
from workouts.tests.support.service import fresh_folder

DECISIONS = {ReviewStatus.APPROVED, ReviewStatus.REJECTED}
SHOW_NEWEST = """
from workouts.models import WorkoutSession
row = WorkoutSession.objects.all()[0]
print(row.total_reps - len(row.timeline_ms), row.created_at)
"""


def seed(sessions: int, **options: Any) -> str:
    output = StringIO()
    call_command("seed", sessions=sessions, stdout=output, **options)
    return output.getvalue()


def saved_sets() -> list[tuple[Any, ...]]:
    return list(
        WorkoutSession.objects.order_by("id").values_list(
            "session_id", "athlete_id", "total_reps", "created_at", "review_status"
        )
    )


@pytest.mark.slow
class SeedTests(TestCase):
    sessions: list[WorkoutSession]

    @classmethod
    def setUpTestData(cls) -> None:
        cls.before = datetime.now(UTC)
        cls.said = seed(1500, athletes=90, days=60, coach="carol")
        cls.sessions = list(WorkoutSession.objects.order_by("id").prefetch_related("review_steps"))

    def test_it_saves_the_number_of_sessions_asked_for(self) -> None:
        assert self.said.splitlines()[-1] == "1,500 sessions saved."
        assert len(self.sessions) == len({row.session_id for row in self.sessions}) == 1500
        assert (Athlete.objects.count(), Team.objects.count()) == (90, 3)

    def test_each_session_is_one_that_the_service_could_have_saved(self) -> None:
        records = read_flag_records()
        for row in self.sessions:
            times = row.timeline_ms
            assert times == sorted(times)
            assert (times[0], len(times)) == (0, row.total_reps)
            assert row.finished_at - row.started_at == timedelta(milliseconds=times[-1])
            assert row.finished_at.microsecond % 1000 == 0
            assert row.best_minute == find_best_minute_pace(times)
            assert read_set_rows(row.sets) == describe_sets(times)
            assert row.flags == find_flags(collect_flag_evidence(row), records[row.exercise_id])
            assert len(row.refusals) == min(100, sum(row.refused.values()))
            assert all(0 <= late < row.total_reps for late in row.late_reps)

    def test_no_rep_comes_sooner_than_the_exercise_allows(self) -> None:
        least = dict(Exercise.objects.values_list("slug", "min_interval_ms"))
        for row in self.sessions:
            gaps = [
                later - earlier
                for earlier, later in zip(row.timeline_ms, row.timeline_ms[1:], strict=False)
            ]
            assert min(gaps, default=10**6) >= least[row.exercise_id], row

    def test_ids_rise_with_the_time_up_to_the_present(self) -> None:
        saved = [row.created_at for row in self.sessions]
        assert saved == sorted(saved)
        assert self.before - timedelta(hours=1) < saved[-1] <= datetime.now(UTC)
        assert saved[0] >= self.before - timedelta(days=60)
        assert not WorkoutSession.objects.filter(finished_at__gte=F("created_at")).exists()

    def test_flagged_sessions_have_a_review_that_fits(self) -> None:
        flagged = [row for row in self.sessions if row.flags]
        assert 10 <= len(flagged) <= 60
        assert {row.review_status for row in flagged} == {"pending", "approved", "rejected"}
        for row in self.sessions:
            steps = [*row.review_steps.all()]
            assert len(steps) == (
                0 if not row.flags else 2 if row.review_status in DECISIONS else 1
            )
            assert not steps or steps[0].flag_names == [flag["flag"] for flag in row.flags]
            chain = [ReviewStatus.CLEAN.value, *(step.to_status for step in steps)]
            assert [step.from_status for step in steps] == chain[:-1]
            assert row.review_status == chain[-1]
            assert row.is_in_totals == (row.review_status != "rejected")

    def test_decisions_are_by_the_teams_coach_and_rejections_have_a_note(self) -> None:
        decided = ReviewStep.objects.filter(actor="coach").select_related("session")
        for step in decided:
            assert Team.objects.filter(
                coaches=step.reviewer, athletes__user_id=step.session.athlete_id
            ).exists()
            assert step.session.created_at < step.at <= datetime.now(UTC)
            assert step.note or step.to_status == "approved"
        assert decided

    def test_the_named_coach_sees_the_first_team_and_no_other(self) -> None:
        carol = get_user_model().objects.get(username="carol")
        assert carol.is_staff
        assert carol.has_perm("workouts.review_workoutsession")
        visible = WorkoutSession.objects.visible_to(carol)
        assert 0 < visible.count() < 1500
        assert [*carol.teams.all()] == [Team.objects.order_by("id")[0]]

    def test_each_team_has_one_coach_and_each_athlete_a_team(self) -> None:
        assert [team.coaches.count() for team in Team.objects.all()] == [1, 1, 1]
        assert not Athlete.objects.filter(teams=None).exists()
        assert any(athlete.teams.count() == 2 for athlete in Athlete.objects.all())

    def test_the_next_session_gets_a_higher_id(self) -> None:
        assert save_session("ann").pk > self.sessions[-1].pk

    def test_a_second_run_adds_athletes_and_sessions(self) -> None:
        seed(20, athletes=10)
        assert WorkoutSession.objects.count() == 1520
        assert Athlete.objects.count() == 100

    def test_the_named_coach_logs_in_with_the_password_that_is_shown(self) -> None:
        (password,) = re.findall(r"carol's password, shown only once: (\S{16})$", self.said, re.M)
        assert self.client.login(username="carol", password=password)

    def test_the_other_coaches_cannot_log_in(self) -> None:
        others = get_user_model().objects.exclude(username="carol")
        assert len(others) == 2
        assert not any(coach.has_usable_password() for coach in others)

    def test_an_existing_user_becomes_the_coach_and_keeps_the_password(self) -> None:
        before = get_user_model().objects.get(username="carol").password
        said = seed(10, coach="carol")
        assert said.startswith("carol exists already, and keeps the password.\n")
        assert "shown only once" not in said
        assert get_user_model().objects.get(username="carol").password == before
        assert get_user_model().objects.get(username="carol").teams.count() == 2

    def test_it_fills_every_column_without_a_default(self) -> None:
        fields = [
            field
            for field in WorkoutSession._meta.concrete_fields
            if not field.has_db_default() and not field.null
        ]
        assert {field.column for field in fields} - {"id"} <= set(COLUMNS)


class PlanTests(TestCase):
    @time_machine.travel(datetime(2026, 11, 24, 12, tzinfo=UTC), tick=False)
    def test_the_same_seed_makes_the_same_sessions(self) -> None:
        runs = []
        for number in (3, 3, 4):
            with transaction.atomic():
                seed(60, seed=number)
                runs.append(saved_sets())
                transaction.set_rollback(True)
        assert runs[0] == runs[1]
        assert not set(runs[0]) & set(runs[2])

    def test_some_sessions_have_a_load_but_none_of_exercises_that_nobody_loads(self) -> None:
        seed(100)
        loads = [*WorkoutSession.objects.filter(exercise="squat").values_list("load_kg", flat=True)]
        assert None in loads
        assert all(20 <= load <= 120 for load in loads if load is not None)
        assert any(loads)
        assert not WorkoutSession.objects.filter(exercise="push_up", load_kg__isnull=False).exists()

    def test_by_default_there_is_an_athlete_for_every_hundred_sessions(self) -> None:
        seed(1200)
        assert (Athlete.objects.count(), Team.objects.count()) == (12, 1)

    def test_a_single_session_is_from_the_last_hour(self) -> None:
        seed(1)
        assert WorkoutSession.objects.get().created_at > datetime.now(UTC) - timedelta(hours=1)

    def test_there_may_be_more_teams_than_athletes(self) -> None:
        seed(3, athletes=2, teams=5)
        assert Team.objects.count() == 5

    def test_it_names_an_option_that_is_out_of_range(self) -> None:
        for name in ("sessions", "athletes", "teams", "days"):
            with pytest.raises(
                CommandError, match=rf"^--{name} is 0; it takes a whole number from 1"
            ):
                seed(**{"sessions": 5, name: 0})
        with pytest.raises(CommandError, match="--days is 36501"):
            seed(5, days=36_501)
        with pytest.raises(CommandError, match="--sessions"):
            call_command("seed", "--sessions", "many")
        assert not Athlete.objects.exists()

    def test_it_says_that_there_is_no_active_exercise(self) -> None:
        Exercise.objects.update(active=False)
        with pytest.raises(CommandError, match="no active exercise"):
            seed(5)


class DaysTests(SimpleTestCase):
    def test_the_days_add_up_to_all_sessions_and_the_last_has_one(self) -> None:
        for sessions, days in ((1, 1), (1, 730), (10, 3), (1000, 7), (5, 5)):
            counts = share_out_seeded_sessions(sessions, days)
            assert (len(counts), sum(counts)) == (days, sessions)
            assert min(counts) >= 0
            assert counts[-1] >= 1


@pytest.mark.slow
class SqliteTests(SimpleTestCase):
    def test_it_fills_sqlite(self) -> None:
        folder = fresh_folder()
        for command in (["migrate", "-v", "0"], ["seed", "--sessions", "300"]):
            done = run_manage(*command, SENIM_DATA=str(folder))
            assert done.returncode == 0, done.stderr
        done = run_manage("shell", "-v", "0", "-c", SHOW_NEWEST, SENIM_DATA=str(folder))
        assert re.match(r"0 20\d\d-", done.stdout), done
        with sqlite3.connect(folder / "senim.sqlite3") as database:
            assert database.execute(
                "SELECT count(*), count(DISTINCT session_id) FROM workout_sessions"
            ).fetchone() == (300, 300)
            steps = "SELECT count(*) FROM workouts_reviewstep WHERE actor = 'service'"
            flagged = "SELECT count(*) FROM workout_sessions WHERE review_status <> 'clean'"
            assert database.execute(steps).fetchone() == database.execute(flagged).fetchone()
            assert database.execute("SELECT count(*) FROM sqlite_stat1").fetchone()[0] > 0
        database.close()
