"""The pages that invitations lead to, in Chromium."""

import re

from playwright.sync_api import Page, Route, expect

from workouts.tests.support.browsers import BrowserCase
from workouts.tests.support.coaches import PASSWORD
from workouts.tests.support.shell import run_shell

PHONE = (390, 844)
PREPARE = """
from workouts.models import Athlete, Team
from workouts.services.invitations import *
def show(made):
    print(invitation_link(made.code, made.invitation.kind, {url!r}))
"""
PERSONAL = """
show(invite_athlete(athlete=add_athlete(name="Айгүл Қасым", by=None, team=None), by=None))
"""
TEAM = """
show(invite_team(team=Team.objects.get_or_create(name="Juniors")[0], by=None))
"""
COACH = 'show(invite_coach(name="Dana", is_head_coach=False, by=None))'
DEVICES = """
from workouts.models import JoinedDevice
print([(str(each.athlete), each.name) for each in JoinedDevice.objects.order_by("-joined_at")][:1])
"""


class JoinBrowserTests(BrowserCase):
    def make_link(self, code: str) -> str:
        return run_shell(self.service, PREPARE.format(url=self.service.url) + code)

    def open(self, link: str, *, language: str = "en") -> Page:
        page = self.open_page(language=language, size=PHONE)
        page.goto(link)
        return page

    def check_fits(self, page: Page) -> None:
        """Check that the page needs no scrolling sideways."""
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    def test_a_personal_link_lets_the_phone_in(self) -> None:
        page = self.open(self.make_link(PERSONAL))
        expect(page.locator("#join h1")).to_have_text("Join Senim")
        assert page.url == f"{self.service.url}/join/"  # the code is out of the address
        assert not page.locator("#name").is_visible()
        self.check_fits(page)
        page.fill("#device", "Phone of Әлия")
        page.click("#join button")
        expect(page.locator("#joined h1")).to_have_text("You are in, Айгүл Қасым")
        assert run_shell(self.service, DEVICES) == "[('Айгүл Қасым', 'Phone of Әлия')]"
        self.check_fits(page)
        cookie = next(each for each in page.context.cookies() if each["name"] == "senim_refresh")
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
        stored = page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}])")
        assert cookie["value"] not in stored
        assert "token" not in stored
        page.reload()
        expect(page.locator("#joined h1")).to_be_visible()

    def test_a_browser_that_joined_gets_new_tokens_by_its_cookie(self) -> None:
        page = self.open(self.make_link(PERSONAL))
        page.click("#join button")
        expect(page.locator("#joined h1")).to_be_visible()
        answer = page.evaluate("""
            fetch("/workout/token", { method: "POST" }).then((response) => response.json())
        """)
        assert answer.keys() == {"access_token", "expires_in"}

    def test_a_team_link_asks_for_a_name_and_says_what_comes_next(self) -> None:
        page = self.open(self.make_link(TEAM), language="ru")
        expect(page.locator("#name")).to_be_visible()
        page.click("#join button")
        assert not page.locator("#joined").is_visible()  # the name is required
        page.fill("#name", "Дана")
        page.click("#join button")
        expect(page.locator("#joined [data-state=waiting]")).to_be_visible()
        expect(page.locator("#joined h1")).to_contain_text("Дана")

    def test_a_used_link_says_so(self) -> None:
        link = self.make_link(PERSONAL)
        for page in (self.open(link), self.open(link)):
            page.click("#join button")
            expect(page.locator("#joined h1, #refused h1").first).to_be_attached()
            page.locator("#joined:visible, #refused:visible").wait_for()
        expect(page.locator("#refused [data-code=invitation_used]")).to_be_visible()
        assert not page.locator("#again").is_visible()
        self.troubles.clear()  # the console has the 403

    def test_it_tries_again_after_the_answer_got_lost(self) -> None:
        page = self.open(self.make_link(PERSONAL))
        lost: list[str] = []

        def lose_the_first_answer(route: Route) -> None:
            if lost:
                route.continue_()
                return
            lost.append(route.fetch().text())
            route.abort()

        page.route("**/workout/join", lose_the_first_answer)
        page.click("#join button")
        expect(page.locator("#joined h1")).to_have_text("You are in, Айгүл Қасым")
        assert '"joined"' in lost[0]
        self.troubles.clear()

    def test_without_a_link_it_says_where_to_get_one(self) -> None:
        page = self.open("/join/team/")
        expect(page.locator("#refused [data-code=no-link]")).to_be_visible()
        page = self.open("/join/coach/")
        expect(page.locator("#no-link")).to_be_visible()
        assert not page.locator("#coach").is_visible()

    def test_a_coachs_link_makes_the_account_and_the_coach_logs_in(self) -> None:
        page = self.open(self.make_link(COACH))
        assert page.url == f"{self.service.url}/join/coach/"
        page.fill("[name=username]", "dana")
        for password, error in (("12345678", "too common"), (PASSWORD, "")):
            page.fill("[name=password]", password)
            page.fill("[name=password_again]", password)
            page.click("#coach button")
            if error:
                expect(page.locator("#coach .problem").first).to_contain_text(error)
        page.wait_for_url(re.compile("/admin/login/"))
        expect(page.locator(".messagelist")).to_contain_text("dana")
        page = self.log_in("dana", page=page)
        expect(page.locator("#user-tools")).to_contain_text("Dana")

    def test_in_the_open_mode_a_name_gets_a_user_id(self) -> None:
        page = self.open("/join/")
        page.fill("#name", "Айгүл Қасым")
        page.click("#join button")
        expect(page.locator("#joined h1")).to_have_text("You are in, Айгүл Қасым")
        expect(page.locator("#user-id")).to_contain_text("aygul-qasym-")
