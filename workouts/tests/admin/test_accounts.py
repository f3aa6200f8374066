"""Linking an athlete to a user's account."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.test import TestCase

from workouts.models import Athlete, Team
from workouts.tests.support.admin import ATHLETES
from workouts.tests.support.cast import save_session


class AccountTests(TestCase):
    def setUp(self) -> None:
        self.athlete = save_session("ana").athlete
        self.user, self.second = (
            get_user_model().objects.create_user(name) for name in ("ana-user", "ben-user")
        )
        self.path = f"{ATHLETES}{self.athlete.pk}/change/"

    def be(self, group: str | None) -> None:
        user = get_user_model().objects.create_user(
            group or "root", is_staff=True, is_superuser=group is None
        )
        if group:
            user.groups.add(Group.objects.get(name=group))
        team = Team.objects.create(name=f"Team of {user}")
        team.coaches.add(user)
        team.athletes.add(self.athlete)
        self.client.force_login(user)

    def link(self, user: Any) -> Any:
        response = self.client.post(self.path, {"display_name": "", "account": user.pk})
        self.athlete.refresh_from_db()
        return response

    def test_a_superuser_links_an_account(self) -> None:
        self.be(None)
        self.link(self.user)
        assert self.athlete.account == self.user
        query = {
            "app_label": "workouts",
            "model_name": "athlete",
            "field_name": "account",
            "term": "user",
        }
        assert len(self.client.get("/admin/autocomplete/", query).json()["results"]) == 2

    def test_coaches_see_the_account_but_cannot_link_one(self) -> None:
        Athlete.objects.filter(pk=self.athlete.pk).update(account=self.user)
        for group in ("coaches", "head coaches"):
            self.be(group)
            self.link(self.second)
            assert self.athlete.account == self.user
            page = self.client.get(self.path).content.decode()
            assert "ana-user" in page
            assert "ben-user" not in page
            query = {
                "app_label": "workouts",
                "model_name": "athlete",
                "field_name": "account",
                "term": "user",
            }
            assert self.client.get("/admin/autocomplete/", query).status_code == 403

    def test_an_account_belongs_to_one_athlete(self) -> None:
        Athlete.objects.create(user_id="ben", account=self.user)
        self.be(None)
        assert list(self.link(self.user).context["adminform"].errors) == ["account"]
        with pytest.raises(IntegrityError), transaction.atomic():
            Athlete.objects.filter(pk=self.athlete.pk).update(account=self.user)

    def test_an_athlete_outlives_the_account(self) -> None:
        Athlete.objects.filter(pk=self.athlete.pk).update(account=self.user)
        self.user.delete()
        self.athlete.refresh_from_db()
        assert self.athlete.account is None
