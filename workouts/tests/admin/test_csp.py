"""The Content Security Policy: what it says, and that every page works under it in a browser."""

from typing import ClassVar

from django.test import TestCase
from playwright.sync_api import Route, expect

from workouts.tests.support.browsers import BrowserCase
from workouts.tests.support.coaches import team_code
from workouts.tests.support.pages import find_empty_charts, find_missing, wait_until_settled
from workouts.tests.support.shell import run_shell

MAKE_DATA = """
from django.contrib.auth.models import Group
from workouts.models import Exercise
from workouts.tests.support.cast import save_session
from workouts.tests.support.reviews import save_pending
user.is_superuser = True
user.save()
other = save_session("ana-of-the-old-phone").athlete
session = save_pending("ana", reps=24)
for week in range(3):
    save_session("ana", reps=12, days_ago=7 * week, sets=[(12, 22_000, 0.1 * week)])
squat = Exercise.objects.get(slug="squat")
print(session.pk, session.athlete.pk, other.pk, squat.pk, user.pk, Group.objects.first().pk)
"""
# the theme's script ran, and the header has the colour that the style sheets give it
ADMIN_WORKS = """document.documentElement.dataset.theme === "auto"
    && getComputedStyle(document.querySelector("header")).backgroundColor !== "rgba(0, 0, 0, 0)" """
HEALTH_IS_STYLED = """getComputedStyle(document.querySelector(".health .ok"), "::before").color
    === "rgb(42, 157, 74)" """
LIST_WORKS = """document.querySelector(".action-counter").textContent.startsWith("0 of ")"""
FILTERS_WORK = """document.querySelector("#changelist-filter .select2-selection").ariaLabel
    === "Athlete" """
SPARK_IS_STYLED = """getComputedStyle(document.querySelector(".spark path")).stroke
    === "rgb(21, 101, 192)" """
CHART_IS_THERE = """document.querySelector("canvas")"""
NOTE_IS_STYLED = """getComputedStyle(document.querySelector(".session-decision textarea")).display
    === "block" """
QR_CODE_IS_DRAWN = """document.querySelector(".qr-code svg").getBoundingClientRect().width > 100"""
WALL_WORKS = """document.querySelector("#live-connection.is-live")"""
SCREEN_WORKS = """document.getElementById("live-connection").textContent.startsWith("Open ")"""
CHOOSER_WORKS = """document.querySelector(".selector .selector-chosen")"""


class PolicyTests(TestCase):
    def test_every_answer_has_the_policy(self) -> None:
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

    def test_no_other_site_may_frame_a_page(self) -> None:
        assert self.client.get("/admin/login/")["X-Frame-Options"] == "DENY"


