"""Joining with an invitation: once, within its time, and again if the answer was lost."""

from datetime import timedelta

import time_machine
from django.contrib.auth.models import User
from django.test import TestCase, TransactionTestCase
from django.utils import timezone

from workouts.exceptions import Code, WorkoutError
from workouts.identity.access_tokens import check_access_token
from workouts.models import Athlete, Invitation, JoinedDevice, WaitingAthlete
from workouts.services.invitations import invite_athlete, invite_coach, withdraw_invitation
from workouts.services.joined_devices import (
    Joined,
    join_by_name,
    refresh_device,
    revoke_device,
    revoke_devices_of_open_mode,
)
from workouts.tests.support.at_once import run_at_once
from workouts.tests.support.joins import (
    join,
    make_personal_code,
    make_team_code,
    new_address,
    refused,
)

NAME = "Phone of Әлия 👩‍🦰"


class PersonalCodeTests(TestCase):
    def setUp(self) -> None:
        self.code = make_personal_code(display_name="Айгүл")
        self.athlete = Athlete.objects.get()

    def test_it_lets_one_device_of_the_athlete_in(self) -> None:
        joined = join(self.code, device_name=f"  {NAME} ")
        token = check_access_token(joined.access_token)
        assert (token.user_id, token.device_id) == (self.athlete.user_id, joined.device.id)
        assert (joined.state, joined.athlete) == ("joined", self.athlete)
        assert JoinedDevice.objects.get().name == NAME

    def test_only_the_codes_hash_is_stored(self) -> None:
        row = Invitation.objects.values().get()
        assert self.code not in str(row)
        assert len(self.code) >= 22  # 128 bits in base64

    def test_it_works_once(self) -> None:
        join(self.code)
        with refused(Code.INVITATION_USED):
            join(self.code)
        assert JoinedDevice.objects.count() == 1

    def test_the_same_join_gets_the_same_device_for_ten_minutes(self) -> None:
        with time_machine.travel(timezone.now(), tick=False) as clock:
            first = join(self.code, "mine")
            clock.shift(timedelta(minutes=9))
            assert join(self.code, "mine").refresh_token == first.refresh_token
            clock.shift(timedelta(minutes=2))
            with refused(Code.INVITATION_USED):
                join(self.code, "mine")
        assert JoinedDevice.objects.count() == 1

    def test_a_device_that_was_cut_off_does_not_come_back_by_repeating(self) -> None:
        revoke_device(join(self.code, "mine").device)
        with refused(Code.INVITATION_USED):
            join(self.code, "mine")

    def test_it_ends_after_48_hours(self) -> None:
        later = timezone.now() + timedelta(hours=48, seconds=1)
        with time_machine.travel(later), refused(Code.INVITATION_EXPIRED):
            join(self.code)

    def test_a_stranger_with_another_code_is_refused(self) -> None:
        with refused(Code.INVITATION_INVALID):
            join("x" * 32)

    def test_a_withdrawn_one_is_refused(self) -> None:
        withdraw_invitation(Invitation.objects.get())
        with refused(Code.INVITATION_INVALID):
            join(self.code)

    def test_a_coachs_code_lets_no_athlete_in(self) -> None:
        with refused(Code.INVITATION_INVALID):
            join(invite_coach(name="Ben", is_head_coach=True, by=None).code)

    def test_one_by_somebody_whose_account_was_closed_is_refused(self) -> None:
        coach = User.objects.create_user("coach", is_active=False)
        with refused(Code.INVITATION_INVALID):
            join(invite_athlete(athlete=self.athlete, by=coach).code)

    def test_an_athlete_who_is_switched_off_stays_out_and_nothing_is_used_up(self) -> None:
        Athlete.objects.update(switched_off_at=timezone.now())
        with refused(Code.INVITATION_INVALID):
            join(self.code)
        assert Invitation.objects.get().uses == 0

    def test_a_merged_athletes_device_joins_the_one_who_was_kept(self) -> None:
        kept = Athlete.objects.create(user_id="kept")
        Athlete.objects.filter(pk=self.athlete.pk).update(merged_into=kept)
        assert join(self.code).athlete == kept

    def test_a_devices_name_takes_any_letters_but_no_control_characters(self) -> None:
        for name in ("a\nb", "a\0b", "a\ud800b", "a\u202eb", "x" * 65):
            with refused(Code.INVALID_MESSAGE):
                join(self.code, device_name=name)
        assert join(self.code, device_name="x" * 64).device.name == "x" * 64


