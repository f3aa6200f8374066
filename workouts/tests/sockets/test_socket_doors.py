"""Who gets into which socket, for every kind of caller in token mode.

tests/api/test_doors.py has the addresses.
"""

import asyncio
import json
from contextlib import suppress

import pytest
import websockets
from django.test import SimpleTestCase

from workouts.tests.support.cast import new_athlete
from workouts.tests.support.doors import CALLERS
from workouts.tests.support.phones import ANSWER_S, make_rep
from workouts.tests.support.shell import run_shell
from workouts.tests.support.token_services import shared_token_service
from workouts.tests.support.tokens import OTHER_SECRET, sign_token, unsigned_token

MAKE_CALLERS = """
import json, uuid
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import Group, User
from django.contrib.sessions.backends.db import SessionStore
from django.conf import settings
from django.utils import timezone
from workouts.identity.access_tokens import issue_access_token
from workouts.models import Athlete, JoinedDevice, Team, WaitingAthlete
from workouts.services.key_making import make_api_key

athlete, other, waiting = (Athlete.objects.create(user_id=name) for name in {athletes})
teams = [Team.objects.create(name=f"team of {{name.user_id}}") for name in (athlete, other)]
teams[0].athletes.add(athlete)
teams[1].athletes.add(other)
WaitingAthlete.objects.create(athlete=waiting, team=teams[0])

def join(athlete, **more):
    device = JoinedDevice.objects.create(athlete=athlete, join_hash=uuid.uuid4().hex, **more)
    return issue_access_token(athlete.user_id, device.pk)

def log_in(group, team=None, **more):
    user = User.objects.create_user(uuid.uuid4().hex, is_staff=True, **more)
    if group:
        user.groups.add(Group.objects.get(name=group))
    if team:
        team.coaches.add(user)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return session.session_key

root = User.objects.create_superuser(uuid.uuid4().hex)
_, key = make_api_key(
    name="app", coach=None, may_finish=True, expires_at=None, created_by=root
)
print(json.dumps([
    {{
        "athlete": join(athlete),
        "other athlete": join(other),
        "waiting athlete": join(waiting),
        "revoked device": join(athlete, revoked_at=timezone.now()),
        "program": key,
    }},
    {{
        "coach": log_in("coaches", teams[0]),
        "other coach": log_in("coaches", teams[1]),
        "head coach": log_in("head coaches"),
        "superuser": log_in("", is_superuser=True),
    }},
    teams[0].pk,
]))
"""
IN, NOBODY, NOT_ALLOWED = 0, 4401, 4403
ATHLETES = {"athlete", "other athlete", "waiting athlete"}
COACHES = {"coach", "head coach", "superuser"}


@pytest.mark.slow
class SocketDoorTests(SimpleTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.service = shared_token_service()
        athletes = tuple(new_athlete() for _ in range(3))
        made = run_shell(cls.service, MAKE_CALLERS.format(athletes=athletes))
        cls.bearers, cls.cookies, cls.team = json.loads(made)
        cls.bearers |= {
            "expired token": sign_token(athletes[0], exp=1_700_000_000),
            "another issuer's token": sign_token(athletes[0], secret=OTHER_SECRET),
            "algorithm none": unsigned_token(athletes[0]),
        }

    async def knock(self, caller: str, path: str) -> int:
        """Return the code that a caller is closed with, or IN once there is an answer."""
        headers = {}
        if caller in self.bearers:
            headers["Authorization"] = f"Bearer {self.bearers[caller]}"
        if caller in self.cookies:
            headers["Cookie"] = f"sessionid={self.cookies[caller]}"
        address = self.service.url.replace("http", "ws") + path
        async with websockets.connect(
            address, additional_headers=headers, open_timeout=ANSWER_S
        ) as socket:
            with suppress(websockets.ConnectionClosed):
                await socket.send(json.dumps(make_rep()))
                await socket.recv()
                return IN
            assert socket.close_code is not None
            return socket.close_code

    async def knock_until(self, caller: str, path: str, code: int) -> None:
        """Knock until the service has heard who was cut off, at most a minute."""
        async with asyncio.timeout(ANSWER_S):
            while await self.knock(caller, path) != code:
                await asyncio.sleep(0.2)

    async def test_athletes_with_a_token_train_and_nobody_else_does(self) -> None:
        for caller in CALLERS:
            expected = NOT_ALLOWED if caller == "revoked device" else NOBODY
            with self.subTest(caller):
                if caller == "revoked device":
                    await self.knock_until(caller, "/ws/workout", expected)
                code = await self.knock(caller, "/ws/workout")
                assert code == (IN if caller in ATHLETES else expected)

    async def test_coaches_of_the_team_watch_it_and_nobody_else_does(self) -> None:
        for caller in CALLERS:
            expected = NOT_ALLOWED if caller == "other coach" else NOBODY
            with self.subTest(caller):
                code = await self.knock(caller, f"/ws/live?team={self.team}")
                assert code == (IN if caller in COACHES else expected)
