"""The second factor: who is asked for it, how it is set up, and what a session is worth without."""

import io
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import override_settings
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from workouts.services.second_factors import RECOVERY_CODES
from workouts.services.sign_ins import is_fully_signed_in
from workouts.tests.support.admin import PASSWORD
from workouts.tests.support.second_factors import (
    RECOVERY_CODE,
    give_second_factor,
    make_wrong,
    show_code,
)
from workouts.tests.support.sign_ins import SignInCase
from workouts.wall.audience import NotLoggedInError, find_wall_viewer

LOG_IN, CODE, FACTOR = "/admin/login/", "/admin/login/code/", "/admin/second-factor/"
TEAMS = "/admin/workouts/team/"


class SecondFactorCase(SignInCase):
    def log_in(self, name: str, to: str = TEAMS) -> Any:
        """Log in with the password, and return the page that this leads to."""
        form = {"username": name, "password": PASSWORD, "next": to}
        return self.client.post(LOG_IN, form, follow=True)

    def path_of(self, answer: Any) -> str:
        return str(answer.request["PATH_INFO"])

    def counts(self, user: Any) -> bool:
        """Return whether the session counts, and check that a wall agrees."""
        key = self.client.session.session_key
        try:
            counts = find_wall_viewer(key) == user
        except NotLoggedInError:
            counts = False
        assert counts == is_fully_signed_in(user, self.client.session)
        return counts


class LogInWithCodeTests(SecondFactorCase):
    def setUp(self) -> None:
        self.app = give_second_factor(self.coach)

    def test_the_password_alone_opens_nothing_but_the_page_for_the_code(self) -> None:
        assert self.path_of(self.log_in("coach")) == CODE
        assert not self.counts(self.coach)
        for path in ("/admin/", TEAMS, FACTOR, "/admin/live/", "/admin/password_change/"):
            assert self.client.get(path)["Location"].startswith(LOG_IN)
        assert "nav id" not in self.client.get(CODE).content.decode()

    def test_the_apps_code_completes_the_log_in_and_leads_on(self) -> None:
        self.log_in("coach")
        answer = self.client.post(CODE, {"code": show_code(self.app), "next": TEAMS}, follow=True)
        assert self.path_of(answer) == TEAMS
        assert self.counts(self.coach)

    def test_a_foreign_next_leads_to_the_first_page(self) -> None:
        self.log_in("coach")
        answer = self.client.post(
            CODE, {"code": show_code(self.app), "next": "https://evil.example/"}
        )
        assert answer["Location"] == "/admin/"

    def test_a_next_that_is_no_path_is_no_error(self) -> None:
        self.log_in("coach")
        answer = self.client.post(CODE, {"code": show_code(self.app), "next": "11"})
        assert (answer.status_code, answer["Location"]) == (302, "11")

    def test_a_code_works_once(self) -> None:
        code = show_code(self.app)
        for is_first in (True, False):
            self.log_in("coach")
            self.client.post(CODE, {"code": code})
            assert self.counts(self.coach) == is_first
            self.client.post("/admin/logout/")

    def test_a_recovery_code_works_once_however_it_is_typed(self) -> None:
        with time_machine.travel(timezone.now(), tick=False) as clock:
            self.log_in("coach")
            typed = f" {RECOVERY_CODE[:4].upper()}-{RECOVERY_CODE[4:]} "
            answer = self.client.post(CODE, {"code": typed, "next": TEAMS}, follow=True)
            assert "0 recovery codes are left." in answer.content.decode()
            assert self.counts(self.coach)
            self.client.post("/admin/logout/")
            clock.shift(timedelta(seconds=5))
            self.log_in("coach")
            self.client.post(CODE, {"code": RECOVERY_CODE})
            assert not self.counts(self.coach)

    def test_guesses_have_to_wait_longer_and_longer(self) -> None:
        with time_machine.travel(timezone.now(), tick=False) as clock:
            self.log_in("coach")
            for wait_s in (1, 2, 4, 8):
                wrong = make_wrong(show_code(self.app))
                self.client.post(CODE, {"code": wrong})
                page = self.client.post(CODE, {"code": show_code(self.app)}).content.decode()
                assert "This code is wrong" in page
                clock.shift(timedelta(seconds=wait_s))
            assert "try again at" in page
            self.client.post(CODE, {"code": show_code(self.app)})
            assert self.counts(self.coach)

    def test_another_users_code_does_not_count(self) -> None:
        other = give_second_factor(self.head)
        self.log_in("coach")
        self.client.post(CODE, {"code": show_code(other)})
        assert not self.counts(self.coach)

    def test_logging_out_halfway_works(self) -> None:
        self.log_in("coach")
        assert self.client.post("/admin/logout/").status_code == 200
        assert self.client.get(CODE)["Location"].startswith(LOG_IN)

    def test_sessions_that_are_open_have_to_show_a_code_once_one_is_set_up(self) -> None:
        self.client.force_login(self.head)
        assert self.counts(self.head)
        give_second_factor(self.head)
        assert not self.counts(self.head)


