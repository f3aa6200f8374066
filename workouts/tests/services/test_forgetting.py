"""Forgetting an athlete: nothing is left, or only totals that nobody can lead back to them."""

from unittest import mock

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.db import DatabaseError, transaction
from django.utils import timezone

from workouts.exports import rows as export_rows
from workouts.exports.rows import read_export_batches
from workouts.fairness.reassessment import ReassessmentChanges, reassess_sessions
from workouts.models import (
    Athlete,
    ErasedSession,
    Forgetting,
    ReviewStep,
    WorkoutSession,
)
from workouts.services.merging import MergeRefusedError
from workouts.services.personal_data.forgetting import forget_athlete
from workouts.services.personal_data.persons import UnknownAthleteError
from workouts.services.personal_data.retention import resume_forgettings
from workouts.tests.support.cast import new_athlete, save_session, seal, train
from workouts.tests.support.extra_databases import UsesExtraDatabases
from workouts.tests.support.forgettings import ForgettingCase
from workouts.tests.support.merges import merge
from workouts.tests.support.people import days_ago, find_words, make_person
from workouts.tests.support.sealed import OwnRedis, finish


@pytest.mark.slow
class ErasingTests(ForgettingCase):
    def test_nothing_is_left_and_others_stay(self) -> None:
        assert find_words(self.person.words)
        forgotten = forget_athlete(self.person.user_id, keep_totals=False)
        assert (sorted(forgotten.user_ids), forgotten.sessions) == (
            sorted([self.person.user_id, self.person.alias]),
            4,
        )
        self.check_nothing_is_left()

    def test_an_alias_stands_for_the_whole_person(self) -> None:
        forget_athlete(self.person.alias, keep_totals=False)
        self.check_nothing_is_left()

    def test_who_has_only_trained_is_forgotten_too(self) -> None:
        user_id = new_athlete()
        train(user_id)
        forget_athlete(user_id, keep_totals=False)
        assert find_words([user_id]) == []

    def test_a_user_id_that_ends_like_another_is_not_that_one(self) -> None:
        for user_id in ("timeline", f"x:{self.person.user_id}"):
            train(user_id)
            seal(user_id)
            train(user_id, 1, started_ms=1_763_839_390_000)
        forget_athlete("timeline", keep_totals=False)
        forget_athlete(self.person.user_id, keep_totals=False)
        assert finish(f"x:{self.person.user_id}").total_reps == 1
        assert finish(self.other.user_id)

    def test_nobody_is_an_error(self) -> None:
        with pytest.raises(UnknownAthleteError):
            forget_athlete("nobody-at-all", keep_totals=False)
        assert not Forgetting.objects.exists()

    def test_it_goes_on_wherever_it_was_interrupted(self) -> None:
        number = 1
        # after odd steps the totals are kept, after even ones not
        while self.forget_until(number, keep_totals=number % 2 == 1):
            forget_athlete(self.person.alias, keep_totals=number % 2 == 1)
            self.check_nothing_is_left()
            Athlete.objects.filter(user_id__startswith="forgotten-", sessions=None).delete()
            self.person = make_person(sessions=1)
            number += 1
        assert number == 9  # it has eight steps
        self.check_nothing_is_left()

    def test_a_sweep_goes_on_with_one_that_was_interrupted(self) -> None:
        assert self.forget_until(3, keep_totals=True)
        resume_forgettings()
        assert find_words(self.person.words)  # somebody may still be at it
        Forgetting.objects.update(began_at=days_ago(1))
        resume_forgettings()
        self.check_nothing_is_left()
        assert not Forgetting.objects.filter(ended_at=None).exists()

    def test_totals_that_were_to_be_kept_can_be_erased_after_all(self) -> None:
        assert self.forget_until(5, keep_totals=True)
        assert Athlete.objects.filter(user_id__startswith="forgotten-").exists()
        forget_athlete(self.person.user_id, keep_totals=False)
        assert not Athlete.objects.filter(user_id__startswith="forgotten-").exists()
        self.check_nothing_is_left()

    def test_an_athlete_who_is_being_forgotten_is_not_merged(self) -> None:
        assert self.forget_until(3, keep_totals=False)
        save_session("somebody")
        with pytest.raises(MergeRefusedError):
            merge("somebody", self.person.user_id)

    def test_a_coach_who_trains_keeps_their_account(self) -> None:
        get_user_model().objects.filter(athlete__user_id=self.person.user_id).update(is_staff=True)
        forget_athlete(self.person.user_id, keep_totals=False)
        assert all(place.startswith("auth.User") for place in find_words(self.person.words))
        assert len(find_words(self.person.words)) == 1

    def test_review_steps_stay_append_only_otherwise(self) -> None:
        step = ReviewStep.objects.filter(session__athlete__user_id=self.person.user_id).first()
        ErasedSession.objects.create(session_id=step.session_id)
        for change in (
            lambda: ReviewStep.objects.filter(pk=step.pk).update(note=""),
            lambda: ReviewStep.objects.exclude(session=step.session_id).delete(),
        ):
            with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
                change()

    def test_an_export_that_is_under_way_leaves_out_the_rest(self) -> None:
        with mock.patch.object(export_rows, "BATCH_ROWS", 1):
            sessions = WorkoutSession.objects.filter(athlete=self.person.user_id)
            batches = read_export_batches(sessions, with_timeline=False)
            assert len(next(batches)) == 1
            forget_athlete(self.person.user_id, keep_totals=True)
            assert [*batches] == []


