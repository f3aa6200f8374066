"""New tokens for joined devices: what is lost can be asked for again, what is stolen is noticed."""

from datetime import timedelta

import time_machine
from django.test import TestCase, TransactionTestCase
from django.utils import timezone

from workouts.exceptions import Code
from workouts.identity.access_tokens import check_access_token
from workouts.identity.refresh_tokens import RefreshToken
from workouts.models import Athlete, JoinedDevice
from workouts.services.joined_devices import leave, refresh_device, revoke_device
from workouts.tests.support.at_once import run_at_once
from workouts.tests.support.joins import join, make_personal_code, refused


class RefreshTests(TestCase):
    def setUp(self) -> None:
        self.joined = join(make_personal_code())

    def device(self) -> JoinedDevice:
        return JoinedDevice.objects.get(pk=self.joined.device.pk)

    def test_it_gives_a_new_pair(self) -> None:
        pair = refresh_device(self.joined.refresh_token)
        assert pair.refresh_token != self.joined.refresh_token
        token = check_access_token(pair.access_token)
        assert (token.user_id, token.device_id) == (
            self.joined.athlete.user_id,
            self.joined.device.id,
        )

    def test_an_old_token_works_until_its_successor_is_used(self) -> None:
        pair = refresh_device(self.joined.refresh_token)
        assert refresh_device(self.joined.refresh_token).refresh_token == pair.refresh_token
        assert self.device().revoked_at is None

    def test_an_old_token_used_after_its_successor_revokes_the_device(self) -> None:
        newest = refresh_device(refresh_device(self.joined.refresh_token).refresh_token)
        for token in (self.joined.refresh_token, newest.refresh_token):
            with refused(Code.DEVICE_REVOKED):
                refresh_device(token)
        assert self.device().revoked_at is not None

    def test_a_forged_or_malformed_one_is_refused(self) -> None:
        for token in ("", "x", "é.1.x", self.joined.refresh_token[:-1], "a.b.c"):
            with refused(Code.TOKEN_INVALID):
                refresh_device(token)
        assert self.device().revoked_at is None

    def test_a_device_whose_row_is_gone_or_cut_off_is_refused(self) -> None:
        revoke_device(self.joined.device)
        with refused(Code.DEVICE_REVOKED):
            refresh_device(self.joined.refresh_token)
        self.device().delete()
        with refused(Code.DEVICE_REVOKED):
            refresh_device(self.joined.refresh_token)

    def test_a_switched_off_athletes_device_comes_back_once_they_are_switched_on(
        self,
    ) -> None:
        Athlete.objects.update(switched_off_at=timezone.now())
        with refused(Code.NOT_ALLOWED):
            refresh_device(self.joined.refresh_token)
        Athlete.objects.update(switched_off_at=None)
        assert refresh_device(self.joined.refresh_token).access_token

    def test_it_ends_after_90_days_without_use(self) -> None:
        with time_machine.travel(timezone.now(), tick=False) as clock:
            clock.shift(timedelta(days=89))
            token = refresh_device(self.joined.refresh_token).refresh_token
            clock.shift(timedelta(days=89))
            token = refresh_device(token).refresh_token
            clock.shift(timedelta(days=91))
            with refused(Code.TOKEN_EXPIRED):
                refresh_device(token)

    def test_a_device_goes_on_after_an_older_backup_was_brought_back(self) -> None:
        ahead = RefreshToken(self.joined.device.id, 7).encode()
        assert (
            refresh_device(ahead).refresh_token == RefreshToken(self.joined.device.id, 8).encode()
        )

    def test_a_device_that_left_is_out_and_may_leave_again(self) -> None:
        for _ in range(2):
            leave(device_id=self.joined.device.id)
        with refused(Code.DEVICE_REVOKED):
            refresh_device(self.joined.refresh_token)

    def test_cutting_a_device_off_again_changes_nothing(self) -> None:
        assert revoke_device(self.joined.device)
        before = self.device().revoked_at
        assert not revoke_device(self.joined.device)
        assert self.device().revoked_at == before


class AtOnceTests(TransactionTestCase):
    serialized_rollback = True

    def test_one_token_sent_many_times_at_once_gets_the_same_successor(self) -> None:
        token = join(make_personal_code()).refresh_token
        pairs = run_at_once(lambda: refresh_device(token), 8)
        assert len({pair.refresh_token for pair in pairs}) == 1
        assert JoinedDevice.objects.get().revoked_at is None
