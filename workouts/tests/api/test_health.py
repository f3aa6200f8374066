"""GET /: whether the parts that the service stands on are there."""

import re
import time
from typing import Any

import pytest
from django.test import SimpleTestCase, TestCase

from senim.embedded.valkey import ValkeyServer
from workouts.tests.support.outage import OutageCase
from workouts.tests.support.service import Service, fresh_database, fresh_folder

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
ANSWER_DEADLINE_S = (
    5.0  # the pool waits 3 s for a connection; the rest is for a machine that is busy
)

RECOVERY_S = 15.0  # the pool tries again after longer and longer pauses


class HealthTests(TestCase):
    def test_it_answers_programs_in_json(self) -> None:
        for accept in ("application/json", "*/*", "text/plain", None):
            with self.subTest(accept=accept):
                response = self.client.get("/", headers={"Accept": accept} if accept else {})
                assert (response.status_code, response["Content-Type"]) == (200, "application/json")
                assert response.json() == {"status": "ok", "redis": "ok", "database": "ok"}

    def test_it_shows_browsers_a_page_that_links_to_the_rest(self) -> None:
        response = self.client.get("/", headers={"Accept": BROWSER})
        page = response.content.decode()
        assert (response.status_code, response["Content-Type"]) == (200, "text/html; charset=utf-8")
        for text in ("Redis: ok", "Database: ok", "/ws/workout", "/workout/finish"):
            assert text in page

    def test_its_links_lead_somewhere(self) -> None:
        page = self.client.get("/", headers={"Accept": BROWSER}).content.decode()
        links = re.findall(r'href="([^"]+)"', page)
        assert {"/admin/", "/workout/sessions/"} < set(links)
        for link in links:
            response = self.client.get(link, follow=True)
            assert (response.status_code, len(response.getvalue()) > 0) == (200, True)

    def test_it_is_not_kept_by_caches(self) -> None:
        response = self.client.get("/")
        assert "no-store" in response["Cache-Control"]
        assert "Accept" in response["Vary"]

    def test_it_answers_head(self) -> None:
        response = self.client.head("/")
        assert (response.status_code, response.content) == (200, b"")

    def test_it_refuses_other_methods(self) -> None:
        for method in ("post", "put", "patch", "delete"):
            assert getattr(self.client, method)("/").status_code == 405


class PartsAwayTests(OutageCase):
    def ask(self, accept: str = "application/json", method: str = "GET") -> Any:
        began = time.monotonic()
        answer = self.service.ask(method, "/", Accept=accept)
        assert time.monotonic() - began < ANSWER_DEADLINE_S
        return answer

    def test_it_names_redis(self) -> None:
        self.take_away(self.redis)
        answer = self.ask()
        assert (answer.status, answer.body["status"], answer.body["database"]) == (
            503,
            "unavailable",
            "ok",
        )
        assert answer.body["redis"].startswith("away: ")

    def test_it_names_the_database(self) -> None:
        self.take_away(self.database)
        answer = self.ask()
        assert (answer.status, answer.body["status"], answer.body["redis"]) == (
            503,
            "unavailable",
            "ok",
        )
        assert answer.body["database"].startswith("away: ")

    def test_it_names_both_in_every_form(self) -> None:
        self.take_away(self.redis)
        self.take_away(self.database)
        page = self.ask(BROWSER)
        assert page.status == 503
        assert page.body.count('class="away"') == 2
        head = self.ask(BROWSER, "HEAD")
        assert (head.status, head.body) == (503, "")

    def test_it_is_well_again_once_they_are_back(self) -> None:
        for part in (self.redis, self.database):
            self.take_away(part)
            assert self.ask().status == 503
            self.bring_back(part)
            asked_till = time.monotonic() + RECOVERY_S
            while (answer := self.ask()).status != 200:
                assert time.monotonic() < asked_till, answer
            assert answer.body == {"status": "ok", "redis": "ok", "database": "ok"}


@pytest.mark.slow
class DurabilityTests(SimpleTestCase):
    def test_it_shows_what_weakens_on_disk_before_the_ack(self) -> None:
        folder = fresh_folder()
        redis = ValkeyServer(
            folder / "valkey", folder / "valkey.sock", ["--appendfsync", "everysec"]
        )
        redis.start()
        self.addCleanup(redis.stop)
        service = Service(
            REDIS_URL=f"unix://{redis.socket}",
            DATABASE_URL=fresh_database(),
            SENIM_DATA=str(folder / "data"),
        ).start()
        self.addCleanup(service.stop)
        gap = "Redis has appendfsync everysec, not always"
        answer = service.ask("GET", "/")
        assert (answer.status, answer.body["status"], answer.body["durability"]) == (
            200,
            "ok",
            [gap],
        )
        assert gap in service.ask("GET", "/", Accept=BROWSER).body
