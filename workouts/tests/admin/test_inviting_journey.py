"""A coach on a phone: makes a team, adds an athlete, and the athlete's phone joins."""

import re

from playwright.sync_api import Page, expect

from workouts.services.invitations import draw_invitation_qr
from workouts.tests.support.browsers import BrowserCase
from workouts.tests.support.coaches import make_team
from workouts.tests.support.pages import find_edges
from workouts.tests.support.shell import run_shell

PHONE = (390, 844)
DRAWN = """[...document.querySelectorAll(".invitation-code path")].map(
    (path) => path.getAttribute("d"))"""
CUT_OFF = """
from workouts.models import JoinedDevice
print([(each.name, each.revoked_at is not None) for each in JoinedDevice.objects.all()])
"""


class JourneyTests(BrowserCase):
    @classmethod
    def make_data(cls) -> None:
        make_team(cls.service, "head", group="head coaches")

    def check_fits(self, page: Page) -> None:
        """Check that the page needs no scrolling sideways, once it has loaded."""
        page.wait_for_load_state()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url

    def add_athlete(self, page: Page, name: str) -> str:
        """Add an athlete from the new team's page, and return the link that is shown."""
        page.goto("/admin/workouts/team/add/")
        page.fill("#id_name", "Juniors")
        page.locator("[name=_continue]").click()
        page.get_by_text("Add an athlete").click()
        expect(page.locator("#id_team option:checked")).to_have_text("Juniors")
        page.fill("#id_display_name", name)
        page.locator("[name=_save]").click()
        return page.locator("#invitation-link").inner_text()

    def test_an_athlete_is_added_joins_and_is_cut_off(self) -> None:
        coach = self.open_page(size=PHONE, permissions=["clipboard-read", "clipboard-write"])
        self.log_in("head", page=coach)
        link = self.add_athlete(coach, "Айгүл Қасым")
        self.check_fits(coach)
        assert link.startswith(f"{self.service.url}/join/#")
        # the code says what the link does
        assert coach.evaluate(DRAWN) == re.findall(r' d="([^"]+)"', draw_invitation_qr(link))
        coach.click("#copy-link")
        expect(coach.locator("#copy-link")).to_have_text("Copied")
        assert coach.evaluate("navigator.clipboard.readText()") == link
        self.join(link)
        self.cut_off(coach)

    def join(self, link: str) -> None:
        phone = self.open_page(size=PHONE)
        phone.goto(link)
        phone.fill("#device", "Old phone")
        phone.click("#join button")
        expect(phone.locator("#joined h1")).to_have_text("You are in, Айгүл Қасым")

    def cut_off(self, coach: Page) -> None:
        coach.get_by_text("Done").click()
        device = coach.locator(".access-list li", has_text="Old phone")
        expect(device).to_contain_text("last seen")
        self.check_fits(coach)
        device.get_by_text("Cut off").click()
        confirm = coach.locator("[type=submit][value='Cut off']")
        expect(confirm).to_be_visible()
        self.check_fits(coach)
        confirm.click()
        expect(coach.locator(".messagelist")).to_contain_text("Old phone is cut off.")
        expect(device).to_contain_text("cut off")
        assert run_shell(self.service, CUT_OFF) == "[('Old phone', True)]"

    def test_all_of_the_trail_is_in_view_on_a_phone(self) -> None:
        coach = self.open_page(size=PHONE)
        self.log_in("head", page=coach)
        self.add_athlete_without_team(coach)
        coach.goto("/admin/sign-ins/")
        expect(coach.locator("#trail tbody tr").nth(1)).to_be_visible()
        self.check_fits(coach)
        shown = coach.locator("#trail tbody :is(td, th):not([data-empty])")
        for left, right in find_edges(shown):
            assert 0 <= left < right <= PHONE[0]

    def test_a_printed_sheet_has_the_link_and_no_buttons(self) -> None:
        coach = self.open_page()
        self.log_in("head", page=coach)
        self.add_athlete_without_team(coach)
        coach.emulate_media(media="print")
        for shown in (".invitation-code svg", "#invitation-link", ".invitation ol"):
            expect(coach.locator(shown)).to_be_visible()
        for hidden in ("#header", ".breadcrumbs", ".invitation-buttons", ".invitation-end"):
            expect(coach.locator(hidden)).to_be_hidden()

    def add_athlete_without_team(self, page: Page) -> None:
        page.goto("/admin/workouts/athlete/add/")
        page.fill("#id_display_name", "Bolat")
        page.locator("[name=_save]").click()
        expect(page.locator("h1")).to_have_text("Invitation for Bolat")
