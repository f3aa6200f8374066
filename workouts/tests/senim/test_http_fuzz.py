"""Random and malformed requests to every address, as every kind of visitor: no answer is a 500.

TEST_FUZZ_SECONDS makes it longer, and TEST_FUZZ_SEED repeats a run that failed.
"""

import http.client
import itertools
import os
import time
import uuid
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.auth.models import Group
from django.contrib.sessions.backends.db import SessionStore
from django.test import TransactionTestCase, override_settings

from senim.asgi import application
from workouts.identity.access_tokens import issue_access_token
from workouts.models import Athlete, JoinedDevice, Team, WorkoutSession
from workouts.tests.support.http_fuzz import HttpFuzzer, Request, Visitor, find_routes
from workouts.tests.support.http_servers import HttpServer
from workouts.tests.support.reviews import save_pending

SECONDS = float(os.environ.get("TEST_FUZZ_SECONDS") or 30)
SEED = os.environ.get("TEST_FUZZ_SEED") or str(time.time_ns() % 1_000_000)
REQUESTS_A_CAST = 150  # some log out, or delete each other
SESSIONS_A_COACH = 2  # most addresses are the admin's
ATHLETE = "ana"
REPEAT = f"repeat it with TEST_FUZZ_SEED={SEED}"
MOST_UNANSWERED = 0.01  # there were none in 3,000
UNAVAILABLE = 503  # an answer too, if a place has too many requests


class Answer:
    """An answer's status and text; the status is 0 if the server closed the connection."""

    def __init__(self, server: HttpServer, request: Request) -> None:
        self.status, self.text = 0, ""
        with server.connect() as client:
            try:
                client.sendall(request.encode())
                response = http.client.HTTPResponse(client, method=request.method)
                response.begin()
                self.status = response.status
                if "html" in (response.getheader("Content-Type") or ""):
                    self.text = response.read().decode(errors="replace")
            except (http.client.HTTPException, ConnectionError):
                pass


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 300)
class HttpFuzzTests(TransactionTestCase):
    serialized_rollback = True

    def setUp(self) -> None:
        self.server = self.enterContext(HttpServer(application))

    def test_it_finds_every_address(self) -> None:
        routes = find_routes()
        assert {"/", "/workout/finish", "/workout/sessions/<int:pk>/", "/admin/login/"} <= {*routes}
        assert len(routes) > 40

    def test_no_answer_is_a_500(self) -> None:
        for mode in ("open", "token"):
            with override_settings(SENIM_AUTH=mode):
                statuses = self.send_requests(f"{SEED} {mode}", SECONDS / 2)
            assert {200, 302, 400, 404, 405} <= {*statuses}
            # a connection may be closed without an answer where a request cannot be read
            assert statuses.count(0) <= MOST_UNANSWERED * len(statuses), REPEAT

    def send_requests(self, seed: str, seconds: float) -> list[int]:
        """Send random requests for this long, and return the statuses of their answers."""
        deadline, found = time.monotonic() + seconds, []
        fuzzer = HttpFuzzer(seed, [])
        for number in itertools.count():
            if time.monotonic() > deadline:
                return found
            if number % REQUESTS_A_CAST == 0:
                visitors = self.make_visitors(fuzzer)
            request = fuzzer.make_request(fuzzer.chance.choice(visitors))
            answer = Answer(self.server, request)
            assert answer.status < 500 or answer.status == UNAVAILABLE, (
                f"{answer.status} answers request {number}: {request.encode()!r}; {REPEAT}"
            )
            if answer.status == 200:
                fuzzer.learn(answer.text)
            found.append(answer.status)
        raise AssertionError

    def make_visitors(self, fuzzer: HttpFuzzer) -> list[Visitor]:
        """Return nobody, an athlete and coaches, and give the fuzzer the keys of their rows."""
        session = save_pending(ATHLETE)
        athlete = Athlete.objects.get(user_id=ATHLETE)
        Athlete.objects.filter(pk=athlete.pk).update(switched_off_at=None)
        team, _ = Team.objects.get_or_create(name="Team")
        team.athletes.add(athlete)
        coach = self.make_user("coach", group="coaches")
        team.coaches.add(coach)
        device = JoinedDevice.objects.create(athlete=athlete, join_hash=uuid.uuid4().hex)
        fuzzer.keys = [
            *(str(row.pk) for row in (session, athlete, team, coach, device)),
            *(ATHLETE, str(WorkoutSession.objects.count())),
        ]
        coaches = [
            coach,
            self.make_user("head", group="head coaches"),
            self.make_user("chief", is_superuser=True),
        ]
        return [
            Visitor(),
            Visitor(token=issue_access_token(ATHLETE, device.pk)),
            *(Visitor(session=log_in(user)) for user in coaches * SESSIONS_A_COACH),
        ]

    def make_user(self, name: str, group: str = "", **rights: bool) -> Any:
        user, _ = get_user_model().objects.update_or_create(
            username=name, defaults={"is_staff": True, "is_active": True, **rights}
        )
        if group:
            user.groups.add(Group.objects.get_or_create(name=group)[0])
        return user


def log_in(user: Any) -> str:
    """Return the key of a new admin session."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)
