"""Lockouts on the real service, behind a proxy: each client's own address counts."""

import urllib.error
import urllib.parse
import urllib.request

import pytest
from django.test import SimpleTestCase

from workouts.tests.support.coaches import PASSWORD, Browser, make_team
from workouts.tests.support.service import Service, fresh_folder

LIMIT = 10


class AddressedBrowser(Browser):
    """A browser behind the proxy."""

    def __init__(self, service: Service, address: str) -> None:
        super().__init__(service)
        self.opener.addheaders = [("X-Forwarded-For", address)]

    def try_password(self, name: str, password: str) -> int:
        """Return the status of the answer, and of the page that it leads to."""
        self.open("/admin/login/")
        try:
            page = self.open("/admin/login/", username=name, password=password, next="/admin/")
        except urllib.error.HTTPError as error:
            return error.code
        return 200 if "/admin/logout/" in page else 401


@pytest.mark.slow
class LockoutServiceTests(SimpleTestCase):
    service: Service

    def start(self, **environment: str) -> None:
        self.service = Service(SENIM_DATA=str(fresh_folder()), **environment).start()
        self.addCleanup(self.service.stop)
        make_team(self.service, "carol", "ana")

    def try_from(self, address: str, password: str) -> int:
        return AddressedBrowser(self.service, address).try_password("carol", password)

    def test_a_trusted_proxy_says_whose_failures_they_are(self) -> None:
        self.start(TRUSTED_PROXIES="127.0.0.1")
        for _ in range(LIMIT):
            self.try_from("203.0.113.7", "wrong")
        assert self.try_from("203.0.113.7", PASSWORD) == 429
        assert self.try_from("203.0.113.8", PASSWORD) == 200
        assert "address=203.0.113.7" in self.service.output()

    def test_without_one_the_header_is_ignored(self) -> None:
        self.start()
        for number in range(LIMIT):
            self.try_from(f"203.0.113.{number}", "wrong")
        assert self.try_from("203.0.113.99", PASSWORD) == 429
