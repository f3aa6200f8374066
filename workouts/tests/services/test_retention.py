"""SENIM_RETENTION_DAYS: old personal data goes, in small steps, and nobody has to wait for it."""

import uuid
from datetime import timedelta
from typing import Any
from unittest import mock

from django.contrib.sessions.models import Session
from django.db import connection
from django.test import TestCase, TransactionTestCase, override_settings, skipUnlessDBFeature
from django.utils import timezone
from structlog.testing import capture_logs

from workouts.live.runtime import get_live_store
from workouts.live.sessions import SessionName
from workouts.live.traces import erase_live_traces
from workouts.models import Athlete, Invitation, JoinedDevice, ReviewStep, WorkoutSession
from workouts.services.personal_data import retention
from workouts.services.personal_data.retention import ExpiredDataEraser, erase_expired
from workouts.services.sweeping import Sweeper
from workouts.tests.support.cast import new_athlete, save_session, seal, train
from workouts.tests.support.extra_databases import UsesExtraDatabases
from workouts.tests.support.merges import merge
from workouts.tests.support.people import days_ago, find_words, make_person
from workouts.tests.support.sealed import OwnRedis, parked_reasons, sealed_ids, spoil_sealed

DAYS = 100
FIRST_SEEN = DAYS + 300


def make_old(*user_ids: str) -> None:
    Athlete.objects.filter(user_id__in=user_ids).update(created_at=days_ago(FIRST_SEEN))


def athletes() -> set[str]:
    return set(Athlete.objects.values_list("user_id", flat=True))


@override_settings(SENIM_RETENTION_DAYS=DAYS)
class RetentionTests(OwnRedis, TestCase):
    def erase(self) -> dict[str, Any]:
        """Erase all that is old, and return what the log says."""
        with capture_logs() as lines:
            assert not erase_expired(turn_s=60)
        return next((line for line in lines if line["event"] == "personal_data_expired"), {})

    def test_it_erases_old_sessions_and_their_reviews_alone(self) -> None:
        old, new = (save_session(self.user_id, days_ago=days) for days in (DAYS + 1, DAYS - 1))
        for row in (old, new):
            ReviewStep.objects.create(
                session=row, actor="service", from_status="clean", to_status="pending"
            )
        assert self.erase()["sessions"] == 1
        assert [*WorkoutSession.objects.all()] == [new]
        assert [step.session for step in ReviewStep.objects.all()] == [new]
        assert self.erase() == {}

    def test_a_session_that_ends_within_the_time_stays(self) -> None:
        row = save_session(self.user_id, days_ago=DAYS - 1)
        WorkoutSession.objects.filter(pk=row.pk).update(started_at=days_ago(DAYS + 1))
        self.erase()
        assert WorkoutSession.objects.exists()

    def test_it_goes_in_batches(self) -> None:
        for _ in range(5):
            save_session(self.user_id, days_ago=DAYS + 1)
        with mock.patch.object(retention, "BATCH_SESSIONS", 2):
            assert self.erase()["sessions"] == 5

    def test_it_stops_when_its_turn_is_over_and_says_that_there_is_more(self) -> None:
        for _ in range(3):
            save_session(self.user_id, days_ago=DAYS + 1)
        with mock.patch.object(retention, "BATCH_SESSIONS", 1):
            assert [erase_expired(turn_s=0) for _ in range(4)] == [True, True, True, False]

    def test_it_erases_athletes_of_whom_nothing_is_left(self) -> None:
        person = make_person()
        make_old(person.user_id, person.alias)
        WorkoutSession.objects.update(started_at=days_ago(DAYS + 1), finished_at=days_ago(DAYS + 1))
        JoinedDevice.objects.update(last_seen_at=days_ago(DAYS + 1))
        for user_id in (person.user_id, person.alias):
            erase_live_traces(get_live_store(), user_id)
        erased = self.erase()
        assert (erased["sessions"], erased["athletes"]) == (4, 1)
        assert find_words(person.words) == []

    def test_athletes_who_were_seen_since_stay(self) -> None:
        trained, trains, joined, of_alias, kept, new = (new_athlete() for _ in range(6))
        save_session(trained, days_ago=1)
        for user_id in (trains, joined, of_alias, kept, new):
            Athlete.objects.create(user_id=user_id)
        train(trains)
        for user_id in (joined, of_alias):
            JoinedDevice.objects.create(athlete_id=user_id, join_hash=uuid.uuid4().hex)
        merge(kept, of_alias)
        make_old(trained, trains, joined, of_alias, kept)
        self.erase()
        assert athletes() == {trained, trains, joined, of_alias, kept, new}
        JoinedDevice.objects.update(last_seen_at=days_ago(DAYS + 1))
        self.erase()
        assert athletes() == {trained, trains, new}

    def test_it_erases_old_invitations_and_cut_off_devices(self) -> None:
        save_session(self.user_id)
        for days in (29, 31):
            Invitation.objects.create(
                kind="coach", name="x", code_hash=str(days), expires_at=days_ago(days)
            )
        for days in (None, DAYS - 1, DAYS + 1):
            JoinedDevice.objects.create(
                athlete_id=self.user_id,
                join_hash=str(days),
                revoked_at=None if days is None else days_ago(days),
            )
        found = self.erase()
        assert (found["invitations"], found["devices"]) == (1, 1)
        assert Invitation.objects.get().code_hash == "29"
        assert JoinedDevice.objects.count() == 2

    def test_it_erases_damaged_sessions_that_nobody_repaired(self) -> None:
        train(self.user_id)
        name = SessionName(self.user_id, "squat", seal(self.user_id)[0])
        spoil_sealed(name)
        get_live_store().park(name, "no")
        self.erase()
        assert parked_reasons()
        before = timezone.now() + timedelta(days=1)
        with mock.patch.object(retention, "find_retention_start", return_value=before):
            assert self.erase()["parked"] == 1
        assert (parked_reasons(), sealed_ids()) == ({}, set())

    def test_it_erases_log_ins_that_ended_long_ago(self) -> None:
        for days in (DAYS - 1, DAYS + 1):
            Session.objects.create(session_key=str(days), expire_date=days_ago(days))
        assert self.erase()["records"] == 1
        assert Session.objects.get().session_key == str(DAYS - 1)

    @override_settings(SENIM_RETENTION_DAYS=0)
    def test_without_the_setting_everything_stays(self) -> None:
        save_session(self.user_id, days_ago=3000)
        ExpiredDataEraser().take_turn()
        assert WorkoutSession.objects.exists()

    def test_a_bug_in_it_does_not_end_the_sweeping(self) -> None:
        with (
            mock.patch.object(retention, "erase_expired", side_effect=LookupError),
            capture_logs() as lines,
        ):
            ExpiredDataEraser().take_turn()
        assert [line["event"] for line in lines] == ["erasing_failed"]

    def test_once_nothing_is_left_it_rests(self) -> None:
        eraser = ExpiredDataEraser()
        with mock.patch.object(retention, "erase_expired", side_effect=[True, False]) as erase:
            for _ in range(4):
                eraser.take_turn()
        assert erase.call_count == 2


