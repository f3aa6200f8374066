"""Flags over more than one session, found as the last of them is saved."""

import threading
from io import StringIO
from itertools import chain
from typing import Any
from unittest.mock import patch

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.test import TestCase, TransactionTestCase, skipUnlessDBFeature
from django.test.utils import CaptureQueriesContext

from workouts.fairness.review import decide_reviews, find_last_review_steps
from workouts.models import Exercise, ReviewStatus, ReviewStep, WorkoutSession
from workouts.services.finishing import finish_workout
from workouts.services.saving import save_sealed_session
from workouts.tests.support.cast import STARTED_MS, count_reps, gates, new_athlete
from workouts.tests.support.days import finish_at, flag_names, in_parts, make_sealed
from workouts.tests.support.log_lines import capture_unlimited_logs

UNEVEN = [0, 2310, 4100, 6550, 8420, 10_700, 12_540, 15_020]
WAIT_S = 20


def stored_flags() -> dict[int, Any]:
    return {row.pk: (row.flags, row.review_status) for row in WorkoutSession.objects.order_by("pk")}


def assess() -> str:
    output = StringIO()
    call_command("assess", stdout=output)
    return output.getvalue()


class DayFlagTests(TestCase):
    def setUp(self) -> None:
        self.athlete = new_athlete()

    def test_a_metronome_above_the_record_that_finishes_every_15_reps_is_flagged(self) -> None:
        parts = in_parts([690 * rep for rep in range(87)], 15)
        rows = [finish_at(self.athlete, part) for part in parts]
        assert [*map(flag_names, rows)] == [
            [],
            ["metronome"],
            ["metronome"],
            ["metronome"],
            ["metronome", "record_pace"],
            ["metronome", "record_pace"],
        ]
        assert WorkoutSession.objects.filter(review_status=ReviewStatus.PENDING).count() == 5

    def test_a_script_that_sends_its_day_backwards_is_flagged_as_well(self) -> None:
        parts = in_parts([690 * rep for rep in range(87)], 15)
        rows = [finish_at(self.athlete, part) for part in reversed(parts)]
        assert flag_names(rows[-1]) == ["metronome", "record_pace"]

    def test_assessing_neighbours_again_changes_nothing(self) -> None:
        Exercise.objects.filter(slug="squat").update(record_per_day=40)
        parts = in_parts([690 * rep + rep * rep % 11 for rep in range(87)], 15)
        for number in (3, 0, 5, 1, 4, 2):
            finish_at(self.athlete, parts[number])
        before = stored_flags()
        assess()
        assert stored_flags() == before
        assert sum(status == ReviewStatus.PENDING for _, status in before.values()) > 2

    def test_push_ups_every_262_ms_for_31_s_are_flagged_behind_the_gates(self) -> None:
        exercise = Exercise.objects.get(slug="push_up")
        times = [STARTED_MS + 262 * rep + rep * rep % 5 for rep in range(119)]
        limits = gates(exercise.min_interval_ms, max_per_minute=exercise.max_per_minute)
        count_reps(self.athlete, times, exercise="push_up", limits=limits)
        row = finish_workout(user_id=self.athlete, exercise_type="push_up")
        (flag,) = (flag for flag in row.flags if flag["flag"] == "record_pace")
        assert flag["seconds"] in (10, 30)

    def test_sixteen_exercises_at_once_are_all_flagged(self) -> None:
        slugs = [*Exercise.objects.values_list("slug", flat=True)]
        rows = [
            finish_at(self.athlete, [900 * rep + 55 * number for rep in range(70)], exercise=slug)
            for number, slug in enumerate(slugs)
        ]
        assert all("two_bodies" in flag_names(row) for row in rows)
        flag = WorkoutSession.objects.get(pk=rows[0].pk).flags[-1]
        assert (flag["flag"], flag["exercises"]) == ("two_bodies", 15)

    def test_a_day_above_the_record_is_flagged(self) -> None:
        Exercise.objects.filter(slug="squat").update(record_per_day=20)
        rows = [finish_at(self.athlete, [400_000 * n + t for t in UNEVEN]) for n in range(3)]
        assert [row.flags for row in rows] == [
            [],
            [],
            [{"flag": "record_day", "reps": 24, "record": 20}],
        ]

    def test_a_day_above_the_record_that_is_sent_in_another_order_is_flagged(self) -> None:
        Exercise.objects.filter(slug="squat").update(record_per_day=20)
        for order in ((2, 1, 0), (0, 2, 1)):
            with self.subTest(order=order):
                athlete = new_athlete()
                rows = [finish_at(athlete, [400_000 * n + t for t in UNEVEN]) for n in order]
                flag = {"flag": "record_day", "reps": 24, "record": 20}
                assert [row.flags for row in rows] == [[], [], [flag]]
        before = stored_flags()
        assess()
        assert stored_flags() == before

    def test_hours_without_a_pause_that_are_sent_backwards_are_flagged(self) -> None:
        parts = in_parts([9000 * rep + rep * rep % 997 for rep in range(1300)], 100)
        rows = [finish_at(self.athlete, part) for part in reversed(parts)]
        (flag,) = (flag for flag in rows[-1].flags if flag["flag"] == "marathon")
        assert flag["sessions"] == 13

    def test_the_day_is_read_in_one_query_however_many_sessions_it_has(self) -> None:
        counts = []
        for number in range(4):
            sealed = make_sealed(self.athlete, [400_000 * number + time for time in UNEVEN])
            with CaptureQueriesContext(connection) as queries:
                save_sealed_session(sealed)
            texts = [query["sql"] for query in queries.captured_queries]
            assert sum("LEFT JOIN workout_sessions" in text for text in texts) == 1
            counts.append(len(texts))
        # two for the transaction, the athlete, the day with the records, and the new row
        assert counts[1:] == [5, 5, 5]


