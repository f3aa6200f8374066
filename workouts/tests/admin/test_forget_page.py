"""Forgetting an athlete in the admin: permissions, the page, the record."""

from typing import Any
from unittest import mock

import redis
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import TestCase

from workouts.admin.athletes import forget_page
from workouts.models import Athlete, Team, WorkoutSession
from workouts.tests.support.admin import ATHLETES
from workouts.tests.support.cast import save_session
from workouts.tests.support.sealed import OwnRedis


class ForgetPageTests(OwnRedis, TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.athlete = save_session(self.user_id).athlete
        self.address = f"{ATHLETES}{self.athlete.pk}/forget/"
        self.be("head coaches")

    def be(self, group: str) -> None:
        self.user = get_user_model().objects.create_user(group, is_staff=True)
        self.user.groups.add(Group.objects.get(name=group))
        team = Team.objects.create(name=group)
        team.coaches.add(self.user)
        team.athletes.add(self.athlete)
        self.client.force_login(self.user)

    def send(self, **form: str) -> Any:
        return self.client.post(self.address, form)

    def exists(self) -> bool:
        return Athlete.objects.filter(user_id=self.user_id).exists()

    def test_the_athletes_page_links_to_it(self) -> None:
        page = self.client.get(f"{ATHLETES}{self.athlete.pk}/change/").content.decode()
        assert f'href="{self.address}"' in page
        self.be("coaches")
        page = self.client.get(f"{ATHLETES}{self.athlete.pk}/change/").content.decode()
        assert self.address not in page

    def test_it_says_whom_it_is_about_and_erases_nothing_yet(self) -> None:
        page = self.client.get(self.address).content.decode()
        assert self.user_id in page
        assert "cannot be undone" in page
        assert self.exists()

    def test_only_the_typed_user_id_confirms(self) -> None:
        for form in ({}, {"user_id": ""}, {"user_id": "x"}, {"user_id": self.user_id.upper()}):
            response = self.send(**form)
            assert [*response.context["form"].errors] == ["user_id"]
            assert self.exists()

    def test_it_forgets_and_records_who_did_it_but_not_whom(self) -> None:
        assert self.send(user_id=self.user_id)["Location"] == ATHLETES
        assert not self.exists()
        assert not WorkoutSession.objects.exists()
        entry = LogEntry.objects.get(user=self.user)
        assert (entry.object_repr, entry.object_id) == ("forgotten athlete", None)
        assert "is forgotten, and 1 session is erased" in self.client.get(ATHLETES).content.decode()

    def test_it_keeps_totals(self) -> None:
        self.send(user_id=self.user_id, keep_totals="on")
        row = WorkoutSession.objects.get()
        assert row.athlete_id.startswith("forgotten-")
        for address in (
            f"/admin/workouts/workoutsession/{row.pk}/change/",
            f"{ATHLETES}{row.athlete.pk}/change/",
            "/admin/workouts/workoutsession/",
            "/admin/",
        ):
            assert self.client.get(address).status_code == 200, address

    def test_interrupted_it_says_so_and_can_be_sent_again(self) -> None:
        error = redis.ConnectionError("away")
        with mock.patch.object(forget_page, "forget_athlete", side_effect=error):
            assert self.send(user_id=self.user_id)["Location"] == self.address
        assert "not everything is erased yet" in self.client.get(self.address).content.decode()
        self.send(user_id=self.user_id)
        assert not self.exists()

    def test_coaches_and_strangers_cannot(self) -> None:
        self.be("coaches")
        assert self.send(user_id=self.user_id).status_code == 403
        assert self.client.get(self.address).status_code == 403
        self.client.logout()
        assert "/login/" in self.send(user_id=self.user_id)["Location"]
        assert self.exists()

    def test_nobody_leads_to_the_list(self) -> None:
        for key in ("999999", "x", "1" * 30):
            assert self.client.get(f"{ATHLETES}{key}/forget/")["Location"] == ATHLETES