class TeamCodeTests(TestCase):
    def test_it_makes_a_new_athlete_who_waits(self) -> None:
        joined = join(make_team_code(), name=" Айгүл  Қасым ")
        assert joined.state == "waiting"
        assert joined.athlete.display_name == "Айгүл Қасым"
        assert joined.athlete.user_id.startswith("aygul-qasym-")
        assert WaitingAthlete.objects.get().athlete == joined.athlete
        assert not joined.athlete.teams.exists()

    def test_two_of_one_name_are_two_athletes(self) -> None:
        code = make_team_code()
        assert len({join(code, name="Ana").athlete.user_id for _ in range(2)}) == 2

    def test_it_works_as_many_times_as_it_says(self) -> None:
        code = make_team_code(max_uses=2)
        first = join(code, "first")
        join(code)
        with refused(Code.INVITATION_USED):
            join(code)
        assert join(code, "first").device == first.device

    def test_it_works_until_its_date(self) -> None:
        code = make_team_code(expires_at=timezone.now() + timedelta(hours=1))
        later = timezone.now() + timedelta(hours=2)
        with time_machine.travel(later), refused(Code.INVITATION_EXPIRED):
            join(code)

    def test_a_malformed_name_uses_nothing_up(self) -> None:
        with refused(Code.INVALID_MESSAGE):
            join(make_team_code(), name="a\tb")
        assert Invitation.objects.get().uses == 0


class OpenModeTests(TestCase):
    def join(self, name: str) -> Joined:
        return join_by_name(name=name, join_id="phone", device_name="Phone")

    def test_a_poor_join_id_does_not_give_one_persons_device_to_another(self) -> None:
        assert self.join("Ayşe").device == self.join("Ayşe").device
        assert self.join("Ayşe").athlete != self.join("Somebody else").athlete
        team = make_team_code()
        first, second = (join(team, "phone", name=name) for name in ("Dana", "Dina"))
        assert first.device != second.device

    def test_nobody_who_was_not_invited_stays_in_once_tokens_are_asked_for(self) -> None:
        open_mode, invited = self.join("Ayşe"), join(make_personal_code())
        Invitation.objects.all().delete()  # an invited device stays invited
        assert revoke_devices_of_open_mode() == 1
        with refused(Code.DEVICE_REVOKED):
            refresh_device(open_mode.refresh_token)
        assert refresh_device(invited.refresh_token)


class TriesTests(TestCase):
    def test_after_ten_wrong_codes_an_address_waits_and_others_do_not(self) -> None:
        address, code = new_address(), make_personal_code()
        for _ in range(10):
            with refused(Code.INVITATION_INVALID):
                join("wrong", address=address)
        for each in ("wrong", code):
            with refused(Code.TOO_MANY_TRIES) as caught:
                join(each, address=address)
            assert 1 <= caught.value.retry_after_s <= 60
        assert join(code).state == "joined"

    def test_good_tries_do_not_count(self) -> None:
        address, code = new_address(), make_team_code()
        assert len({join(code, address=address).device.id for _ in range(12)}) == 12

    def test_a_network_of_ipv6_counts_as_one_address(self) -> None:
        for n in range(10):
            with refused(Code.INVITATION_INVALID):
                join("wrong", address=f"2001:db8:1:2::{n:x}")
        with refused(Code.TOO_MANY_TRIES):
            join("wrong", address="2001:db8:1:2:ffff::1")
        with refused(Code.INVITATION_INVALID):
            join("wrong", address="2001:db8:1:3::1")


class AtOnceTests(TransactionTestCase):
    """On SQLite these hold by themselves, since it runs transactions one after the other."""

    serialized_rollback = True

    def test_a_personal_code_lets_exactly_one_of_many_in(self) -> None:
        code = make_personal_code()
        results = run_at_once(lambda: join(code), 8)
        assert sum(isinstance(result, Joined) for result in results) == 1
        assert {result.code for result in results if isinstance(result, WorkoutError)} == {
            Code.INVITATION_USED
        }
        assert JoinedDevice.objects.count() == 1

    def test_one_join_sent_many_times_at_once_is_one_device(self) -> None:
        for code in (make_personal_code(), make_team_code()):
            results = run_at_once(lambda code=code: join(code, "mine", name="Ana"), 8)
            assert len({result.refresh_token for result in results}) == 1
        assert [invitation.uses for invitation in Invitation.objects.all()] == [1, 1]
        assert JoinedDevice.objects.count() == Athlete.objects.count() == 2

    def test_a_team_code_is_not_overused(self) -> None:
        code = make_team_code(max_uses=3)
        results = run_at_once(lambda: join(code), 8)
        assert sum(isinstance(result, Joined) for result in results) == 3

    def test_no_more_than_ten_of_many_guesses_at_once_are_answered(self) -> None:
        address = new_address()
        results = run_at_once(lambda: join("wrong", address=address), 20)
        codes = [result.code for result in results]
        assert codes.count(Code.INVITATION_INVALID) == 10
        assert codes.count(Code.TOO_MANY_TRIES) == 10
