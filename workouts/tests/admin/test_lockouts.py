"""Too many wrong passwords: who is locked out, who is not, and who sees it."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import time_machine
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from workouts.services.lockouts import FREE_NAMES, MAX_WAIT_S
from workouts.tests.support.admin import PASSWORD
from workouts.tests.support.log_lines import capture_unlimited_logs

LOG_IN, LOCKS = "/admin/login/", "/admin/sign-ins/locks/"
HERE, THERE = "203.0.113.7", "203.0.113.8"
LIMIT = 10
WRONG = "squats-after-supper"


class LockoutCase(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        users = get_user_model().objects
        cls.ana = users.create_superuser("ana", password=PASSWORD)
        cls.ben = users.create_user("ben", password=PASSWORD, is_staff=True)

    def try_password(
        self, name: str, password: str = WRONG, address: str = HERE, **headers: str
    ) -> Any:
        return self.client.post(
            LOG_IN, {"username": name, "password": password}, REMOTE_ADDR=address, headers=headers
        )

    def lock(self, name: str = "ana") -> Any:
        return [self.try_password(name) for _ in range(LIMIT)][-1]


class LockoutTests(LockoutCase):
    def test_thirty_wrong_passwords_lock_the_name_and_are_logged(self) -> None:
        with capture_unlimited_logs() as logs:
            statuses = [self.try_password("ana").status_code for _ in range(30)]
        assert statuses == [200] * (LIMIT - 1) + [429] * (30 - LIMIT + 1)
        events = [line["event"] for line in logs]
        assert events.count("login_failed") == LIMIT
        (locked,) = (line for line in logs if line["event"] == "login_locked")
        assert (locked["user"], locked["address"]) == ("ana", HERE)
        assert "login_refused" in events
        assert WRONG not in str(logs)
        assert AccessFailureLog.objects.filter(username="ana", ip_address=HERE).count() == LIMIT

    def test_the_right_password_is_refused_too_without_being_hashed(self) -> None:
        self.lock()
        with patch("django.contrib.auth.models.AbstractBaseUser.check_password") as check:
            assert self.try_password("ana", PASSWORD).status_code == 429
        check.assert_not_called()

    def test_others_at_the_same_address_and_the_user_elsewhere_are_let_in(self) -> None:
        self.lock()
        assert self.try_password("ben", PASSWORD).status_code == 302
        assert self.try_password("ana", PASSWORD, THERE).status_code == 302

    def test_the_lock_ends_after_a_quarter_of_an_hour_however_often_it_is_tried(self) -> None:
        with time_machine.travel(timezone.now(), tick=False) as clock:
            self.lock()
            for _ in range(14):
                clock.shift(timedelta(minutes=1))
                assert self.try_password("ana", PASSWORD).status_code == 429
            clock.shift(timedelta(minutes=1, seconds=1))
            assert self.try_password("ana", PASSWORD).status_code == 302

    def test_the_page_says_until_when_in_the_viewers_time_and_tells_programs(self) -> None:
        self.client.cookies["time_zone"] = "Asia/Almaty"
        with time_machine.travel("2026-11-30T10:00:00+00:00", tick=False):
            answer = self.lock()
        assert "after 15:15." in answer.content.decode()
        assert answer["Retry-After"] == "900"

    def test_a_right_password_forgets_the_failures(self) -> None:
        for _ in range(3):
            for _ in range(LIMIT - 1):
                self.try_password("ana")
            assert self.try_password("ana", PASSWORD).status_code == 302
            self.client.logout()

    def test_a_header_does_not_change_the_address(self) -> None:
        for number in range(LIMIT):
            self.try_password("ana", **{"x-forwarded-for": f"198.51.100.{number}"})
        assert self.try_password("ana", PASSWORD).status_code == 429

    def test_the_addresses_of_one_ipv6_network_count_together(self) -> None:
        for number in range(LIMIT):
            self.try_password("ana", address=f"2001:db8:1:2::{number}")
        assert self.try_password("ana", PASSWORD, "2001:db8:1:2:ffff::1").status_code == 429
        assert self.try_password("ana", PASSWORD, "2001:db8:1:3::1").status_code == 302

    def test_a_name_begins_no_line_in_the_log(self) -> None:
        with capture_unlimited_logs() as logs:
            self.try_password("x\nlogin_succeeded user=ana")
        assert logs[0]["user"] == "x?login_succeeded user=ana"

    def test_a_page_costs_no_write(self) -> None:
        self.client.force_login(self.ana)
        with CaptureQueriesContext(connection) as queries:
            assert self.client.get("/admin/workouts/team/").status_code == 200
        assert all(query["sql"].startswith("SELECT") for query in queries)


class SprayTests(LockoutCase):
    def spray(self, names: int = FREE_NAMES) -> None:
        for number in range(names):
            assert self.try_password(f"name-{number}").status_code == 200

    def test_an_address_that_tries_many_names_has_to_wait_for_the_next(self) -> None:
        with time_machine.travel(timezone.now(), tick=False) as clock:
            self.spray()
            answer = self.try_password("another")
            assert (answer.status_code, answer["Retry-After"]) == (429, "1")
            assert self.try_password("ana", PASSWORD, THERE).status_code == 302
            clock.shift(timedelta(seconds=1))
            assert self.try_password("another").status_code == 200

    def test_only_a_locked_name_is_told_who_can_unlock_it(self) -> None:
        advice = "A superuser can unlock it."
        with time_machine.travel(timezone.now(), tick=False):
            assert advice in self.lock().content.decode()
            self.spray(FREE_NAMES - 1)  # the locked name is one as well
            page = self.try_password("another").content.decode()
        assert "from your network" in page
        assert advice not in page

    def test_it_waits_longer_for_each_name_up_to_a_minute(self) -> None:
        with time_machine.travel(timezone.now(), tick=False) as clock:
            self.spray()
            waits = []
            for number in range(9):
                clock.shift(timedelta(seconds=waits[-1] if waits else 1))
                assert self.try_password(f"more-{number}").status_code == 200
                waits.append(int(self.try_password("next")["Retry-After"]))
        assert waits == [2, 4, 8, 16, 32, *[MAX_WAIT_S] * 4]

    def test_a_user_who_has_signed_in_from_there_before_does_not_wait(self) -> None:
        self.try_password("ben", PASSWORD)
        self.client.logout()
        with time_machine.travel(timezone.now(), tick=False):
            self.spray()
            assert self.try_password("ben", PASSWORD).status_code == 302
            self.client.logout()
            assert self.try_password("ana", PASSWORD).status_code == 429


class LocksPageTests(LockoutCase):
    def test_a_superuser_sees_a_lock_and_ends_it(self) -> None:
        self.lock("ben")
        self.client.force_login(self.ana)
        page = self.client.get(LOCKS).content.decode()
        assert '<th scope="row">ben</th>' in page
        assert HERE in page
        with capture_unlimited_logs() as logs:
            self.client.post(LOCKS, {"username": "ben", "address": HERE})
        assert {"event": "login_unlocked", "user": "ben", "by": "ana"}.items() <= logs[0].items()
        self.client.logout()
        assert self.try_password("ben", PASSWORD).status_code == 302

    def test_a_name_that_is_not_locked_keeps_its_failures(self) -> None:
        self.try_password("ben")
        self.client.force_login(self.ana)
        self.client.post(LOCKS, {"username": "ben", "address": HERE})
        assert AccessAttempt.objects.filter(username="ben").exists()

    def test_others_do_not_see_it(self) -> None:
        self.client.force_login(self.ben)
        assert self.client.get(LOCKS).status_code == 403
        assert self.client.post(LOCKS, {"username": "ben"}).status_code == 403


class LogInTests(LockoutCase):
    def test_logging_in_and_out_is_logged_and_kept(self) -> None:
        with capture_unlimited_logs() as logs:
            self.try_password("ana", PASSWORD)
            self.client.post("/admin/logout/")
        assert [line["event"] for line in logs] == ["login_succeeded", "logged_out"]
        assert all(line["user"] == "ana" for line in logs)
        assert logs[0]["address"] == HERE
        row = AccessLog.objects.get()
        assert (row.username, row.ip_address, row.logout_time is None) == ("ana", HERE, False)

    def test_the_session_gets_a_new_key_and_ends_after_twelve_hours_of_use(self) -> None:
        with time_machine.travel(timezone.now(), tick=False) as clock:
            self.client.get("/admin/")
            self.client.session.save()
            before = self.client.session.session_key
            self.try_password("ana", PASSWORD)
            assert self.client.session.session_key != before
            for _ in range(11):
                clock.shift(timedelta(hours=1))
                assert self.client.get("/admin/").status_code == 200
            clock.shift(timedelta(minutes=59))
            assert self.client.get("/admin/").status_code == 200
            clock.shift(timedelta(minutes=2))
            assert self.client.get("/admin/").status_code == 302

    def test_a_foreign_next_leads_to_the_first_page(self) -> None:
        for foreign in ("https://evil.example/", "//evil.example/", "javascript:alert(1)"):
            self.client.logout()
            answer = self.client.post(
                f"{LOG_IN}?next={foreign}",
                {"username": "ana", "password": PASSWORD, "next": foreign},
            )
            assert (answer.status_code, answer["Location"]) == (302, "/admin/")
            page = self.client.get(f"{LOG_IN}?next={foreign}")
            assert page["Location"] == "/admin/"

    def test_changing_the_password_ends_the_users_other_sessions(self) -> None:
        other = self.client_class()
        for client in (self.client, other):
            client.post(LOG_IN, {"username": "ana", "password": PASSWORD})
        new = "burpees-after-supper"
        form = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
        self.client.post("/admin/password_change/", form)
        assert self.client.get("/admin/").status_code == 200
        assert other.get("/admin/").status_code == 302

    def test_it_works_in_russian_and_kazakh(self) -> None:
        for language in ("ru", "kk"):
            self.client.logout()
            answer = self.client.post(
                LOG_IN,
                {"username": "ana", "password": PASSWORD},
                headers={"accept-language": language},
            )
            assert answer.status_code == 302
