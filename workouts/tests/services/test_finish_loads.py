"""A finish's load is sealed with the session, and no other finish changes it."""

from decimal import Decimal

from django.test import TestCase

from workouts.live.runtime import get_live_store
from workouts.live.sessions import SessionName
from workouts.models import WorkoutSession
from workouts.services.saving import save_sealed_session
from workouts.services.sweeping import SweepResult, sweep_sessions
from workouts.tests.support.cast import STARTED_MS, train
from workouts.tests.support.sealed import OwnRedis, finish

HEAVY, LIGHT = Decimal("62.50"), Decimal(20)


class FinishLoadCase(OwnRedis, TestCase):
    def train_again(self) -> None:
        train(self.user_id, 2, started_ms=STARTED_MS + 60_000)

    def seal(self, load_kg: Decimal | None = None) -> SessionName:
        session_id = get_live_store().seal(self.user_id, "squat", load_kg=load_kg)[-1]
        return SessionName(self.user_id, "squat", session_id)

    def loads(self) -> list[Decimal | None]:
        rows = WorkoutSession.objects.filter(athlete_id=self.user_id).order_by("pk")
        return list(rows.values_list("load_kg", flat=True))


class SealedLoadTests(FinishLoadCase):
    def test_it_is_saved_with_the_session(self) -> None:
        train(self.user_id)
        assert finish(self.user_id, load_kg=HEAVY).load_kg == HEAVY
        assert self.loads() == [HEAVY]

    def test_a_finish_without_one_saves_none(self) -> None:
        train(self.user_id)
        finish(self.user_id)
        assert self.loads() == [None]

    def test_a_repeated_finish_changes_nothing(self) -> None:
        train(self.user_id)
        first = finish(self.user_id, load_kg=HEAVY)
        for load_kg in (LIGHT, None):
            assert finish(self.user_id, load_kg=load_kg) == first
            assert self.loads() == [HEAVY]

    def test_a_repeated_finish_adds_none_either(self) -> None:
        train(self.user_id)
        finish(self.user_id)
        assert finish(self.user_id, load_kg=HEAVY).load_kg is None
        assert self.loads() == [None]

    def test_a_session_sealed_before_keeps_its_own(self) -> None:
        train(self.user_id)
        self.seal(HEAVY)
        finish(self.user_id, load_kg=LIGHT)
        assert self.loads() == [HEAVY]

    def test_a_session_sealed_before_without_one_gets_none(self) -> None:
        train(self.user_id)
        self.seal()
        self.train_again()
        finish(self.user_id, load_kg=LIGHT)
        assert self.loads() == [None, LIGHT]

    def test_the_next_session_does_not_inherit_it(self) -> None:
        train(self.user_id)
        finish(self.user_id, load_kg=HEAVY)
        self.train_again()
        finish(self.user_id)
        assert self.loads() == [HEAVY, None]

    def test_the_sweeper_saves_the_one_that_was_sealed(self) -> None:
        train(self.user_id)
        self.seal(HEAVY)
        assert sweep_sessions(idle_minutes=10**6) == SweepResult(saved=1)
        assert self.loads() == [HEAVY]

    def test_the_sweeper_brings_none_of_its_own(self) -> None:
        train(self.user_id)
        assert sweep_sessions(idle_minutes=0) == SweepResult(saved=1)
        assert self.loads() == [None]

    def test_reps_after_a_saved_session_keep_it(self) -> None:
        train(self.user_id)
        sealed = get_live_store().read(self.seal(HEAVY))
        assert sealed is not None
        save_sealed_session(sealed)
        last = sealed.reps[-1]
        sealed.reps.append(last._replace(at_ms=last.at_ms + 60_000))
        assert save_sealed_session(sealed).total_reps == 1
        assert self.loads() == [HEAVY, HEAVY]
