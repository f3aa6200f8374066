"""POST /workout/join, /workout/token and /workout/leave: what programs and browsers get."""

import json
import uuid
from typing import Any

from django.http import HttpResponse
from django.test import TestCase, override_settings

from workouts.identity.access_tokens import LIFETIME_S, check_access_token
from workouts.models import Athlete, JoinedDevice
from workouts.tests.support.joins import make_personal_code, make_team_code, new_address
from workouts.tests.support.tokens import SECRET, sign_token

COOKIE = "senim_refresh"
BROWSER = {"origin": "http://testserver", "sec-fetch-site": "same-origin"}


class JoiningCase(TestCase):
    def setUp(self) -> None:
        self.address = new_address()
        self.code = make_personal_code(display_name="Айгүл")

    def post(self, verb: str, headers: Any = None, **body: Any) -> HttpResponse:
        return self.client.post(
            f"/workout/{verb}",
            body,
            content_type="application/json",
            headers=headers,
            REMOTE_ADDR=self.address,
        )

    def join(self, headers: Any = None, **more: Any) -> HttpResponse:
        body = {"code": self.code, "join_id": uuid.uuid4().hex, "device_name": "Phone", **more}
        return self.post("join", headers, **body)

    def check_refused(self, response: HttpResponse, status: int, code: str) -> None:
        assert response.status_code == status, response.content
        assert response["Content-Type"] == "application/problem+json"
        assert response.json()["code"] == code


class JoinTests(JoiningCase):
    def test_a_program_gets_both_tokens_in_the_body(self) -> None:
        response = self.join()
        answer = response.json()
        assert answer.keys() == {
            "user_id",
            "name",
            "access_token",
            "expires_in",
            "refresh_token",
            "state",
        }
        assert (answer["name"], answer["state"]) == ("Айгүл", "joined")
        assert answer["expires_in"] == LIFETIME_S
        assert check_access_token(answer["access_token"]).user_id == answer["user_id"]
        assert response["Cache-Control"] == "no-store"
        assert COOKIE not in response.cookies

    def test_a_browser_gets_the_refresh_token_as_a_cookie_only(self) -> None:
        for header, value in BROWSER.items():
            self.code = make_personal_code()
            response = self.join({header: value})
            cookie = response.cookies[COOKIE]
            assert "refresh_token" not in response.json()
            assert cookie.value not in response.content.decode()
            assert (cookie["httponly"], cookie["samesite"]) == (True, "Strict")
            assert (cookie["path"], cookie["secure"]) == ("/workout/token", "")

    def test_the_cookie_is_secure_over_https(self) -> None:
        with override_settings(HTTPS_ONLY=True):
            headers = BROWSER | {"origin": "https://testserver"}
            assert self.join(headers).cookies[COOKIE]["secure"]

    def test_a_form_will_do(self) -> None:
        body = {"code": self.code, "join_id": "x", "device_name": "Phone"}
        assert self.client.post("/workout/join/", body).status_code == 200

    def test_a_team_code_takes_a_name(self) -> None:
        answer = self.join(code=make_team_code(), name="Dana").json()
        assert (answer["name"], answer["state"]) == ("Dana", "waiting")

    def test_a_stranger_gets_403_with_the_reason(self) -> None:
        self.check_refused(self.join(code="wrong"), 403, "invitation_invalid")
        self.join()
        self.check_refused(self.join(), 403, "invitation_used")

    def test_too_many_failed_tries_get_429(self) -> None:
        for _ in range(10):
            self.check_refused(self.join(code="wrong"), 403, "invitation_invalid")
        response = self.join()
        self.check_refused(response, 429, "too_many_tries")
        assert 1 <= int(response["Retry-After"]) <= 60

    def test_malformed_fields_are_named(self) -> None:
        for field, value in {
            "join_id": "",
            "code": "x" * 129,
            "device_name": "a\nb",
            "name": "x" * 129,
        }.items():
            response = self.join(**{field: value})
            assert response.status_code == 400
            assert [*response.json()["errors"]] == [field]
        for value in ("\ud800", 7, None, [], {"a": 1}, True):
            body = json.dumps({"code": self.code, "join_id": value})
            response = self.client.post("/workout/join", body, content_type="application/json")
            assert response.status_code in (200, 400)

    def test_an_expired_token_in_the_header_does_not_keep_a_device_out(self) -> None:
        assert self.join({"authorization": "Bearer x"}).status_code == 200


