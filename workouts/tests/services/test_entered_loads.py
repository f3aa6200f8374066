"""Coaches enter loads after a session was saved: each change has its record, and none is lost."""

from decimal import Decimal

import pytest
from django.contrib.auth import get_user_model
from django.test import TestCase, TransactionTestCase

from workouts.models import LoadChange, WorkoutSession
from workouts.services.entered_loads import LoadChangedError, enter_session_load
from workouts.services.personal_data.forgetting import forget_athlete
from workouts.tests.support.at_once import run_at_once
from workouts.tests.support.cast import new_athlete, save_session
from workouts.tests.support.merges import merge
from workouts.tests.support.sealed import OwnRedis

LIGHT, HEAVY = Decimal(20), Decimal("62.50")
Change = tuple[Decimal | None, Decimal | None]


def load_of(row: WorkoutSession) -> Decimal | None:
    return WorkoutSession.objects.get(pk=row.pk).load_kg


def changes_of(row: WorkoutSession) -> list[Change]:
    return list(row.load_changes.order_by("id").values_list("from_kg", "to_kg"))


class EnterTests(TestCase):
    def setUp(self) -> None:
        self.coach = get_user_model().objects.create_user("aigul")
        self.row = save_session(new_athlete())

    def enter(self, seen_kg: Decimal | None, to_kg: Decimal | None) -> bool:
        return enter_session_load(self.row.pk, seen_kg=seen_kg, to_kg=to_kg, coach=self.coach)

    def test_each_change_is_saved_with_who_and_what_was_before(self) -> None:
        steps: list[Change] = [(None, LIGHT), (LIGHT, HEAVY), (HEAVY, None)]
        for seen_kg, to_kg in steps:
            assert self.enter(seen_kg, to_kg)
            assert load_of(self.row) == to_kg
        assert changes_of(self.row) == steps
        assert {change.coach for change in LoadChange.objects.all()} == {self.coach}

    def test_the_same_load_leaves_no_record(self) -> None:
        for load_kg in (None, LIGHT):
            assert not self.enter(load_kg, load_kg)
        assert changes_of(self.row) == []

    def test_a_load_that_changed_in_between_is_not_overwritten(self) -> None:
        self.enter(None, HEAVY)
        for seen_kg, to_kg in ((None, LIGHT), (LIGHT, None)):
            with pytest.raises(LoadChangedError):
                self.enter(seen_kg, to_kg)
        assert load_of(self.row) == HEAVY
        assert changes_of(self.row) == [(None, HEAVY)]

    def test_it_changes_no_other_session_and_no_other_field(self) -> None:
        other = save_session(self.row.athlete_id)
        before = WorkoutSession.objects.filter(pk=self.row.pk).values().get()
        self.enter(None, HEAVY)
        after = WorkoutSession.objects.filter(pk=self.row.pk).values().get()
        assert after == before | {"load_kg": HEAVY}
        assert load_of(other) is None


class AtOnceTests(TransactionTestCase):
    serialized_rollback = True

    def test_of_many_coaches_at_once_one_is_saved_and_the_others_are_told(self) -> None:
        coach = get_user_model().objects.create_user("aigul")
        row = save_session(new_athlete())
        loads = iter(range(1, 9))

        def enter() -> bool:
            to_kg = Decimal(next(loads))
            return enter_session_load(row.pk, seen_kg=None, to_kg=to_kg, coach=coach)

        results = run_at_once(enter, 8)
        assert results.count(True) == 1
        assert sum(isinstance(result, LoadChangedError) for result in results) == 7
        assert changes_of(row) == [(None, load_of(row))]


class PersonTests(OwnRedis, TestCase):
    """What becomes of loads when athletes are merged or forgotten."""

    def setUp(self) -> None:
        super().setUp()
        self.coach = get_user_model().objects.create_user("aigul")
        self.row = save_session(self.user_id, load_kg=LIGHT)
        enter_session_load(self.row.pk, seen_kg=LIGHT, to_kg=HEAVY, coach=self.coach)

    def test_a_merge_keeps_them(self) -> None:
        kept = save_session(new_athlete()).athlete_id
        merge(kept, self.user_id)
        moved = WorkoutSession.objects.get(pk=self.row.pk)
        assert (moved.athlete_id, moved.load_kg) == (kept, HEAVY)
        assert changes_of(moved) == [(LIGHT, HEAVY)]

    def test_forgetting_erases_them_with_their_history(self) -> None:
        forget_athlete(self.user_id, keep_totals=False)
        assert not LoadChange.objects.exists()
        assert not WorkoutSession.objects.filter(load_kg__isnull=False).exists()

    def test_totals_that_are_kept_have_none(self) -> None:
        forget_athlete(self.user_id, keep_totals=True)
        (kept,) = WorkoutSession.objects.all()
        assert kept.load_kg is None
        assert not LoadChange.objects.exists()