@override_settings(SENIM_RETENTION_DAYS=DAYS)
class BesideOthersTests(OwnRedis, TransactionTestCase):
    serialized_rollback = True

    def test_a_sweep_erases_too(self) -> None:
        save_session(self.user_id, days_ago=DAYS + 1)
        Sweeper().sweep_once()
        assert not WorkoutSession.objects.exists()

    @skipUnlessDBFeature("has_select_for_update")
    def test_while_another_process_erases_it_leaves_everything_to_that_one(self) -> None:
        save_session(self.user_id, days_ago=DAYS + 1)
        beside = connection.copy()
        try:
            with beside.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_lock(%s)", [retention.RETENTION_LOCK])
                assert not erase_expired(turn_s=60)
                assert WorkoutSession.objects.exists()
                cursor.execute("SELECT pg_advisory_unlock(%s)", [retention.RETENTION_LOCK])
        finally:
            beside.close()
        erase_expired(turn_s=60)
        assert not WorkoutSession.objects.exists()

    @skipUnlessDBFeature("has_select_for_update")
    def test_a_session_that_a_coach_decides_on_waits_and_holds_up_nothing(self) -> None:
        held, free = (save_session(self.user_id, days_ago=DAYS + days) for days in (2, 1))
        beside = connection.copy()
        try:
            beside.set_autocommit(False)
            with beside.cursor() as cursor:
                cursor.execute(
                    "SELECT id FROM workout_sessions WHERE id = %s FOR UPDATE", [held.pk]
                )
                erase_expired(turn_s=60)
                assert [*WorkoutSession.objects.all()] == [held]
            beside.rollback()
        finally:
            beside.close()
        erase_expired(turn_s=60)
        assert not WorkoutSession.objects.filter(pk__in=(held.pk, free.pk)).exists()


@override_settings(SENIM_RETENTION_DAYS=DAYS)
class SqliteTests(OwnRedis, UsesExtraDatabases):
    def test_it_erases_on_sqlite_too(self) -> None:
        database = self.add_sqlite()
        database.migrate()
        with database.as_default():
            row = save_session(self.user_id, days_ago=DAYS + 1)
            ReviewStep.objects.create(
                session=row, actor="service", from_status="clean", to_status="pending"
            )
            make_old(self.user_id)
            erase_expired(turn_s=60)
            assert athletes() == set()
            assert not WorkoutSession.objects.exists()
