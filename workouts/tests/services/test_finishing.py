"""A finish seals, saves and clears: interrupted, repeated or late, a session becomes one row."""

import pytest
from django.test import TestCase

from workouts.clock import datetime_from_ms
from workouts.exceptions import Code, WorkoutError
from workouts.live.runtime import get_live_store, get_redis_key_space
from workouts.live.sessions import SessionName
from workouts.models import Athlete
from workouts.services.finishing import save_and_clear_session
from workouts.tests.support.cast import STARTED_MS, save_session, seal, train
from workouts.tests.support.sealed import OwnRedis, finish, rows_of, sealed_ids, sealed_keys

MINUTE_MS = 60_000


def dump_live(user_id: str) -> dict[bytes, bytes]:
    """Return the live session's keys as a lagging replica would still have them."""
    client, keys = get_live_store().client, get_redis_key_space().live(user_id, "squat")
    return {key: client.dump(key) for key in (keys.session, keys.timeline)}


def restore_live(dump: dict[bytes, bytes]) -> None:
    """Bring them back, as a failover to that replica would."""
    for key, value in dump.items():
        get_live_store().client.restore(key, 0, value, replace=True)


class FinishTests(OwnRedis, TestCase):
    def test_it_refuses_an_athlete_who_has_nothing_to_finish(self) -> None:
        with pytest.raises(WorkoutError) as refusal:
            finish(self.user_id)
        assert refusal.value.code == Code.NOTHING_TO_FINISH
        assert not Athlete.objects.filter(user_id=self.user_id).exists()

    def test_it_returns_the_row_if_another_finish_cleared_the_session_meanwhile(self) -> None:
        train(self.user_id)
        (session_id,) = seal(self.user_id)
        name = SessionName(self.user_id, "squat", session_id)
        first, second = save_and_clear_session(name), save_and_clear_session(name)
        assert first == second is not None

    def test_it_gives_up_on_a_session_that_is_neither_in_redis_nor_saved(self) -> None:
        saved = save_session(self.user_id)
        train(self.user_id)
        (session_id,) = seal(self.user_id)
        get_live_store().client.delete(*sealed_keys(SessionName(self.user_id, "squat", session_id)))
        with pytest.raises(WorkoutError) as refusal:
            finish(self.user_id)
        assert refusal.value.code == Code.UNAVAILABLE
        assert finish(self.user_id) == saved


class CameBackTests(OwnRedis, TestCase):
    """A failover to a lagging replica brings back a saved session, and training goes on in it."""

    def setUp(self) -> None:
        super().setUp()
        train(self.user_id, 3)
        self.dump = dump_live(self.user_id)
        self.first = finish(self.user_id)
        restore_live(self.dump)

    def test_it_is_not_saved_again(self) -> None:
        assert finish(self.user_id) == self.first
        assert (rows_of(self.user_id), sealed_ids()) == ([3], set())

    def test_its_later_reps_become_a_session_of_their_own(self) -> None:
        train(self.user_id, 2, started_ms=STARTED_MS + MINUTE_MS)
        second = finish(self.user_id)
        assert second.session_id != self.first.session_id
        assert (second.started_at, second.timeline_ms) == (
            datetime_from_ms(STARTED_MS + MINUTE_MS),
            [0, 2000],
        )
        assert rows_of(self.user_id) == [3, 2]

    def test_its_later_reps_are_saved_once_though_they_come_back_too(self) -> None:
        train(self.user_id, 2, started_ms=STARTED_MS + MINUTE_MS)
        dump = dump_live(self.user_id)
        second = finish(self.user_id)
        restore_live(dump)
        assert finish(self.user_id) == second == finish(self.user_id)
        assert rows_of(self.user_id) == [3, 2]

    def test_reps_after_its_later_reps_become_a_third_session(self) -> None:
        train(self.user_id, 2, started_ms=STARTED_MS + MINUTE_MS)
        dump = dump_live(self.user_id)
        finish(self.user_id)
        restore_live(dump)
        train(self.user_id, 4, started_ms=STARTED_MS + 2 * MINUTE_MS)
        assert finish(self.user_id).total_reps == 4
        assert rows_of(self.user_id) == [3, 2, 4]


class RedisAwayTests(OwnRedis, TestCase):
    redis_settings = {"REDIS_URL": "unix:///nowhere/valkey.sock"}

    def test_a_finish_is_unavailable_while_redis_is(self) -> None:
        save_session(self.user_id)
        with pytest.raises(WorkoutError) as refusal:
            finish(self.user_id)
        assert (refusal.value.code, "Redis" in refusal.value.message) == (Code.UNAVAILABLE, True)