class BesideTests(TestCase):
    """Two exercises at once: both sessions are flagged, whichever is saved first."""

    def setUp(self) -> None:
        self.athlete = new_athlete()

    def finish_both(self) -> tuple[WorkoutSession, WorkoutSession]:
        return (
            finish_at(self.athlete, UNEVEN),
            finish_at(self.athlete, [time + 900 for time in UNEVEN], exercise="lunge"),
        )

    def test_both_get_the_flag_and_a_review(self) -> None:
        for row, other in zip(self.finish_both(), ("lunge", "squat"), strict=True):
            row.refresh_from_db()
            assert row.flags == [
                {"flag": "two_bodies", "exercise": other, "changes": 15, "exercises": 1}
            ]
            assert row.review_status == ReviewStatus.PENDING
            (step,) = row.review_steps.all()
            assert (step.actor, step.flag_names) == ("service", ["two_bodies"])

    def test_assessing_again_changes_nothing(self) -> None:
        self.finish_both()
        finish_at(self.athlete, [time + 1300 for time in UNEVEN], exercise="burpee")
        finish_at(self.athlete, [time + 60_000 for time in UNEVEN])
        before, steps = stored_flags(), ReviewStep.objects.count()
        assess()
        assert (stored_flags(), ReviewStep.objects.count()) == (before, steps)

    def test_a_third_one_updates_the_figures_without_another_step(self) -> None:
        first, _ = self.finish_both()
        finish_at(self.athlete, [time + 1300 for time in UNEVEN], exercise="burpee")
        first.refresh_from_db()
        assert first.flags[0]["exercises"] == 2
        assert first.review_steps.count() == 1

    def test_a_decision_stands(self) -> None:
        first = finish_at(self.athlete, [2000 * rep for rep in range(30)])
        coach = get_user_model().objects.create_user("coach")
        decide_reviews(
            find_last_review_steps([first.pk]),
            to=ReviewStatus.APPROVED,
            reviewer=coach,
            note="seen",
        )
        finish_at(self.athlete, [2000 * rep + 900 for rep in range(30)], exercise="lunge")
        first.refresh_from_db()
        assert flag_names(first) == ["metronome", "two_bodies"]
        assert (first.review_status, first.review_steps.count()) == (ReviewStatus.APPROVED, 2)

    def test_supersets_finished_at_the_end_are_not_flagged(self) -> None:
        rounds = [[45_000 * n + time for time in UNEVEN] for n in range(8)]
        squats, push_ups = ([*chain(*rounds[turn::2])] for turn in (0, 1))
        rows = [
            finish_at(self.athlete, times, exercise=exercise)
            for exercise, times in (("squat", squats), ("push_up", push_ups))
        ]
        assert [row.flags for row in rows] == [[], []]

    def test_a_bug_in_it_does_not_keep_a_session_from_being_saved(self) -> None:
        finish_at(self.athlete, UNEVEN)
        with (
            patch("workouts.fairness.overlaps.find_overlapped_flags", side_effect=KeyError),
            capture_unlimited_logs() as logs,
        ):
            row = finish_at(self.athlete, [time + 900 for time in UNEVEN], exercise="lunge")
        assert [line["event"] for line in logs] == ["session_not_assessed"]
        assert flag_names(row) == ["two_bodies"]
        assess()
        assert all(flags for flags, _ in stored_flags().values())


@skipUnlessDBFeature("has_select_for_update")
class AtOnceTests(TransactionTestCase):
    serialized_rollback = True

    def test_sessions_saved_at_once_all_get_the_flag(self) -> None:
        athlete, slugs = new_athlete(), ("squat", "lunge", "burpee", "push_up")
        barrier = threading.Barrier(len(slugs))

        def save(number: int, slug: str) -> None:
            sealed = make_sealed(athlete, [time + 300 * number for time in UNEVEN], exercise=slug)
            try:
                barrier.wait(WAIT_S)
                save_sealed_session(sealed)
            finally:
                connection.close()

        threads = [threading.Thread(target=save, args=each) for each in enumerate(slugs)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(WAIT_S)
        rows = WorkoutSession.objects.filter(athlete_id=athlete)
        assert [row.flags[-1]["exercises"] for row in rows] == [3, 3, 3, 3]
        assert ReviewStep.objects.filter(session__athlete_id=athlete).count() == 4
        before = stored_flags()
        assess()
        assert stored_flags() == before
