"""Athletes with tokens, coaches with sessions, programs with keys: what test_doors leaves out."""

import time
from typing import Any
from unittest.mock import patch

from django.db import connection
from django.test import Client
from django.utils import timezone

from workouts.api.problems import CONTENT_TYPE
from workouts.models import Athlete, WorkoutSession
from workouts.services.merging import merge_athletes
from workouts.services.revocations import Revocations, revocations
from workouts.services.sign_ins import make_password_temporary
from workouts.tests.support.cast import new_athlete, save_session, train
from workouts.tests.support.door_cases import (
    KEY,
    OTHER,
    DoorCase,
    device_token,
    in_token_mode,
    join_device,
    make_coach,
    make_key,
)
from workouts.tests.support.doors import ATHLETE
from workouts.tests.support.finishes import FINISH, JSON
from workouts.tests.support.tokens import sign_token

SESSIONS = "/workout/sessions/"


class CallerCase(DoorCase):
    def problem(self, response: Any, status: int, code: str | None = None) -> Any:
        assert (response.status_code, response["Content-Type"]) == (status, CONTENT_TYPE)
        problem = response.json()
        assert problem.get("code") == code
        return problem

    def post(self, body: Any, path: str = FINISH, **more: Any) -> Any:
        return self.client.post(path, body, content_type=JSON, **more)

    def listed(self, **query: Any) -> list[int]:
        response = self.client.get(SESSIONS, query)
        assert response.status_code == 200, response.content
        return [session["id"] for session in response.json()["results"]]


@in_token_mode
class AthleteTests(CallerCase):
    def test_a_request_without_a_token_is_told_how_to_come(self) -> None:
        for headers in ({}, {"authorization": "Bearer"}, {"authorization": "Basic YTpi"}):
            response = self.client.get(SESSIONS, headers=headers)
            problem = self.problem(response, 401, "token_missing")
            assert response["WWW-Authenticate"] == "Bearer"
            assert (problem["title"], problem["status"]) == ("Unauthorized", 401)

    def test_a_malformed_token_is_invalid(self) -> None:
        for text in ("x", "a.b.c", "é" * 9, "x" * 9000):
            response = self.client.get(SESSIONS, headers={"authorization": f"Bearer {text}"})
            self.problem(response, 401, "token_invalid")

    def test_a_token_in_the_address_is_none(self) -> None:
        token = self.bearers["athlete"]
        for name in ("token", "access_token", "authorization"):
            self.problem(self.client.get(SESSIONS, {name: token}), 401, "token_missing")

    def test_the_scheme_may_be_in_lower_case(self) -> None:
        headers = {"authorization": f"bearer {self.bearers['athlete']}"}
        assert self.client.get(SESSIONS, headers=headers).status_code == 200

    def test_an_athlete_finishes_their_own_workout(self) -> None:
        self.be("athlete")
        for body in ({}, {"user_id": ATHLETE}, {"user_id": "me"}):
            train(ATHLETE, started_ms=int(time.time() * 1000) - 60_000)
            workout_id = self.post(body).json()["workout_id"]
            assert WorkoutSession.objects.get(pk=workout_id).athlete_id == ATHLETE
            assert workout_id != self.session.pk

    def test_nothing_is_finished_for_another(self) -> None:
        train(OTHER)
        self.be("athlete")
        self.problem(self.post({"user_id": OTHER}), 403, "not_allowed")
        self.client.defaults.pop("HTTP_AUTHORIZATION")
        self.problem(self.post({"user_id": OTHER}), 401, "token_missing")
        self.be("other athlete")
        assert self.post({}).json()["workout_id"] != self.others.pk

    def test_an_athlete_who_never_finished_is_let_in(self) -> None:
        user_id = new_athlete()
        self.bear(sign_token(user_id))
        assert self.listed() == []
        self.problem(self.post({}), 409, "nothing_to_finish")
        train(user_id)
        workout_id = self.post({}).json()["workout_id"]
        assert self.listed(user_id="me") == [workout_id]

    def test_a_malformed_body_is_refused_as_in_the_open_mode(self) -> None:
        self.be("athlete")
        for body in ("[]", "{", '{"user_id": "a b"}', '{"user_id": null}', '{"exercise_type": 7}'):
            self.problem(self.post(body), 400)

    def test_a_revoked_device_is_out_at_once_and_the_other_stays(self) -> None:
        device = join_device(ATHLETE)
        self.bear(device_token(device))
        assert self.listed() == [self.session.pk]
        device.revoked_at = timezone.now()
        device.save()
        revocations.read()
        self.problem(self.client.get(SESSIONS), 401, "device_revoked")
        self.be("athlete")
        assert self.listed() == [self.session.pk]

    def test_a_switched_off_athlete_is_refused_with_every_token(self) -> None:
        Athlete.objects.filter(user_id=ATHLETE).update(switched_off_at=timezone.now())
        revocations.read()
        for token in (self.bearers["athlete"], sign_token(ATHLETE)):
            self.bear(token)
            self.problem(self.post({}), 403, "not_allowed")

    def test_an_alias_goes_on_as_the_athlete_who_was_kept(self) -> None:
        alias, kept = new_athlete(), Athlete.objects.get(user_id=ATHLETE)
        moved = save_session(alias)
        merged = Athlete.objects.get(user_id=alias)
        merge_athletes(kept_id=kept.pk, merged_id=merged.pk)
        self.bear(sign_token(alias))
        own = {self.session.pk, moved.pk}
        assert {*self.listed()} == {*self.listed(user_id="me")} == own
        assert self.client.get(f"{SESSIONS}{self.session.pk}/").status_code == 200
        assert self.post({}).json()["workout_id"] in own

    def test_without_knowing_who_was_revoked_nobody_is_let_in(self) -> None:
        self.be("athlete")
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE joined_devices RENAME TO out_of_reach")
        with patch("workouts.api.authentication.revocations", Revocations()):
            response = self.client.get(SESSIONS)
        self.problem(response, 503, "unavailable")
        assert response["Retry-After"] == "5"


