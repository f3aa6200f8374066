"""What comes in while an athlete is forgotten, and later, is not saved."""

import pytest
from django.test import override_settings
from django.utils import timezone

from workouts.exceptions import Code, WorkoutError
from workouts.live.runtime import get_live_store
from workouts.live.traces import erase_live_traces
from workouts.models import Forgetting
from workouts.services.personal_data import tombstones
from workouts.services.personal_data.forgetting import forget_athlete
from workouts.services.personal_data.tombstones import (
    AthleteForgottenError,
    remove_old_tombstones,
)
from workouts.services.revocations import Revocations
from workouts.services.saving import save_sealed_session
from workouts.services.sweeping import SweepResult, sweep_sessions
from workouts.tests.support.cast import seal, train
from workouts.tests.support.forgettings import ForgettingCase
from workouts.tests.support.merges import seal as read_sealed
from workouts.tests.support.people import find_rows_with
from workouts.tests.support.sealed import finish, rows_of, sealed_ids


class AfterwardsTests(ForgettingCase):
    def setUp(self) -> None:
        super().setUp()
        self.sealed = read_sealed(self.person.user_id)

    def test_a_session_that_was_read_before_is_not_saved(self) -> None:
        forget_athlete(self.person.user_id, keep_totals=False)
        with pytest.raises(AthleteForgottenError):
            save_sealed_session(self.sealed)
        self.check_nothing_is_left()

    @override_settings(SENIM_AUTH="open")
    def test_in_open_mode_a_new_rep_makes_a_new_athlete(self) -> None:
        forget_athlete(self.person.user_id, keep_totals=False)
        train(self.person.user_id, 2)
        assert finish(self.person.user_id).total_reps == 2
        assert rows_of(self.person.user_id) == [2]
        assert not Forgetting.objects.filter(user_id=self.person.user_id).exists()

    @override_settings(SENIM_AUTH="token")
    def test_with_tokens_reps_that_came_before_the_socket_was_closed_are_dropped(self) -> None:
        forget_athlete(self.person.user_id, keep_totals=False)
        train(self.person.user_id, 2)
        with pytest.raises(WorkoutError) as raised:
            finish(self.person.user_id)
        assert raised.value.code == Code.NOTHING_TO_FINISH
        assert [*find_rows_with(self.person.words)] == []
        assert self.person.user_id not in {
            name.user_id for name in get_live_store().sealed_sessions()
        }

    def test_no_token_lets_in_whom_it_forgot(self) -> None:
        known = Revocations()
        known.read()
        assert self.person.user_id not in known.athletes
        forget_athlete(self.person.user_id, keep_totals=False)
        known.read()
        assert {self.person.user_id, self.person.alias} <= known.athletes

    @override_settings(SENIM_AUTH="token")
    def test_a_sweep_drops_them_too_and_leaves_nothing_behind(self) -> None:
        forget_athlete(self.person.user_id, keep_totals=False)
        for user_id in (self.other.user_id, self.other.alias):
            erase_live_traces(get_live_store(), user_id)
        train(self.person.user_id, 2)
        seal(self.person.user_id)
        assert sweep_sessions(idle_minutes=1) == SweepResult()
        assert [*find_rows_with(self.person.words)] == []
        assert sealed_ids() == set()

    @override_settings(SENIM_AUTH="token")
    def test_the_tombstone_goes_once_no_token_is_valid(self) -> None:
        forget_athlete(self.person.user_id, keep_totals=False)
        train(self.person.user_id, 2)
        assert remove_old_tombstones() == 0
        Forgetting.objects.update(ended_at=timezone.now() - tombstones.REMEMBERED)
        assert remove_old_tombstones() == 2
        assert not Forgetting.objects.exists()
        self.check_nothing_is_left()