class PagesTests(BrowserCase):
    team: ClassVar[int]
    pages: ClassVar[dict[str, tuple[str, ...]]]

    @classmethod
    def make_data(cls) -> None:
        code = team_code("head", "ana", group="head coaches") + MAKE_DATA
        printed = run_shell(cls.service, code).split()
        cls.team, session, athlete, other, squat, user, group = map(int, printed)
        sessions, athletes = "/admin/workouts/workoutsession/", "/admin/workouts/athlete/"
        teams, exercises = "/admin/workouts/team/", "/admin/workouts/exercise/"
        cls.pages = {
            "/admin/": (CHART_IS_THERE,),
            "/admin/live/": (WALL_WORKS,),
            sessions: (LIST_WORKS, FILTERS_WORK, SPARK_IS_STYLED),
            f"{sessions}?q=ana&flag=metronome": (LIST_WORKS, FILTERS_WORK),
            f"{sessions}{session}/change/": (CHART_IS_THERE,),
            f"{sessions}{session}/history/": (),
            f"{sessions}{session}/load/": (),
            f"{sessions}decision/?to=approved&ids={session}": (NOTE_IS_STYLED,),
            f"{sessions}export/": (),
            f"{sessions}parked/": (),
            athletes: (LIST_WORKS,),
            f"{athletes}{athlete}/change/": (CHART_IS_THERE,),
            f"{athletes}{athlete}/trends/": (CHART_IS_THERE,),
            f"{athletes}{athlete}/invite/": (),
            f"{athletes}merge/?ids={athlete}&ids={other}": (),
            teams: (LIST_WORKS,),
            f"{teams}{cls.team}/change/": (CHOOSER_WORKS,),
            f"{teams}{cls.team}/invite/": (),
            f"{teams}{cls.team}/screen/": (),
            f"{teams}{cls.team}/delete/": (),
            exercises: (),
            f"{exercises}{squat}/change/": (),
            "/admin/auth/user/invite/": (),
            "/admin/auth/user/add/": (),
            f"/admin/auth/user/{user}/change/": (CHOOSER_WORKS,),
            f"/admin/auth/group/{group}/change/": (CHOOSER_WORKS,),
            "/admin/password_change/": (),
            "/admin/second-factor/": (QR_CODE_IS_DRAWN,),
            "/admin/sign-ins/": (),
            "/admin/sign-ins/locks/": (),
            "/admin/workouts/apikey/": (),
            "/admin/workouts/apikey/add/": (),
        }

    def check(self, path: str, *conditions: str) -> None:
        """Open a page: it loads all it asks for, its scripts run, and nothing is refused."""
        response = self.page.goto(path)
        assert response is not None
        assert (response.status, self.page.url) == (200, self.service.url + path)
        wait_until_settled(self.page)
        assert find_missing(self.page) == [], path
        assert find_empty_charts(self.page) == [], path
        for condition in conditions:
            assert self.page.evaluate(f"Boolean({condition})"), (path, condition)
        assert self.troubles == [], path

    def test_pages_work_before_the_login(self) -> None:
        self.check("/", HEALTH_IS_STYLED)
        self.check("/admin/login/", ADMIN_WORKS)
        self.check("/wall/", SCREEN_WORKS)

    def test_every_page_of_the_admin_works(self) -> None:
        self.log_in("head")
        for path, conditions in self.pages.items():
            self.check(path, ADMIN_WORKS, *conditions)

    def test_widgets_work(self) -> None:
        self.log_in("head", to=f"/admin/workouts/team/{self.team}/change/")
        self.page.locator("summary", has_text="Change members").click()
        field = self.page.locator(".select2-search__field")
        assert field.evaluate("field => field.closest('.select2-container').offsetWidth > 200")
        field.click()
        self.page.keyboard.type("an")
        self.page.locator(".select2-results__option", has_text="ana").first.wait_for()
        self.page.keyboard.press("Escape")
        self.page.goto("/admin/workouts/apikey/add/")
        self.page.locator("#calendarlink0").click()
        self.page.locator("#calendarbox0").get_by_text("15", exact=True).click()
        assert "/15/" in self.page.locator("#id_expires_at").input_value()

    def test_the_wall_shows_the_team(self) -> None:
        self.log_in("head", to="/admin/live/")
        self.page.locator("#live-tiles .live-name", has_text="ana").first.wait_for()
        expect(self.page.locator("#live-connection")).to_have_text("Connected")

    def test_inline_scripts_and_styles_are_refused(self) -> None:
        self.page.goto("/admin/login/")
        self.page.evaluate(
            "document.body.insertAdjacentHTML('beforeend', '<p id=inline style=\"color: red\">')"
        )
        self.page.evaluate(
            """{
                const script = document.createElement("script");
                script.textContent = "window.ran = true";
                document.body.append(script);
            }"""
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

    def test_a_page_that_the_policy_broke_would_be_noticed(self) -> None:
        def refuse_everything(route: Route) -> None:
            response = route.fetch()
            headers = {**response.headers, "content-security-policy": "default-src 'none'"}
            route.fulfill(response=response, headers=headers)

        self.page.route("**/admin/login/", refuse_everything)
        self.page.goto("/admin/login/")
        missing = " ".join(find_missing(self.page))
        assert "/static/admin/css/base.css" in missing
        assert "/static/senim/time_zone.js" in missing
        assert not self.page.evaluate(ADMIN_WORKS)
        assert "CSP: script-src-elem" in " ".join(self.troubles)
        self.troubles.clear()