class SetUpTests(SecondFactorCase):
    def set_up(self) -> Any:
        self.client.get(FACTOR)
        draft = TOTPDevice.objects.get(confirmed=False)
        return self.client.post(FACTOR, {"code": show_code(draft), "next": TEAMS})

    def test_a_coach_sets_one_up_and_sees_the_recovery_codes_once(self) -> None:
        self.client.force_login(self.coach)
        page = self.client.get(FACTOR).content.decode()
        assert "<svg" in page
        assert "style=" not in page
        codes = self.set_up().context["codes"]
        assert len(set(codes)) == RECOVERY_CODES
        assert self.counts(self.coach)
        page = self.client.get(FACTOR).content.decode()
        assert not any(code in page for code in codes)
        self.client.post("/admin/logout/")
        self.log_in("coach")
        self.client.post(CODE, {"code": codes[3]})
        assert self.counts(self.coach)

    def test_a_wrong_code_turns_nothing_on_and_keeps_the_secret(self) -> None:
        self.client.force_login(self.coach)
        secret = self.client.get(FACTOR).context["secret"]
        draft = TOTPDevice.objects.get()
        answer = self.client.post(FACTOR, {"code": make_wrong(show_code(draft))})
        assert "This code is wrong" in answer.content.decode()
        assert answer.context["secret"] == secret
        assert not TOTPDevice.objects.filter(confirmed=True).exists()

    def test_a_secret_that_was_not_used_for_an_hour_is_replaced(self) -> None:
        self.client.force_login(self.coach)
        secret = self.client.get(FACTOR).context["secret"]
        with time_machine.travel(timezone.now() + timedelta(minutes=61)):
            assert self.client.get(FACTOR).context["secret"] != secret

    def test_the_setting_leads_those_it_names_to_the_page(self) -> None:
        for setting, users in {
            "off": (),
            "head_coaches": ("head", "root"),
            "all": ("coach", "head", "root"),
        }.items():
            with override_settings(SENIM_REQUIRE_2FA=setting):
                for name in ("coach", "head", "root"):
                    wanted = FACTOR if name in users else TEAMS
                    assert self.path_of(self.log_in(name)) == wanted, (setting, name)
                    assert self.counts(getattr(self, name)) == (wanted == TEAMS)
                    self.client.post("/admin/logout/")

    @override_settings(SENIM_REQUIRE_2FA="all")
    def test_after_setting_up_what_is_required_everything_is_open(self) -> None:
        self.log_in("coach")
        assert self.client.get(TEAMS).status_code == 302
        assert self.set_up().context["next"] == TEAMS
        assert self.client.get(TEAMS).status_code == 200

    def test_it_changes_nothing_without_a_code(self) -> None:
        app = give_second_factor(self.coach)
        self.log_in("coach")
        self.client.post(CODE, {"code": show_code(app)})
        self.client.post(FACTOR, {"code": "", "remove": "x"})
        self.client.post(FACTOR, {"code": make_wrong(show_code(app)), "remove": "x"})
        assert TOTPDevice.objects.filter(pk=app.pk).exists()

    def test_a_coach_renews_the_codes_and_removes_the_factor(self) -> None:
        app = give_second_factor(self.coach)
        self.log_in("coach")
        self.client.post(CODE, {"code": show_code(app, steps_ahead=-1)})
        answer = self.client.post(FACTOR, {"code": show_code(app), "renew": "x"})
        codes = answer.context["codes"]
        assert RECOVERY_CODE not in codes
        self.client.post(FACTOR, {"code": codes[0], "remove": "x"})
        assert not TOTPDevice.objects.exists()
        self.client.post("/admin/logout/")
        assert self.path_of(self.log_in("coach")) == TEAMS


class ResetTests(SecondFactorCase):
    def test_a_superuser_resets_anothers_after_confirming(self) -> None:
        give_second_factor(self.coach)
        self.client.force_login(self.root)
        assert "coach" in self.client.get("/admin/sign-ins/locks/").content.decode()
        path = f"{FACTOR}reset/{self.coach.pk}/"
        self.client.get(path)
        assert TOTPDevice.objects.exists()
        self.client.post(path)
        assert not TOTPDevice.objects.exists()
        self.client.logout()
        assert self.path_of(self.log_in("coach")) == TEAMS

    def test_a_head_coach_may_not(self) -> None:
        give_second_factor(self.coach)
        self.client.force_login(self.head)
        assert self.client.post(f"{FACTOR}reset/{self.coach.pk}/").status_code == 403
        assert TOTPDevice.objects.exists()

    def test_the_command_resets_one(self) -> None:
        give_second_factor(self.root)
        call_command("reset_second_factor", "root", stdout=io.StringIO())
        assert not TOTPDevice.objects.exists()
        for name in ("root", "nobody"):
            with pytest.raises(CommandError):
                call_command("reset_second_factor", name)

    def test_the_secrets_are_on_no_page_of_the_admin(self) -> None:
        self.client.force_login(self.root)
        for path in ("/admin/otp_totp/totpdevice/", "/admin/otp_static/staticdevice/"):
            assert self.client.get(path).status_code == 404
