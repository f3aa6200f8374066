"""The pages that invitations lead to, without a browser; test_join_browser.py has those with."""

import re

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import TestCase

from workouts.services.invitations import invite_coach
from workouts.tests.support.joins import new_address

PASSWORD = "correct horse battery"


class JoinPageTests(TestCase):
    def test_they_are_there_without_a_login_and_without_inline_code(self) -> None:
        for path in ("/join/", "/join/team/", "/join/coach/"):
            response = self.client.get(path)
            page = response.content.decode()
            assert response.status_code == 200
            assert "no-store" in response["Cache-Control"]
            assert not re.search(r"<script(?! src=)|<style|style=|onclick=", page)

    def test_they_refuse_other_methods(self) -> None:
        assert self.client.post("/join/").status_code == 405
        assert self.client.put("/join/coach/").status_code == 405

    def test_only_the_open_mode_offers_to_join_by_name(self) -> None:
        assert "data-open" in self.client.get("/join/").content.decode()
        with self.settings(SENIM_AUTH="token"):
            assert "data-open" not in self.client.get("/join/").content.decode()


class CoachFormTests(TestCase):
    def setUp(self) -> None:
        self.address = new_address()
        self.code = invite_coach(name="Dana", is_head_coach=False, by=None).code

    def post(self, **changes: str) -> HttpResponse:
        body = {
            "code": self.code,
            "username": "dana",
            "password": PASSWORD,
            "password_again": PASSWORD,
            **changes,
        }
        return self.client.post("/join/coach/", body, REMOTE_ADDR=self.address)

    def test_it_makes_the_account_and_leads_to_the_log_in(self) -> None:
        response = self.post()
        assert response.status_code == 302
        page = self.client.get(response["Location"]).content.decode()
        assert "Your account is ready: dana." in page
        assert self.client.login(username="dana", password=PASSWORD)
        assert self.client.get("/admin/workouts/workoutsession/").status_code == 200

    def test_it_says_what_is_wrong_and_keeps_the_code(self) -> None:
        page = self.post(password="12345678", password_again="12345678").content.decode()
        assert "This password is too common." in page
        assert f'value="{self.code}"' in page
        assert "12345678" not in page
        assert "The two passwords differ." in self.post(password_again="x").content.decode()
        assert not User.objects.exists()

    def test_a_used_or_wrong_link_says_so(self) -> None:
        self.post()
        for changes, text in (
            ({"username": "other"}, "has been used already"),
            ({"code": "x"}, "does not work"),
        ):
            response = self.post(**changes)
            assert response.status_code == 403
            assert text in response.content.decode()
        assert User.objects.count() == 1

    def test_many_wrong_links_are_slowed_down(self) -> None:
        for _ in range(10):
            assert self.post(code="x").status_code == 403
        response = self.post()
        assert (response.status_code, User.objects.count()) == (429, 0)
        assert int(response["Retry-After"]) > 0

    def test_another_sites_form_is_refused(self) -> None:
        self.client.handler.enforce_csrf_checks = True
        assert self.post().status_code == 403
        assert not User.objects.exists()
