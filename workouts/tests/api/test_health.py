"""GET /: whether Redis and the database can be reached."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import redis
from django.core.cache import cache
from django.test import TestCase, override_settings

from senim import __version__
from senim.embedded.valkey import ValkeyServer
from workouts.tests.support.backends import forget_store
from workouts.tests.support.outage import OutageCase
from workouts.tests.support.sealed import OwnRedis
from workouts.tests.support.service import Answer, fresh_folder

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
# the pool waits 3 s for a connection; the rest is for a busy machine
ANSWER_DEADLINE_S = 5.0
# the pool tries again after longer and longer pauses
RECOVERY_S = 15.0
WELL = {"status": "ok", "version": __version__, "redis": "ok", "database": "ok"}


class HealthTests(OwnRedis, TestCase):
    def setUp(self) -> None:
        super().setUp()
        cache.clear()  # the answers of other tests' Redis

    def test_it_answers_programs_in_json(self) -> None:
        for accept in ("application/json", "*/*", "text/plain", None):
            with self.subTest(accept=accept):
                response = self.client.get("/", headers={"Accept": accept} if accept else {})
                assert (response.status_code, response["Content-Type"]) == (200, "application/json")
                assert response.json() == WELL

    def test_it_shows_browsers_a_page_that_links_to_the_rest(self) -> None:
        response = self.client.get("/", headers={"Accept": BROWSER})
        page = response.content.decode()
        assert (response.status_code, response["Content-Type"]) == (200, "text/html; charset=utf-8")
        for text in (
            f"Senim {__version__}",
            "Redis: ok",
            "Database: ok",
            "/ws/workout",
            "/workout/finish",
        ):
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
        for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            response = self.client.generic(method, "/")
            assert (response.status_code, response["Content-Type"], response["Allow"]) == (
                405,
                "application/problem+json",
                "GET, HEAD",
            )


class PartsAwayTests(OutageCase):
    def ask(self, accept: str = "application/json", method: str = "GET") -> Answer:
        began = time.monotonic()
        answer = self.service.ask(method, "/", Accept=accept)
        assert time.monotonic() - began < ANSWER_DEADLINE_S
        return answer

    def check_recovery(self) -> None:
        asked_till = time.monotonic() + RECOVERY_S
        while (answer := self.ask()).status != 200:
            assert time.monotonic() < asked_till, answer
        assert answer.body == WELL

    def reasons(self, part: str) -> list[str]:
        """Return the service's log lines about the part."""
        lines = [line for line in self.service.lines if "health_check_failed" in line]
        return [line for line in lines if f"part={part}" in line]

    def test_it_says_that_redis_is_unavailable_and_logs_why(self) -> None:
        self.take_away(self.redis)
        for _ in range(5):
            answer = self.ask()
            assert answer.status == 503
            assert answer.body == {**WELL, "status": "unavailable", "redis": "unavailable"}
        (reason,) = self.reasons("redis")
        assert str(self.redis.socket) in reason
        self.bring_back(self.redis)
        self.check_recovery()

    def test_it_says_that_the_database_is_unavailable_and_logs_why(self) -> None:
        self.take_away(self.database)
        answer = self.ask()
        assert answer.status == 503
        assert answer.body == {**WELL, "status": "unavailable", "database": "unavailable"}
        assert "couldn't get a connection" in self.reasons("database")[0]
        self.bring_back(self.database)
        self.check_recovery()

    def test_it_says_so_in_every_form(self) -> None:
        self.take_away(self.redis)
        self.take_away(self.database)
        with ThreadPoolExecutor(2) as pool:
            head = pool.submit(self.ask, BROWSER, "HEAD")
            page = self.ask(BROWSER)
        assert page.status == 503
        assert page.body.count('class="away"') == page.body.count(": unavailable</li>") == 2
        assert (head.result().status, head.result().body) == (503, "")


class DurabilityTests(TestCase):
    """On a Redis of its own, whose settings weaken "on disk before the ack"."""

    def setUp(self) -> None:
        folder = fresh_folder()
        server = ValkeyServer(
            folder / "valkey", folder / "valkey.sock", ["--appendfsync", "everysec"]
        )
        server.start()
        self.addCleanup(server.stop)
        url = f"unix://{server.socket}"
        self.redis = self.enterContext(redis.Redis.from_url(url))
        forget_store()
        self.enterContext(override_settings(REDIS_URL=url))
        self.addCleanup(forget_store)
        cache.clear()
        self.addCleanup(cache.clear)

    def ask(self) -> Any:
        return self.client.get("/").json()

    def test_it_shows_the_gap(self) -> None:
        gap = "Redis has appendfsync everysec, not always"
        assert self.ask() == {**WELL, "durability": [gap]}
        assert gap in self.client.get("/", headers={"Accept": BROWSER}).content.decode()

    def test_it_asks_for_gaps_only_now_and_then(self) -> None:
        gaps = self.ask()["durability"]
        self.redis.config_set("appendfsync", "always")
        assert self.ask()["durability"] == gaps
        cache.clear()
        assert self.ask() == WELL

    def test_it_keeps_the_servers_error_to_itself(self) -> None:
        self.redis.acl_setuser("default", enabled=True, commands=["-config"])
        (gap,) = self.ask()["durability"]
        assert gap == "Redis does not show its configuration: acknowledged reps may not be on disk"
