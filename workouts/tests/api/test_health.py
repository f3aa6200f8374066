"""GET /: whether Redis and the database can be reached."""

import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import redis
from django.core.cache import cache
from django.test import SimpleTestCase, TestCase, override_settings
from django.utils import translation

from senim import __version__
from senim.embedded.valkey import EmbeddedValkey
from workouts.api.health import PARTS
from workouts.api.health_parts import DEADLINE_S, HealthPart
from workouts.tests.support.backends import forget_store
from workouts.tests.support.outage import OutageCase, frozen
from workouts.tests.support.processes import HAS_PROC, running, wait_until
from workouts.tests.support.sealed import OwnRedis
from workouts.tests.support.service import Answer, fresh_folder

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
# it is due within 2 s; the rest is for a busy machine
ANSWER_DEADLINE_S = 30.0  # what hangs here hangs for ever; a busy machine is only slow
CALLERS = 20
ROUNDS = 10
MAX_THREADS = 60  # all pools full
# the pool tries again after longer and longer pauses
RECOVERY_S = 60.0
WELL = {"status": "ok", "version": __version__, "redis": "ok", "database": "ok"}


def forget_health() -> None:
    cache.clear()
    for part in PARTS:
        part.forget()


class HealthTests(OwnRedis, TestCase):
    def setUp(self) -> None:
        super().setUp()
        forget_health()  # the answers of other tests' Redis

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

    def test_the_page_says_in_the_readers_language_how_things_are_and_json_does_not(self) -> None:
        for language in ("en", "ru", "kk"):
            headers = {"Accept": BROWSER, "Accept-Language": language}
            page = self.client.get("/", headers=headers).content.decode()
            with translation.override(language):
                ok = translation.pgettext("of Redis or the database", "ok")
                assert f"Redis: {ok}</li>" in page
                assert f"{translation.gettext('Database')}: {ok}</li>" in page
            headers["Accept"] = "application/json"
            assert self.client.get("/", headers=headers).json() == WELL

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
    def setUp(self) -> None:
        super().setUp()
        self.check_recovery()  # of the pool, from the test before

    def ask(self, accept: str = "application/json", method: str = "GET") -> Answer:
        began = time.monotonic()
        answer = self.service.ask(method, "/", Accept=accept)
        assert time.monotonic() - began < ANSWER_DEADLINE_S
        return answer

    def wait_for_news(self) -> None:
        """Wait until what was found before no longer holds."""
        wait_until(lambda: self.ask().status == 503)

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
        self.wait_for_news()
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
        self.wait_for_news()
        answer = self.ask()
        assert answer.status == 503
        assert answer.body == {**WELL, "status": "unavailable", "database": "unavailable"}
        # the pool waits longer for a connection than the answer does
        wait_until(lambda: "couldn't get a connection" in " ".join(self.reasons("database")))
        self.bring_back(self.database)
        self.check_recovery()

    def test_it_says_so_in_every_form(self) -> None:
        self.take_away(self.redis)
        self.take_away(self.database)
        self.wait_for_news()
        with ThreadPoolExecutor(2) as pool:
            head = pool.submit(self.ask, BROWSER, "HEAD")
            page = self.ask(BROWSER)
        assert page.status == 503
        assert page.body.count('class="away"') == page.body.count(": unavailable</li>") == 2
        assert (head.result().status, head.result().body) == (503, "")


