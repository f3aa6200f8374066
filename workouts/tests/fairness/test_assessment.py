"""Flags are kept with the session as it is saved."""

from datetime import timedelta
from io import StringIO
from unittest.mock import patch

from django.core.management import call_command
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext

from workouts.fairness.assessment import (
    assess_session,
    find_personal_pace_before,
    read_flag_records,
)
from workouts.fairness.earlier_sessions import read_new_session_days
from workouts.models import ReviewStatus, WorkoutSession
from workouts.services.finishing import finish_workout
from workouts.tests.support.cast import STARTED_MS, count_reps, new_athlete, save_session
from workouts.tests.support.log_lines import capture_unlimited_logs
from workouts.tests.support.sent import Sent, send

UNEVEN = [2000, 2300, 1900, 2200, 2600, 2050, 2450]


class SavedTests(TestCase):
    def setUp(self) -> None:
        self.athlete = new_athlete()

    def finish(self) -> WorkoutSession:
        return WorkoutSession.objects.get(
            pk=finish_workout(user_id=self.athlete, exercise_type="squat").pk
        )

    def test_an_even_set_needs_a_review(self) -> None:
        count_reps(self.athlete, [STARTED_MS + i * 2000 for i in range(40)])
        row = self.finish()
        assert row.flags == [{"flag": "metronome", "cv": 0.0, "intervals": 39, "strong": True}]
        assert (row.review_status, row.is_in_totals, row.best_minute) == (
            ReviewStatus.PENDING,
            True,
            30,
        )
        (step,) = row.review_steps.all()
        assert (step.actor, step.from_status, step.to_status) == ("service", "clean", "pending")
        assert (step.flag_names, step.note) == (["metronome"], "")

    def test_a_persons_set_is_clean_and_has_no_step(self) -> None:
        times = [STARTED_MS + sum(UNEVEN[i % 7] for i in range(n)) for n in range(12)]
        count_reps(self.athlete, times)
        row = self.finish()
        assert (row.flags, row.review_status, row.best_minute) == ([], ReviewStatus.CLEAN, None)
        ((reps, length_ms, _slow_down),) = row.sets
        assert (reps, length_ms) == (12, times[-1] - times[0])
        assert not row.review_steps.exists()

    def test_a_bug_in_the_flags_does_not_keep_a_session_from_being_saved(self) -> None:
        count_reps(self.athlete, [STARTED_MS + i * 2000 for i in range(40)])
        with (
            patch("workouts.fairness.assessment.find_flags", side_effect=ZeroDivisionError),
            capture_unlimited_logs() as logs,
        ):
            row = self.finish()
        assert (row.total_reps, row.flags, row.review_status) == (40, [], ReviewStatus.CLEAN)
        assert [line["event"] for line in logs] == ["session_not_assessed", "workout_finished"]
        call_command("assess", stdout=StringIO())
        row.refresh_from_db()
        assert row.review_status == ReviewStatus.PENDING

    def test_flags_do_not_change_the_count(self) -> None:
        count_reps(self.athlete, [STARTED_MS + i * 10 for i in range(60)])
        row = self.finish()
        assert (row.total_reps, row.refused) == (2, {"debounced": 58})
        assert [flag["flag"] for flag in row.flags] == ["many_refused"]

    def test_impossible_times_and_late_reps_are_in_the_evidence(self) -> None:
        send(self.athlete, *(Sent(i, i * 2000 + UNEVEN[i % 7], 10**8) for i in range(1, 6)))
        assert [flag["flag"] for flag in self.finish().flags] == ["clock"]
        self.athlete = new_athlete()
        send(self.athlete, *(Sent(i, 60_000, i * 2000 + UNEVEN[i % 7]) for i in range(1, 6)))
        assert [flag["flag"] for flag in self.finish().flags] == ["mostly_late"]


class PersonalBestTests(TestCase):
    def setUp(self) -> None:
        self.athlete = new_athlete()
        self.row = save_session(self.athlete, reps=40)

    def best(self) -> int | None:
        best = find_personal_pace_before(self.row)
        # a finish reads it with the day
        self.row.best_minute = 30
        ((pace, _day),) = read_new_session_days([self.row])
        assert pace.personal_per_minute == best
        self.row.best_minute = None
        ((pace, _day),) = read_new_session_days([self.row])
        assert pace.personal_per_minute is None
        return best

    def test_it_covers_the_90_days_before(self) -> None:
        assert self.best() is None
        save_session(self.athlete, days_ago=91, best_minute=70)
        assert self.best() is None
        save_session(self.athlete, days_ago=89, best_minute=30)
        save_session(self.athlete, days_ago=5, best_minute=25)
        save_session(self.athlete, days_ago=1)
        assert self.best() == 30

    def test_it_is_of_this_athlete_and_exercise_and_never_rejected(self) -> None:
        save_session(new_athlete(), days_ago=1, best_minute=70)
        save_session(self.athlete, days_ago=1, exercise="push_up", best_minute=70)
        save_session(self.athlete, days_ago=1, best_minute=70, is_in_totals=False)
        later = save_session(self.athlete, best_minute=70)
        WorkoutSession.objects.filter(pk=later.pk).update(
            finished_at=self.row.finished_at + timedelta(hours=1)
        )
        assert self.best() is None

    def test_it_is_one_query_that_uses_an_index(self) -> None:
        with CaptureQueriesContext(connection) as queries:
            find_personal_pace_before(self.row)
        (query,) = queries.captured_queries
        for _ in range(150):
            save_session(new_athlete())
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE workout_sessions")
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN {query['sql']}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
        assert "session_saved_last" in plan or "session_of_athlete" in plan

    def test_a_session_of_a_minute_takes_one_query_and_a_shorter_one_none(self) -> None:
        records = read_flag_records()["squat"]
        for intervals, queries in ((10, 0), (40, 1)):
            self.row.timeline_ms = [i * 2000 for i in range(intervals)]
            with self.assertNumQueries(queries):
                assess_session(self.row, records)
