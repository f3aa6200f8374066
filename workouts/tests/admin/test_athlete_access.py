"""An athlete's devices, and the switch for all of them."""

from typing import Any

from django.utils import timezone

from workouts.models import Athlete, JoinedDevice
from workouts.services.revocations import revocations
from workouts.tests.support.admin import ATHLETES
from workouts.tests.support.coach_cast import CoachCase


class AccessCase(CoachCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.device = JoinedDevice.objects.create(athlete=cls.athlete, name="Ana's phone")
        cls.cut_off = f"{ATHLETES}devices/{cls.device.pk}/cut-off/"
        cls.switch = f"{cls.athlete_page}switch/"

    def get(self, obj: Any) -> Any:
        return type(obj).objects.get(pk=obj.pk)


class DeviceTests(AccessCase):
    def test_the_athletes_page_lists_devices_with_a_button_for_each(self) -> None:
        page = self.page(f"{self.athlete_page}change/")
        assert "Ana&#x27;s phone" in page
        assert "last seen" in page
        assert self.cut_off in page

    def test_a_coach_cuts_one_off_and_twice_is_harmless(self) -> None:
        assert "Within 5 seconds" in self.page(self.cut_off)
        assert self.get(self.device).revoked_at is None
        for _ in range(2):
            assert self.client.post(self.cut_off)["Location"] == f"{self.athlete_page}change/"
        assert self.get(self.device).revoked_at is not None
        assert self.cut_off not in self.page(f"{self.athlete_page}change/")
        assert self.history(self.athlete) == [
            "Changed access (cut off) for joined device “Ana's phone”."
        ]

    def test_another_teams_coach_cannot(self) -> None:
        assert self.status(self.other, self.cut_off) == 404
        assert self.get(self.device).revoked_at is None
        assert self.status(self.head, self.cut_off) == 302

    def test_the_devices_of_an_alias_belong_to_the_athlete_who_was_kept(self) -> None:
        alias = Athlete.objects.create(user_id="ana-old", merged_into=self.athlete)
        device = JoinedDevice.objects.create(athlete=alias, name="Old phone")
        path = f"{ATHLETES}devices/{device.pk}/cut-off/"
        assert path in self.page(f"{self.athlete_page}change/")
        assert self.status(self.coach, path) == 302
        assert self.get(device).revoked_at is not None


class SwitchTests(AccessCase):
    def test_a_coach_switches_an_athlete_off_and_on_again(self) -> None:
        assert "Switch this athlete off" in self.page(f"{self.athlete_page}change/")
        assert "you can switch the athlete on again" in self.page(self.switch, to="off")
        for to in ("off", "off", "on", "on"):
            assert self.status(self.coach, self.switch, to=to) == 302
            revocations.read()
            assert ("ana-1" in revocations.athletes) == (to == "off")
        assert self.history(self.athlete) == [
            "Changed access (switched off).",
            "Changed access (switched on).",
        ]

    def test_their_aliases_are_switched_off_as_well(self) -> None:
        alias = Athlete.objects.create(user_id="ana-old", merged_into=self.athlete)
        self.status(self.coach, self.switch, to="off")
        assert self.get(alias).switched_off_at is not None

    def test_another_teams_coach_cannot(self) -> None:
        assert self.status(self.other, self.switch, to="off") == 404
        assert self.get(self.athlete).switched_off_at is None

    def test_it_says_which_way(self) -> None:
        assert self.status(self.coach, self.switch) == 404
        assert self.get(self.athlete).switched_off_at is None

    def test_while_off_the_page_offers_no_link(self) -> None:
        invite = f"{self.athlete_page}invite/"
        assert invite in self.page(f"{self.athlete_page}change/")
        Athlete.objects.update(switched_off_at=timezone.now())
        page = self.page(f"{self.athlete_page}change/")
        assert invite not in page
        assert "Switch this athlete on" in page
