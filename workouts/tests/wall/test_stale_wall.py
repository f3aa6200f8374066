"""A wall whose server freezes, in Chromium: it says so, and comes back by itself."""

import os
import signal
import time
from typing import ClassVar

from playwright.sync_api import Page, expect

from workouts.tests.support.browsers import BrowserCase
from workouts.tests.support.coaches import make_team
from workouts.tests.support.processes import running, send_rep

CLOCK = "(ms) => new Date(ms).toTimeString().slice(0, 5)"
# how grey the tiles are, and whether any state still has a colour
IS_GREY = """getComputedStyle(document.querySelector("#live-tiles")).filter === "grayscale(1)" """
WITHIN_MS = 10_000


class StaleWallTests(BrowserCase):
    athletes: ClassVar[list[str]] = ["ana", "bolat"]  # one for each test

    @classmethod
    def make_data(cls) -> None:
        make_team(cls.service, "trainer", *cls.athletes)

    def setUp(self) -> None:
        super().setUp()
        # in another time zone than the server's
        self.page = self.open_page(time_zone="Asia/Almaty")
        self.log_in("trainer", to="/admin/live/")
        self.is_frozen = False
        self.addCleanup(self.thaw)
        self.athlete = self.athletes.pop()
        self.count_rep("1")

    def count_rep(self, shown: str) -> None:
        """Send a rep, and wait until the athlete's tile shows this count."""
        send_rep(self.service, self.athlete)
        tile = self.page.locator("#live-tiles li", has_text=self.athlete)
        expect(tile.locator(".live-count")).to_have_text(shown)

    def freeze(self) -> None:
        os.kill(running(self.service).pid, signal.SIGSTOP)
        self.is_frozen = True

    def thaw(self) -> None:
        if self.is_frozen:
            os.kill(running(self.service).pid, signal.SIGCONT)
            self.is_frozen = False

    def expect_live(self, page: Page) -> None:
        expect(page.locator("#live-connection")).to_have_text("Connected")
        expect(page.locator("#live.is-stale")).to_have_count(0)
        assert not page.evaluate(IS_GREY)

    def test_a_frozen_server_turns_it_grey_within_ten_seconds_until_it_answers_again(self) -> None:
        self.expect_live(self.page)
        before_ms = time.time() * 1000 - WITHIN_MS
        self.freeze()
        status = self.page.locator("#live-connection")
        expect(status).to_contain_text("No connection since", timeout=WITHIN_MS)
        shown = status.inner_text().removeprefix("No connection since ")
        times = {self.page.evaluate(CLOCK, ms) for ms in (before_ms, time.time() * 1000)}
        assert shown in times
        assert self.page.evaluate(IS_GREY)
        self.thaw()
        self.expect_live(self.page)
        self.count_rep("2")
        self.troubles.clear()  # sockets that the frozen server did not answer

    def test_a_closed_socket_turns_it_grey_too(self) -> None:
        self.page.route_web_socket("**/ws/live*", lambda socket: socket.close(code=1012))
        self.page.reload()
        expect(self.page.locator("#live-connection")).to_contain_text("No connection since")
        assert self.page.evaluate(IS_GREY)
