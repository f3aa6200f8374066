"""A coach with a phone sets up the second factor and logs in with it, in Chromium at 390 px."""

import re

from playwright.sync_api import Page, expect

from workouts.tests.support.browsers import BrowserCase
from workouts.tests.support.coaches import PASSWORD, team_code
from workouts.tests.support.pages import find_edges, find_missing
from workouts.tests.support.second_factors import show_code_for_secret
from workouts.tests.support.shell import run_shell

PHONE = (390, 844)


class JourneyTests(BrowserCase):
    environment = {"SENIM_REQUIRE_2FA": "all"}

    @classmethod
    def make_data(cls) -> None:
        run_shell(cls.service, team_code("aigul", "ana"))

    def enter(self, page: Page, code: str) -> None:
        page.fill("[name=code]", code)
        page.locator("#code-form [type=submit]").first.click()

    def look(self, page: Page) -> None:
        """The page is as wide as the phone and has its styles, once it has loaded."""
        page.wait_for_load_state()
        width, screen = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert width <= screen == PHONE[0]
        assert find_missing(page) == []
        for left, right in find_edges(page.locator("#content input:visible")):
            assert 0 <= left < right <= PHONE[0]

    def look_printed(self, page: Page) -> None:
        """The sheet has the codes and nothing that belongs to the screen."""
        page.emulate_media(media="print")
        expect(page.locator(".recovery-codes code").first).to_be_visible()
        for hidden in ("#header", ".breadcrumbs", ".account-note", "#go-on"):
            expect(page.locator(hidden)).to_be_hidden()
        page.emulate_media(media="screen")

    def test_a_coach_sets_up_the_app_and_logs_in_with_it_and_with_a_recovery_code(self) -> None:
        page = self.open_page(size=PHONE)
        page.goto("/admin/login/?next=/admin/workouts/team/")
        page.fill("[name=username]", "aigul")
        page.fill("[name=password]", PASSWORD)
        page.locator("#login-form [type=submit]").click()
        expect(page).to_have_url(re.compile("/admin/second-factor/"))
        self.look(page)
        box = page.locator(".qr-code svg").bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["width"] > 200
        secret = page.locator("#secret").inner_text()

        self.enter(page, show_code_for_secret(secret))
        expect(page.locator(".recovery-codes code")).to_have_count(10)
        codes = page.locator(".recovery-codes code").all_inner_texts()
        self.look(page)
        self.look_printed(page)
        page.locator("#go-on").click()
        expect(page).to_have_url(f"{self.service.url}/admin/workouts/team/")

        for code in (show_code_for_secret(secret, steps_ahead=1), codes[0]):
            page.locator("#menu-button").click()
            page.locator("#logout-form button").click()
            page.goto("/admin/login/?next=/admin/workouts/team/")
            page.fill("[name=username]", "aigul")
            page.fill("[name=password]", PASSWORD)
            page.locator("#login-form [type=submit]").click()
            expect(page).to_have_url(re.compile("/admin/login/code/"))
            self.look(page)
            self.enter(page, code)
            expect(page).to_have_url(f"{self.service.url}/admin/workouts/team/")
        expect(page.locator(".messagelist")).to_contain_text("9 recovery codes are left.")
