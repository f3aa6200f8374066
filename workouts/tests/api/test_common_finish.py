"""The common finish is answered without DRF, exactly as DRF answers it."""

import json
import uuid
from typing import Any
from unittest import mock

import django.db
from django.test import override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisCase

from workouts.exceptions import Code, WorkoutError
from workouts.identity.access_tokens import issue_access_token
from workouts.sockets.catalogue import catalogue
from workouts.tests.support.cast import save_session
from workouts.tests.support.finishes import FINISH, JSON, NEVER, FinishCase

ATHLETE = "aigul"
READ = "workouts.api.views.read_common_finish"
VERB = "workouts.api.views.finish_or_repeat_workout"
UNCOMMON = (
    "[]",
    '"x"',
    "null",
    "{",
    '{"user_id": null}',
    '{"user_id": 42}',
    '{"user_id": true}',
    '{"user_id": "aigul "}',
    '{"user_id": ""}',
    '{"user_id": "a b"}',
    '{"user_id": "\\u0000"}',
    '{"user_id": "\\ud800"}',
    '{"user_id": "me"}',
    '{"user_id": "aigul", "user_id": "other"}',
    '{"user_id": NaN}',
    '{"user_id": "aigul"} x',
    '{"user_id": "aigul", "more": ' + "[" * 500 + "]" * 500 + "}",
    '{"user_id": "aigul", "exercise_type": "nonsense"}',
    '{"user_id": "aigul", "exercise_type": ""}',
    '{"user_id": "aigul", "exercise_type": null}',
    '{"user_id": "aigul", "exercise_type": "squat "}',
    '{"user_id": "aigul", "load_kg": 60}',
    '{"user_id": "aigul", "load_kg": "60"}',
    '{"user_id": "aigul", "load_kg": null}',
    "\ufeff{}",
)
COMMON = ("{}", '{"user_id": "aigul"}', ' {"exercise_type": "squat", "user_id": "aigul"} ')


class BothWays:
    """Sends each request twice: as it comes, and with DRF alone."""

    client: Any

    def send(self, body: Any, content_type: str, headers: dict[str, str]) -> Any:
        response = self.client.post(FINISH, body, content_type=content_type, headers=headers)
        return response.status_code, response.content, sorted(response.headers.items())

    def check(self, body: Any, content_type: str = JSON, **headers: str) -> Any:
        short = self.send(body, content_type, headers)
        with mock.patch(READ, return_value=None):
            assert self.send(body, content_type, headers) == short
        return short


class SameAnswerTests(BothWays, FinishCase):
    def setUp(self) -> None:
        super().setUp()
        save_session(ATHLETE)
        save_session("guest")

    def test_a_common_one_never_meets_drf(self) -> None:
        with mock.patch("workouts.api.views.read_request_body", side_effect=AssertionError):
            for body in COMMON:
                response = self.post(body)
                assert (response.status_code, response["Senim-Repeated"]) == (200, "true")

    def test_it_is_the_answer_that_drf_gives(self) -> None:
        for body in COMMON:
            with self.subTest(body=body):
                assert self.check(body)[0] == 200

    def test_what_is_uncommon_or_wrong_is_drfs(self) -> None:
        for body in (*UNCOMMON, b"", b"\xff", '{"user_id": "\u00e9"}'.encode("latin-1")):
            with self.subTest(body=body):
                self.check(body)

    def test_the_type_and_what_is_accepted_may_be_any(self) -> None:
        for content_type in (
            JSON,
            f"{JSON}; charset=utf-8",
            f"{JSON}; charset=koi8-r",
            "text/plain",
        ):
            for accept in ("*/*", JSON, "text/html", "text/html, */*;q=0.5", "x"):
                with self.subTest(content_type=content_type, accept=accept):
                    self.check(COMMON[1], content_type, accept=accept)
        self.check("user_id=aigul", "application/x-www-form-urlencoded")

    def test_a_bearer_in_the_open_mode_is_drfs(self) -> None:
        for bearer in ("Bearer x", "Bearer senim_x", "Basic x"):
            with self.subTest(bearer=bearer):
                self.check(COMMON[1], authorization=bearer)

    def test_with_nothing_to_finish_it_is_refused_in_the_same_way(self) -> None:
        assert self.check(json.dumps({"user_id": self.user_id}))[0] == 409

    def test_an_error_is_drfs_and_the_verb_is_called_once(self) -> None:
        for error in (WorkoutError(Code.UNAVAILABLE, "away"), django.db.OperationalError("away")):
            with self.subTest(error=error), mock.patch(VERB, side_effect=error) as verb:
                assert self.check(COMMON[1])[0] == 503
                assert verb.call_count == 2  # once each way

    @override_settings(SENIM_AUTH="token")
    def test_tokens_are_checked_in_the_same_way(self) -> None:
        token = f"Bearer {issue_access_token(ATHLETE, uuid.uuid4())}"
        assert self.check("{}", authorization=token)[0] == 200
        assert self.check(COMMON[1], authorization=token)[0] == 200
        assert self.check('{"user_id": "me"}', authorization=token)[0] == 200
        assert self.check('{"user_id": "other"}', authorization=token)[0] == 403
        for other in (f"{token}x", "Bearer senim_x", "Bearer", "Basic x"):
            assert self.check(COMMON[1], authorization=other)[0] == 401, other
        assert self.check(COMMON[1])[0] == 401


class AnyBodyTests(BothWays, HypothesisCase):
    def setUp(self) -> None:
        super().setUp()
        catalogue.looked_at = NEVER
        self.addCleanup(setattr, catalogue, "looked_at", NEVER)

    values = st.one_of(
        st.sampled_from([ATHLETE, "guest", "me", "squat", "lunge", "", "  "]),
        st.text(max_size=8),
        st.integers(),
        st.floats(),
        st.none(),
        st.booleans(),
        st.lists(st.none(), max_size=2),
    )
    names = st.sampled_from(["user_id", "exercise_type", "load_kg", "more"])

    @given(st.dictionaries(names, values, max_size=3), st.binary(max_size=2), st.integers(0, 60))
    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def test_any_body_gets_the_same_answer_both_ways(
        self, fields: dict[str, Any], junk: bytes, place: int
    ) -> None:
        save_session(ATHLETE)
        body = json.dumps(fields).encode()
        self.check(body)
        self.check(body[:place] + junk + body[place:])
