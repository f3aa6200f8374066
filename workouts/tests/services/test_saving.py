"""A session is published and cleared only once its row is committed."""

from multiprocessing.pool import ThreadPool
from unittest import mock

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import TransactionTestCase

from workouts.events.messages import SessionNews
from workouts.live.runtime import get_live_store
from workouts.live.sessions import SealedSession, SessionName
from workouts.models import WorkoutSession
from workouts.services.finishing import finish_workout, save_and_clear_session
from workouts.services.saving import save_sealed_session
from workouts.tests.support.cast import seal, train
from workouts.tests.support.sealed import OwnRedis

PUBLISH = "workouts.services.saving.broadcast_finished_sessions"


def is_saved_for_others(session_id: str) -> bool:
    """Return whether another connection sees the row."""

    def look() -> bool:
        try:
            return WorkoutSession.objects.filter(session_id=session_id).exists()
        finally:
            connection.close()

    with ThreadPool(1) as pool:
        return pool.apply(look)


class CommitCase(OwnRedis, TransactionTestCase):
    serialized_rollback = True

    def seal_one(self, exercise: str = "squat") -> SessionName:
        train(self.user_id, exercise=exercise)
        (session_id,) = seal(self.user_id, exercise)
        return SessionName(self.user_id, exercise, session_id)

    def read(self, name: SessionName) -> SealedSession:
        sealed = get_live_store().read(name)
        assert sealed is not None
        return sealed


class OuterTransactionTests(CommitCase):
    """A caller that holds a transaction open could roll back a session that is cleared already."""

    def test_saving_is_refused_inside_a_transaction(self) -> None:
        sealed = self.read(self.seal_one())
        with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
            save_sealed_session(sealed)
        assert not WorkoutSession.objects.exists()

    def test_clearing_is_refused_inside_a_transaction_and_clears_nothing(self) -> None:
        name = self.seal_one()
        with mock.patch(PUBLISH) as publish:
            with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
                save_and_clear_session(name)
            assert not publish.called
        assert len(self.read(name).reps) == 3
        assert save_and_clear_session(name) == WorkoutSession.objects.get()

    def test_clearing_a_saved_session_is_refused_there_too(self) -> None:
        name = self.seal_one()
        save_sealed_session(self.read(name))
        with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
            save_and_clear_session(name)
        assert len(self.read(name).reps) == 3

    def test_a_finish_is_refused_inside_a_transaction_and_clears_nothing(self) -> None:
        name = self.seal_one()
        with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
            finish_workout(user_id=self.user_id, exercise_type="squat")
        assert len(self.read(name).reps) == 3


class PublishTests(CommitCase):
    def test_the_event_is_published_after_the_commit_and_before_the_clear(self) -> None:
        name = self.seal_one()
        seen: list[tuple[bool, bool]] = []

        def look(news: SessionNews) -> None:
            seen.append(
                (is_saved_for_others(news.session_id), get_live_store().read(name) is not None)
            )

        with mock.patch(PUBLISH, look):
            save_and_clear_session(name)
        assert seen == [(True, True)]
        assert get_live_store().read(name) is None

    def test_no_event_is_published_if_the_commit_fails(self) -> None:
        # the foreign key of an unknown exercise is checked at COMMIT
        sealed = self.read(self.seal_one("plank"))
        with mock.patch(PUBLISH) as publish:
            with pytest.raises(IntegrityError):
                save_sealed_session(sealed)
            assert not publish.called

    def test_the_event_is_published_again_if_the_first_try_ended_before_the_clear(self) -> None:
        name = self.seal_one()
        with mock.patch(PUBLISH) as publish:
            row = save_sealed_session(self.read(name))
            assert save_and_clear_session(name, origin="socket") == row
        news = [
            SessionNews(self.user_id, "squat", 3, name.session_id, row.pk, origin)
            for origin in ("", "socket")
        ]
        assert publish.call_args_list == [mock.call(each) for each in news]

    def test_reps_after_a_saved_session_are_published_once_with_an_id_of_their_own(self) -> None:
        name = self.seal_one()
        sealed = self.read(name)
        with mock.patch(PUBLISH) as publish:
            first = save_sealed_session(sealed)
            later = sealed.reps[-1]._replace(at_ms=sealed.reps[-1].at_ms + 60_000)
            sealed.reps.append(later)
            second = save_sealed_session(sealed)
        assert [call.args[0].session_id for call in publish.call_args_list] == [
            str(first.session_id),
            str(second.session_id),
        ]
        assert (first.total_reps, second.total_reps) == (3, 1)