class AuditTests(ForgettingCase):
    def test_it_says_what_was_done_and_not_to_whom(self) -> None:
        entries = LogEntry.objects.filter(object_repr__contains=self.person.words[2])
        pk, before = entries.get().pk, LogEntry.objects.count()
        forget_athlete(self.person.user_id, keep_totals=False)
        entry = LogEntry.objects.get(pk=pk)
        assert (entry.object_repr, entry.change_message) == ("forgotten athlete", "")
        assert LogEntry.objects.count() == before
        assert LogEntry.objects.filter(change_message__contains='"forgotten athlete"').count() == 1

    def test_words_that_only_begin_like_a_user_id_stay(self) -> None:
        save_session("ann")
        kept = ["anna: 3 x squat", "ann.b", "x@ann", "ann:b"]
        LogEntry.objects.update(object_repr=" ".join([*kept, "(ann)"]))
        forget_athlete("ann", keep_totals=False)
        assert LogEntry.objects.values_list("object_repr", flat=True)[0] == " ".join(
            [*kept, "(forgotten athlete)"]
        )


class TotalsTests(ForgettingCase):
    def test_only_totals_stay_under_a_random_name(self) -> None:
        rejected = WorkoutSession.objects.filter(athlete=self.person.user_id).order_by("pk")[0]
        before = set(WorkoutSession.objects.values_list("pk", flat=True))
        forgotten = forget_athlete(self.person.user_id, keep_totals=True)
        self.check_nothing_is_left()
        rows = WorkoutSession.objects.filter(athlete=forgotten.anonymous_id).order_by("pk")
        assert [row.total_reps for row in rows] == [5, 5, 5, 5]
        assert not before & {row.pk for row in rows}
        assert [row.is_in_totals for row in rows].count(False) == 1
        day = timezone.localtime(rows[0].started_at)
        assert day.date() == timezone.localtime(rejected.started_at).date()
        assert (day.hour, day.minute, day.second, day.microsecond) == (12, 0, 0, 0)
        for row in rows:
            assert row.timeline_ms == row.rep_devices == row.refusals == row.flags == []
            assert row.device_seqs == row.refused == {}
            assert row.request_id == ""
        athlete = Athlete.objects.get(user_id=forgotten.anonymous_id)
        assert (athlete.display_name, athlete.account, athlete.teams.count()) == ("", None, 0)

    def test_a_reassessment_leaves_them_alone(self) -> None:
        forget_athlete(self.person.user_id, keep_totals=True)
        changes = ReassessmentChanges()
        for _ in reassess_sessions(changes, since=None, batch=100, dry_run=False):
            pass
        assert (changes.looked_at, changes.unreadable, changes.newly_pending) == (8, 0, 0)

    def test_nothing_leads_from_the_person_to_the_totals(self) -> None:
        forgotten = forget_athlete(self.person.user_id, keep_totals=True)
        tombstones_text = str(list(Forgetting.objects.values()))
        assert self.person.user_id in tombstones_text
        assert forgotten.anonymous_id not in tombstones_text

    def test_a_workout_of_today_is_not_shown_as_just_finished(self) -> None:
        save_session("today")
        forgotten = forget_athlete("today", keep_totals=True)
        row = WorkoutSession.objects.get(athlete=forgotten.anonymous_id)
        assert row.created_at <= timezone.now()
        assert timezone.localtime(row.created_at).hour == 0


class SqliteTests(OwnRedis, UsesExtraDatabases):
    """The same on SQLite, whose triggers are other ones."""

    def test_nothing_is_left_on_sqlite(self) -> None:
        database = self.add_sqlite()
        database.migrate()
        with database.as_default():
            for keep_totals in (False, True):
                person = make_person()
                with pytest.raises(DatabaseError, match="append-only"):
                    ReviewStep.objects.all().delete()
                assert forget_athlete(person.user_id, keep_totals=keep_totals).sessions == 4
                assert find_words(person.words) == []
            assert WorkoutSession.objects.count() == 4
