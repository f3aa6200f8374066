"""Everybody who may knock: athletes with tokens, coaches with sessions, programs with keys."""

import time
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import TestCase, override_settings
from django.utils import timezone

from workouts.identity.access_tokens import issue_access_token
from workouts.identity.secret_hashes import hash_secret
from workouts.models import ApiKey, Athlete, JoinedDevice, Team, WaitingAthlete
from workouts.services.revocations import revocations
from workouts.sockets.catalogue import catalogue
from workouts.tests.support.doors import ATHLETE
from workouts.tests.support.finishes import NEVER
from workouts.tests.support.reviews import save_pending
from workouts.tests.support.tokens import AUDIENCE, ISSUER, SECRET, sign_token, unsigned_token

OTHER, WAITING = "ben-of-team-two", "cat-who-waits"
KEY = "senim_a-key-for-tests-of-the-door"
GROUPS = {"coach": "coaches", "other coach": "coaches", "head coach": "head coaches"}
in_token_mode = override_settings(SENIM_AUTH="token")


def join_device(user_id: str, **more: Any) -> JoinedDevice:
    """Return an athlete's device, as an invitation makes it."""
    return JoinedDevice.objects.create(athlete_id=user_id, join_hash="", **more)


def device_token(device: JoinedDevice) -> str:
    return issue_access_token(device.athlete_id, device.pk)


def make_key(text: str, **more: Any) -> ApiKey:
    """Return a program's key, which sees all athletes unless it has a coach."""
    return ApiKey.objects.create(name="statistics", key_hash=hash_secret(text), **more)


def make_coach(name: str, group: str = "", **more: Any) -> Any:
    user = get_user_model().objects.create_user(name, is_staff=True, **more)
    if group:
        user.groups.add(Group.objects.get(name=group))
    return user


@override_settings(SENIM_JWT_SECRET=SECRET, SENIM_JWT_ISSUER=ISSUER, SENIM_JWT_AUDIENCE=AUDIENCE)
class DoorCase(TestCase):
    """Ana of team one has a session; Ben is in team two, and Cat waits for team one."""

    @classmethod
    def setUpTestData(cls) -> None:
        cls.session, cls.others = save_pending(ATHLETE), save_pending(OTHER)
        Athlete.objects.create(user_id=WAITING)
        cls.users = {name: make_coach(name, group) for name, group in GROUPS.items()}
        cls.users["superuser"] = make_coach("superuser", is_superuser=True)
        for name, coach, athlete in (("one", "coach", ATHLETE), ("two", "other coach", OTHER)):
            team = Team.objects.create(name=f"Team {name}")
            team.coaches.add(cls.users[coach])
            team.athletes.add(Athlete.objects.get(user_id=athlete))
        WaitingAthlete.objects.create(athlete_id=WAITING, team=Team.objects.get(name="Team one"))
        make_key(KEY, may_finish=True)
        revoked = join_device(ATHLETE, revoked_at=timezone.now())
        cls.bearers = {
            "athlete": device_token(join_device(ATHLETE)),
            "other athlete": device_token(join_device(OTHER)),
            "waiting athlete": device_token(join_device(WAITING)),
            "program": KEY,
            "revoked device": device_token(revoked),
            "expired token": sign_token(ATHLETE, exp=int(time.time()) - 1),
            "another issuer's token": sign_token(ATHLETE, iss="https://id.example.com"),
            "algorithm none": unsigned_token(ATHLETE),
        }

    def setUp(self) -> None:
        revocations.read()
        for kind in ("devices", "athletes"):
            self.addCleanup(setattr, revocations, kind, frozenset())
        # the catalogue may hold what an earlier test has removed from the table again
        catalogue.looked_at = NEVER
        self.addCleanup(setattr, catalogue, "looked_at", NEVER)

    def be(self, caller: str) -> None:
        """Send further requests as this caller."""
        self.client.logout()
        self.client.defaults.pop("HTTP_AUTHORIZATION", None)
        if caller in self.users:
            self.client.force_login(self.users[caller])
        if caller in self.bearers:
            self.bear(self.bearers[caller])

    def bear(self, text: str) -> None:
        self.client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {text}"
