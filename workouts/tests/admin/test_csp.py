"""The Content Security Policy: what it says, and in a real browser that nothing the pages need is refused."""

from typing import ClassVar

from django.test import TestCase

from workouts.tests.support.browsers import BrowserCase
from workouts.tests.support.coaches import make_team
from workouts.tests.support.shell import run_shell

MAKE_SESSION = """
from workouts.tests.support.reviews import save_pending
print(save_pending("ana").pk)
"""
MAKE_SUPERUSER = "from django.contrib.auth.models import User; User.objects.filter(username='head').update(is_superuser=True)"


class PolicyTests(TestCase):
    def test_every_answer_has_it(self) -> None:
        for path in (
            "/",
            "/admin/login/",
            "/admin/",
            "/workout/sessions/",
            "/nowhere",
            "/workout/sessions/999/",
        ):
            policy = self.client.get(path, headers={"accept": "text/html"})[
                "Content-Security-Policy"
            ]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy

    def test_nobody_else_may_frame_it(self) -> None:
        assert self.client.get("/admin/login/")["X-Frame-Options"] == "DENY"


class PagesTests(BrowserCase):
    session: ClassVar[int]
    team: ClassVar[int]

    @classmethod
    def make_data(cls) -> None:
        cls.team = make_team(cls.service, "head", "ana", group="head coaches")
        cls.session = int(run_shell(cls.service, MAKE_SESSION))
        run_shell(cls.service, MAKE_SUPERUSER)

    def test_it_refuses_what_is_inline(self) -> None:
        self.page.goto("/admin/login/")
        self.page.evaluate(
            "document.body.insertAdjacentHTML('beforeend', '<p id=inline style=\"color: red\">')"
        )
        self.page.evaluate(
            "document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.ran = true' }))"
        )
        shown = self.page.evaluate(
            "[window.ran, getComputedStyle(document.getElementById('inline')).color]"
        )
        assert shown[0] is None
        assert shown[1] != "rgb(255, 0, 0)"
        refused = " ".join(self.troubles)
        assert "CSP: style-src-attr" in refused
        assert "CSP: script-src-elem" in refused
        self.troubles.clear()

    def test_pages_without_login(self) -> None:
        for path in ("/", "/admin/login/"):
            self.page.goto(path)
            assert self.page.title()

    def test_pages_that_list_and_show(self) -> None:
        self.log_in("head")
        sessions, athlete = "/admin/workouts/workoutsession/", "/admin/workouts/athlete/ana/"
        for path in (
            sessions,
            f"{sessions}?q=ana&flag=metronome",
            f"{sessions}{self.session}/change/",
            f"{sessions}{self.session}/history/",
            f"{sessions}decision/?to=approved&ids={self.session}",
            f"{sessions}parked/",
            f"{athlete}change/",
            f"{athlete}delete/",
            "/admin/workouts/team/",
            f"/admin/workouts/team/{self.team}/delete/",
            "/admin/workouts/exercise/",
            "/admin/workouts/exercise/squat/change/",
            "/admin/auth/user/add/",
            "/admin/auth/group/add/",
            "/admin/password_change/",
        ):
            response = self.page.goto(path)
            assert response is not None
            assert response.status == 200, path
            self.page.wait_for_load_state("networkidle")

    def test_widgets(self) -> None:
        self.log_in("head", to=f"/admin/workouts/team/{self.team}/change/")
        self.page.locator(".select2-search__field").click()
        self.page.keyboard.type("an")
        self.page.locator(".select2-results__option", has_text="ana").wait_for()
        self.page.keyboard.press("Escape")
        self.page.goto("/admin/auth/user/")
        self.page.locator("#result_list tbody th a").first.click()
        self.page.locator("#calendarlink0").click()
        self.page.locator("#calendarbox0").get_by_text("15", exact=True).click()
        assert self.page.locator("#id_last_login_0").input_value().endswith("-15")
        assert self.page.locator(".selector-chosen").first.is_visible()

    def test_the_wall(self) -> None:
        self.log_in("head", to="/admin/live/")
        self.page.locator("#live-tiles .live-name", has_text="ana").wait_for()
        assert self.page.locator("#live-connection").inner_text() == "Live"