class RepeatedTests(CallerCase):
    def test_a_finish_says_that_it_repeats_an_earlier_one(self) -> None:
        user_id = new_athlete()
        train(user_id)
        first, again = (self.post({"user_id": user_id}) for _ in range(2))
        assert first.json() == again.json()
        assert "Senim-Repeated" not in first
        assert again["Senim-Repeated"] == "true"


class CoachTests(CallerCase):
    def setUp(self) -> None:
        super().setUp()
        self.client = Client(enforce_csrf_checks=True)
        self.be("coach")
        self.client.get("/admin/password_change/")  # a page with a form sets the cookie
        self.csrf = self.client.cookies["csrftoken"].value

    def test_a_coach_finishes_with_a_csrf_token_alone(self) -> None:
        train(ATHLETE)
        self.problem(self.post({"user_id": ATHLETE}), 403, "not_allowed")
        done = self.post({"user_id": ATHLETE}, headers={"x-csrftoken": self.csrf})
        assert (done.status_code, "Senim-Repeated" in done) == (200, False)

    def test_the_csrf_token_may_come_in_a_form(self) -> None:
        body = {"user_id": ATHLETE, "csrfmiddlewaretoken": self.csrf}
        assert self.client.post(FINISH, body).status_code == 200
        response = self.client.post(
            FINISH,
            f"user_id={ATHLETE}&csrfmiddlewaretoken={self.csrf}",
            content_type="application/x-www-form-urlencoded",
        )
        assert response.status_code == 200

    def test_a_coach_has_to_name_the_athlete(self) -> None:
        problem = self.problem(self.post({}, headers={"x-csrftoken": self.csrf}), 400)
        assert list(problem["errors"]) == ["user_id"]

    def test_a_gateways_basic_does_not_keep_a_coach_out(self) -> None:
        with in_token_mode:
            response = self.client.get(SESSIONS, headers={"authorization": "Basic YTpi"})
        assert response.status_code == 200

    @in_token_mode
    def test_a_coach_is_out_once_switched_off_or_logged_out(self) -> None:
        assert self.listed() == [self.session.pk]
        self.users["coach"].teams.clear()
        assert self.listed() == []
        user = self.users["coach"]
        user.is_staff = False
        user.save()
        self.problem(self.client.get(SESSIONS), 401, "token_missing")
        self.be("head coach")
        assert len(self.listed()) == 2
        self.client.logout()
        self.problem(self.client.get(SESSIONS), 401, "token_missing")

    @in_token_mode
    def test_a_session_that_lacks_a_step_counts_as_nobodys(self) -> None:
        make_password_temporary(self.users["coach"])
        self.be("coach")
        self.problem(self.client.get(SESSIONS), 401, "token_missing")

    @in_token_mode
    def test_staff_without_the_permission_see_nothing_of_their_teams(self) -> None:
        clerk = make_coach("clerk")
        self.users["coach"].teams.get().coaches.add(clerk)
        self.client.force_login(clerk)
        assert self.listed() == []
        headers = {"x-csrftoken": self.csrf}
        self.problem(self.post({"user_id": ATHLETE}, headers=headers), 403, "not_allowed")


class ProgramTests(CallerCase):
    def test_in_both_modes_a_key_of_a_coach_has_the_coachs_rights(self) -> None:
        make_key("senim_of-the-coach", may_finish=True, coach=self.users["coach"])
        self.bear("senim_of-the-coach")
        assert self.listed() == [self.session.pk]
        assert self.client.get(f"{SESSIONS}{self.others.pk}/").status_code == 404
        assert self.post({"user_id": ATHLETE}).status_code == 200
        for user_id in (OTHER, "nobody-yet"):
            self.problem(self.post({"user_id": user_id}), 403, "not_allowed")
        with in_token_mode:
            assert self.listed() == [self.session.pk]

    def test_a_key_that_only_reads_finishes_nothing(self) -> None:
        make_key("senim_reads")
        self.bear("senim_reads")
        assert {*self.listed()} == {self.session.pk, self.others.pk}
        for body in ({"user_id": ATHLETE}, {}):
            self.problem(self.post(body), 403, "not_allowed")

    def test_a_wrong_key_is_refused_in_the_open_mode_too(self) -> None:
        self.bear(KEY + "x")
        self.problem(self.client.get(SESSIONS), 401, "token_invalid")

    def test_a_key_counts_and_not_the_session_that_comes_along(self) -> None:
        make_key("senim_of-the-coach", coach=self.users["coach"])
        self.be("superuser")
        self.bear("senim_of-the-coach")
        assert self.listed() == [self.session.pk]