@pytest.mark.skipif(not HAS_PROC, reason="finds the parts' processes in /proc")
class PartsHangTests(OutageCase):
    def test_it_answers_in_time_though_redis_hangs(self) -> None:
        with frozen(self.redis):
            self.check_hang("redis")
        wait_until(lambda: self.service.ask("GET", "/").status == 200)

    def test_it_answers_in_time_though_the_database_hangs(self) -> None:
        with frozen(self.database):
            self.check_hang("database")
        wait_until(lambda: self.service.ask("GET", "/").status == 200)

    def test_it_answers_in_time_though_everything_hangs(self) -> None:
        with frozen(self.redis), frozen(self.database):
            self.check_hang("redis", "database")
        wait_until(lambda: self.service.ask("GET", "/").status == 200)

    def check_hang(self, *parts: str) -> None:
        """Check that each of many callers is told in time, and that no threads pile up."""
        away = {**WELL, "status": "unavailable", **dict.fromkeys(parts, "unavailable")}
        wait_until(lambda: self.ask_in_time()[0] == 503)
        with ThreadPoolExecutor(CALLERS) as pool:
            for _ in range(ROUNDS):
                assert (
                    list(pool.map(lambda _: self.ask_in_time(), range(CALLERS)))
                    == [(503, away)] * CALLERS
                )
        names = [
            (task / "comm").read_text().strip()
            for task in Path(f"/proc/{running(self.service).pid}/task").iterdir()
        ]
        assert len(names) < MAX_THREADS, names

    def ask_in_time(self) -> tuple[int, Any]:
        began = time.monotonic()
        answer = self.service.ask("GET", "/")
        assert time.monotonic() - began < ANSWER_DEADLINE_S
        return answer.status, answer.body


class SharedLookTests(SimpleTestCase):
    def test_callers_share_one_look_and_what_it_found(self) -> None:
        looks: list[int] = []

        def find() -> dict[str, Any]:
            looks.append(1)
            return {"found": len(looks)}

        part = HealthPart("part", find)
        with ThreadPoolExecutor(20) as pool:
            found = list(pool.map(lambda _: part.look().wait(), range(100)))
        assert found == [{"part": "ok", "found": 1}] * 100
        wait_until(lambda: part.look().wait() == {"part": "ok", "found": 2})

    def test_nobody_waits_for_a_look_that_is_late_already(self) -> None:
        released = threading.Event()
        self.addCleanup(released.set)

        def find() -> dict[str, Any]:
            released.wait()
            return {}

        part = HealthPart("part", find)
        assert part.look().wait() == {"part": "unavailable"}
        late = part.look()
        assert time.monotonic() >= late.began_at + DEADLINE_S
        for _ in range(100):
            assert part.look() is late
            assert late.wait() == {"part": "unavailable"}
        released.set()
        wait_until(lambda: part.look().wait() == {"part": "ok"})


class DurabilityTests(TestCase):
    """On a Redis of its own, whose settings weaken "on disk before the ack"."""

    def setUp(self) -> None:
        folder = fresh_folder()
        server = EmbeddedValkey(
            folder / "valkey", folder / "valkey.sock", ["--appendfsync", "everysec"]
        )
        server.start()
        self.addCleanup(server.stop)
        url = f"unix://{server.socket}"
        self.redis = self.enterContext(redis.Redis.from_url(url))
        forget_store()
        self.enterContext(override_settings(REDIS_URL=url))
        self.addCleanup(forget_store)
        forget_health()
        self.addCleanup(forget_health)

    def ask(self) -> Any:
        return self.client.get("/").json()

    def test_it_shows_the_gap(self) -> None:
        gap = "Redis has appendfsync everysec, not always"
        assert self.ask() == {**WELL, "durability": [gap]}
        assert gap in self.client.get("/", headers={"Accept": BROWSER}).content.decode()

    def test_it_asks_for_gaps_only_now_and_then(self) -> None:
        gaps = self.ask()["durability"]
        self.redis.config_set("appendfsync", "always")
        for part in PARTS:
            part.forget()
        assert self.ask()["durability"] == gaps
        forget_health()
        assert self.ask() == WELL

    def test_it_keeps_the_servers_error_to_itself(self) -> None:
        self.redis.acl_setuser("default", enabled=True, commands=["-config"])
        (gap,) = self.ask()["durability"]
        assert gap == "Redis does not show its configuration: acknowledged reps may not be on disk"