class OpenModeTests(JoiningCase):
    def join_by_name(self, **body: Any) -> HttpResponse:
        return self.post("join", **{"name": "Айгүл", "join_id": "mine", **body})

    def test_a_name_is_enough_in_the_open_mode(self) -> None:
        answer = self.join_by_name().json()
        assert answer["user_id"].startswith("aygul-")
        assert Athlete.objects.get(user_id=answer["user_id"]).display_name == "Айгүл"
        assert self.join_by_name().json()["user_id"] == answer["user_id"]
        assert self.join_by_name(join_id="other").json()["user_id"] != answer["user_id"]

    def test_it_asks_for_a_name_or_a_code(self) -> None:
        response = self.join_by_name(name=" ")
        assert [*response.json()["errors"]] == ["name"]

    def test_it_is_not_in_token_mode(self) -> None:
        with override_settings(SENIM_AUTH="token"):
            response = self.join_by_name()
        assert response.status_code == 400
        assert [*response.json()["errors"]] == ["code"]
        assert not JoinedDevice.objects.exists()


class TokenTests(JoiningCase):
    def test_a_program_gets_a_new_pair(self) -> None:
        joined = self.join().json()
        response = self.post("token", refresh_token=joined["refresh_token"])
        answer = response.json()
        assert answer.keys() == {"access_token", "expires_in", "refresh_token"}
        assert answer["refresh_token"] != joined["refresh_token"]
        assert response["Cache-Control"] == "no-store"

    def test_a_browsers_cookie_is_renewed_without_a_body(self) -> None:
        before = self.join(BROWSER).cookies[COOKIE].value
        response = self.post("token", BROWSER)
        assert response.cookies[COOKIE].value != before
        assert response.json().keys() == {"access_token", "expires_in"}

    def test_a_script_does_not_get_the_cookie_by_hiding_that_it_is_in_a_browser(self) -> None:
        self.join(BROWSER)
        assert "refresh_token" not in self.post("token").json()

    def test_a_replayed_token_gets_401_and_the_device_is_out(self) -> None:
        first = self.join().json()["refresh_token"]
        second = self.post("token", refresh_token=first).json()["refresh_token"]
        third = self.post("token", refresh_token=second).json()["refresh_token"]
        for token in (first, third):
            response = self.post("token", refresh_token=token)
            self.check_refused(response, 401, "device_revoked")
            assert response["WWW-Authenticate"] == "Bearer"

    def test_none_or_a_forged_one_gets_401(self) -> None:
        self.check_refused(self.post("token"), 401, "token_missing")
        self.check_refused(self.post("token", refresh_token="x"), 401, "token_invalid")

    def test_a_browsers_cookie_goes_with_its_device(self) -> None:
        self.join(BROWSER)
        JoinedDevice.objects.all().delete()
        response = self.post("token", BROWSER)
        self.check_refused(response, 401, "device_revoked")
        assert response.cookies[COOKIE].value == ""


class LeaveTests(JoiningCase):
    def bearer(self, token: str) -> dict[str, str]:
        return {"authorization": f"Bearer {token}"}

    def is_out(self) -> bool:
        return JoinedDevice.objects.get().revoked_at is not None

    def test_a_browser_leaves_by_its_access_token_and_loses_the_cookie(self) -> None:
        token = self.join(BROWSER).json()["access_token"]
        response = self.post("leave", BROWSER | self.bearer(token))
        assert response.json() == {"status": "success"}
        assert response.cookies[COOKIE].value == ""
        assert self.is_out()

    def test_a_program_leaves_by_either_token_and_may_repeat_it(self) -> None:
        answer = self.join().json()
        for _ in range(2):
            response = self.post("leave", refresh_token=answer["refresh_token"])
            assert response.status_code == 200
        assert self.post("leave", self.bearer(answer["access_token"])).status_code == 200
        assert self.is_out()

    def test_a_stranger_cuts_nobody_off(self) -> None:
        self.join()
        self.check_refused(self.post("leave"), 401, "token_missing")
        self.check_refused(self.post("leave", refresh_token="x"), 401, "token_invalid")
        self.check_refused(self.post("leave", self.bearer("x")), 401, "token_invalid")
        assert not self.is_out()

    @override_settings(SENIM_JWT_SECRET=SECRET)
    def test_a_providers_token_has_no_device_to_leave_with(self) -> None:
        response = self.post("leave", self.bearer(sign_token("ana")))
        self.check_refused(response, 403, "not_allowed")
