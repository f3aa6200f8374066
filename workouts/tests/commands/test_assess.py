"""`manage.py assess`: the flags of saved sessions, found again."""

import os
import signal
from datetime import timedelta
from functools import partial
from io import StringIO
from typing import Any
from unittest import mock

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext

from workouts.fairness.reassessment import assess_missing_figures
from workouts.fairness.review import appeal_review_decision, decide_reviews, find_last_review_steps
from workouts.fairness.sets import describe_sets
from workouts.models import Exercise, ReviewStatus, ReviewStep, WorkoutSession
from workouts.tests.support.cast import new_athlete, save_session

UNEVEN = [2000 + 137 * (i * i % 7) for i in range(40)]  # ms between reps


def offsets(intervals: list[int]) -> list[int]:
    return [0, *(sum(intervals[: i + 1]) for i in range(len(intervals)))]


def save(user_id: str, intervals: list[int], **more: Any) -> WorkoutSession:
    return save_session(user_id, times_ms=offsets(intervals), **more)


class AssessTests(TestCase):
    def setUp(self) -> None:
        self.athlete = new_athlete()
        self.even = save(self.athlete, [2000] * 40)
        self.uneven = save(new_athlete(), UNEVEN)

    def show_assess(self, *options: str) -> str:
        output = StringIO()
        call_command("assess", *options, stdout=output)
        return output.getvalue()

    def run_assess(self, *options: str) -> dict[str, str]:
        lines = [
            line.rsplit(maxsplit=1)
            for line in self.show_assess(*options).splitlines()
            if line[-1].isdigit()
        ]
        return {name.strip(): number for name, number in lines}

    def read(self, row: WorkoutSession) -> WorkoutSession:
        return WorkoutSession.objects.get(pk=row.pk)

    def test_it_finds_flags_of_sessions_saved_before_there_were_any(self) -> None:
        said = self.run_assess()
        assert said["sessions looked at"] == "2"
        assert said["flag metronome added"] == said["now need a review"] == "1"
        row = self.read(self.even)
        assert (row.review_status, row.best_minute, [flag["flag"] for flag in row.flags]) == (
            "pending",
            30,
            ["metronome"],
        )
        (step,) = row.review_steps.all()
        assert (step.actor, step.from_status, step.to_status) == ("service", "clean", "pending")
        assert (step.flag_names, step.note) == (["metronome"], "")
        assert self.read(self.uneven).flags == []

    def test_a_second_run_changes_nothing(self) -> None:
        self.run_assess()
        said = self.run_assess()
        assert {name: number for name, number in said.items() if number != "0"} == {
            "sessions looked at": "2"
        }
        assert ReviewStep.objects.count() == 1

    def test_a_dry_run_reports_the_same_and_writes_nothing(self) -> None:
        said = self.run_assess("--dry-run")
        row = self.read(self.even)
        assert (row.flags, row.review_status, row.best_minute, ReviewStep.objects.count()) == (
            [],
            "clean",
            None,
            0,
        )
        assert said == self.run_assess()

    def test_a_changed_limit_changes_flags(self) -> None:
        self.run_assess()
        Exercise.objects.filter(slug="squat").update(record_per_minute=20)
        said = self.run_assess()
        assert said["flag record_pace added"] == "2"
        assert self.read(self.uneven).review_status == ReviewStatus.PENDING
        Exercise.objects.filter(slug="squat").update(record_per_minute=None)
        said = self.run_assess()
        assert said["flag record_pace removed"] == "2"
        assert said["no longer need a review"] == "1"
        assert self.read(self.uneven).review_status == ReviewStatus.CLEAN

    def test_a_decision_stands(self) -> None:
        self.run_assess()
        coach = get_user_model().objects.create_user("coach")
        decide_reviews(
            find_last_review_steps([self.even.pk]),
            to=ReviewStatus.APPROVED,
            reviewer=coach,
            note="seen",
        )
        Exercise.objects.filter(slug="squat").update(record_per_minute=20)
        assert self.run_assess()["decided by a coach on other flags"] == "1"
        row = self.read(self.even)
        assert (row.review_status, len(row.flags)) == (ReviewStatus.APPROVED, 2)

    def test_an_appeal_waits_for_a_coach_even_without_flags(self) -> None:
        self.run_assess()
        coach = get_user_model().objects.create_user("coach")
        decide_reviews(
            find_last_review_steps([self.even.pk]),
            to=ReviewStatus.REJECTED,
            reviewer=coach,
            note="a script",
        )
        appeal_review_decision(self.even.pk, text="it was me")
        WorkoutSession.objects.filter(pk=self.even.pk).update(timeline_ms=offsets(UNEVEN))
        assert self.run_assess()["no longer need a review"] == "0"
        row = self.read(self.even)
        assert (row.flags, row.review_status, row.is_in_totals) == ([], ReviewStatus.PENDING, False)

    def test_personal_pace_looks_at_sessions_of_the_same_batch(self) -> None:
        athlete = new_athlete()
        for days in (9, 8):
            save(athlete, UNEVEN, days_ago=days)
        fast = save(athlete, [interval // 2 for interval in UNEVEN] * 2)
        said = self.run_assess()
        assert said["flag personal_pace added"] == "1"
        (flag,) = self.read(fast).flags
        assert flag["best"] < flag["reps"] / 1.5

    def test_the_size_of_batches_does_not_matter(self) -> None:
        for _ in range(7):
            save(new_athlete(), [2000] * 40)
        assert self.run_assess("--batch", "2", "--dry-run") == self.run_assess("--batch", "500")

    def test_the_order_of_saving_does_not_matter(self) -> None:
        """An earlier workout may be saved later, and so be in a later batch."""
        athlete = new_athlete()
        fast = save(athlete, [interval // 2 for interval in UNEVEN] * 2)
        save(athlete, UNEVEN, days_ago=9)
        said = self.run_assess("--batch", "1")
        assert said["flag personal_pace added"] == "1"
        assert [flag["flag"] for flag in self.read(fast).flags] == ["personal_pace"]
        again = self.run_assess("--batch", "1")
        assert {name for name, number in again.items() if number != "0"} == {"sessions looked at"}

    def test_a_dry_run_in_batches_reports_what_the_run_does(self) -> None:
        athlete = new_athlete()
        save(athlete, [interval // 2 for interval in UNEVEN] * 2)
        save(athlete, UNEVEN, days_ago=9)
        for _ in assess_missing_figures(batch=100):
            pass
        dry = self.run_assess("--batch", "1", "--dry-run")
        assert dry["flag personal_pace added"] == "1"
        assert dry == self.run_assess("--batch", "1")

    def test_a_dry_run_reports_missing_figures(self) -> None:
        WorkoutSession.objects.filter(pk=save_session(new_athlete()).pk).update(sets=None)
        assert "3 sessions lack their sets or best minute" in self.show_assess("--dry-run")
        assert "lack" not in self.show_assess()
        assert "lack" not in self.show_assess("--dry-run")

    def test_missing_sets_are_found_in_short_sessions_too(self) -> None:
        row = save_session(new_athlete(), reps=3)
        WorkoutSession.objects.filter(pk=row.pk).update(sets=None)
        self.run_assess("--since", "2999-01-01")
        assert self.read(row).sets == [[3, 4000, None]]

    def test_sets_that_differ_from_those_stored_are_written(self) -> None:
        self.run_assess()
        WorkoutSession.objects.filter(pk=self.uneven.pk).update(sets=[[40, 1000, None], [1, 0, 0]])
        dry = self.run_assess("--dry-run")
        assert dry["sets changed"] == "1"
        assert dry == self.run_assess()
        assert self.read(self.uneven).sets == [[*row] for row in describe_sets(offsets(UNEVEN))]
        assert self.run_assess()["sets changed"] == "0"

    def test_an_unreadable_session_does_not_stop_the_others(self) -> None:
        WorkoutSession.objects.filter(pk=self.uneven.pk).update(timeline_ms=["soon"])
        with self.assertLogs("workouts.fairness.reassessment", "ERROR"):
            said = self.run_assess()
        assert said["unreadable, left as they are (see the log)"] == "1"
        assert said["flag metronome added"] == "1"
        assert self.read(self.even).review_status == ReviewStatus.PENDING

    def test_a_signal_stops_it_between_two_batches(self) -> None:
        self.run_assess()
        Exercise.objects.filter(slug="squat").update(record_per_minute=20)
        before = signal.getsignal(signal.SIGTERM)
        stop = partial(os.kill, os.getpid(), signal.SIGTERM)
        with (
            mock.patch("tqdm.tqdm.update", side_effect=lambda *_: stop()),
            pytest.raises(CommandError, match="Stopped"),
        ):
            self.run_assess("--batch", "1")
        assert signal.getsignal(signal.SIGTERM) == before
        assert len(self.read(self.even).flags) == 2
        assert self.read(self.uneven).flags == []
        assert self.run_assess("--batch", "1")["flag record_pace added"] == "1"

    def test_since_limits_it_to_sessions_saved_later(self) -> None:
        save(new_athlete(), [2000] * 40, days_ago=10)
        assert (
            self.run_assess("--since", str((self.even.created_at - timedelta(days=1)).date()))[
                "sessions looked at"
            ]
            == "2"
        )
        assert self.run_assess("--since", "2000-01-01T00:00:00+06:00")["sessions looked at"] == "3"

    def test_more_short_sessions_take_no_more_queries(self) -> None:
        self.run_assess()
        counts = []
        for total in (5, 40):
            while WorkoutSession.objects.count() < total:
                save_session(new_athlete())
            with CaptureQueriesContext(connection) as queries:
                self.run_assess("--batch", "100")
            counts.append(len(queries))
        assert counts[0] == counts[1]

    def test_bad_arguments_are_named(self) -> None:
        for options, name in (
            (["--batch", "0"], "--batch"),
            (["--batch", "10001"], "10,000"),
            (["--since", "yesterday"], "--since"),
            (["--since", "2026-13-01"], "--since"),
        ):
            with pytest.raises(CommandError, match=name):
                self.run_assess(*options)
