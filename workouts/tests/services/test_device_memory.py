"""Device memory when saves run at once, wait for a lock, or fail."""

import contextlib
import threading
from collections.abc import Iterator
from unittest import mock

import psycopg
import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test import TestCase, TransactionTestCase

from workouts.live.runtime import get_live_store, get_redis_key_space
from workouts.live.sessions import SessionName
from workouts.models import Device, WorkoutSession
from workouts.services import saving_together
from workouts.services.devices import save_last_seqs_of_devices
from workouts.services.finishing import save_and_clear_session
from workouts.services.sweeping import sweep_sessions
from workouts.tests.support.cast import new_athlete, save_session, seal
from workouts.tests.support.sealed import OwnRedis, spoil_sealed
from workouts.tests.support.sent import PHONE, Sent, forget, send

IDLE_MINUTES = 60 * 24 * 365 * 100


class WaitingTests(OwnRedis, TestCase):
    def setUp(self) -> None:
        super().setUp()
        send(self.user_id, Sent(1, 0), Sent(7, 5000))
        (session_id,) = seal(self.user_id)
        self.name = SessionName(self.user_id, "squat", session_id)
        forget(self.user_id)  # as happens after 48 hours

    def assert_remembered(self) -> None:
        assert (
            get_live_store().client.ttl(get_redis_key_space().device(self.user_id, PHONE)) > 170_000
        )
        assert get_live_store().raise_last_seq(self.user_id, PHONE, 0) == 7

    def test_a_device_is_remembered_while_its_session_is_parked(self) -> None:
        spoil_sealed(self.name)
        assert save_and_clear_session(self.name) is None
        self.assert_remembered()

    def test_a_device_is_remembered_while_a_bug_keeps_its_session_sealed(self) -> None:
        with mock.patch.object(saving_together, "build_finished_row", side_effect=ValueError):
            assert save_and_clear_session(self.name) is None
        self.assert_remembered()


class DeadlockTests(TransactionTestCase):
    serialized_rollback = True

    def test_saves_of_the_same_devices_in_different_orders_do_not_deadlock(self) -> None:
        user_id = save_session(new_athlete()).athlete_id
        devices = [f"d{i}" for i in range(12)]
        for seq in range(1, 9):
            barrier, errors = threading.Barrier(2), []

            def save(
                order: list[str],
                seq: int = seq,
                barrier: threading.Barrier = barrier,
                errors: list[Exception] = errors,
            ) -> None:
                barrier.wait()
                try:
                    with transaction.atomic():
                        save_last_seqs_of_devices({user_id: dict.fromkeys(order, seq)})
                except Exception as error:
                    errors.append(error)
                finally:
                    connection.close()

            threads = [
                threading.Thread(target=save, args=(order,)) for order in (devices, devices[::-1])
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert errors == []
        assert set(
            Device.objects.filter(athlete_id=user_id).values_list("last_seq", flat=True)
        ) == {8}


@pytest.mark.slow
class LockedRowTests(OwnRedis, TransactionTestCase):
    serialized_rollback = True

    @contextlib.contextmanager
    def locked(self, user_id: str) -> Iterator[None]:
        """Lock the rows of an athlete's devices on another connection."""
        database = settings.DATABASES["default"]
        options = {
            "host": database["OPTIONS"].get("host") or database["HOST"],
            "user": database["USER"],
        }
        with psycopg.connect(dbname=connection.settings_dict["NAME"], **options) as other:
            other.execute("SELECT 1 FROM workouts_device WHERE user_id = %s FOR UPDATE", [user_id])
            yield
            other.rollback()

    def test_a_sweep_saves_the_sessions_of_other_athletes(self) -> None:
        held, *others = [new_athlete() for _ in range(5)]
        for user_id in (held, *others):
            send(user_id, Sent(1, 0))
            seal(user_id)
        assert sweep_sessions(idle_minutes=IDLE_MINUTES).saved == 5
        for user_id in (held, *others):
            send(user_id, Sent(2, 5000, known=1))
            seal(user_id)
        with connection.cursor() as cursor:
            # long enough for a busy machine to save the others' in
            cursor.execute("SET statement_timeout = 3000")
            self.addCleanup(connection.close)  # or emptying the tables would be as short of time
        with self.locked(held):
            result = sweep_sessions(idle_minutes=IDLE_MINUTES)
        assert (result.saved, result.left) == (4, 1)
        assert sweep_sessions(idle_minutes=IDLE_MINUTES).saved == 1
        assert WorkoutSession.objects.filter(athlete_id=held).count() == 2
