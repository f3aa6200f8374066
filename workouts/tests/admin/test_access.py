"""Coaches with a keyboard, a screen reader or a small screen: axe-core looks at every page."""

import json
from collections.abc import Callable
from typing import Any, ClassVar, Literal, NamedTuple

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, ViewportSize

from workouts.tests.support.browsers import BrowserCase
from workouts.tests.support.coaches import PASSWORD, team_code
from workouts.tests.support.pages import wait_until_settled
from workouts.tests.support.shell import run_shell

SERIOUS = ("serious", "critical")
EVERY_RULE = {"resultTypes": ["violations"]}
COLOURS = {**EVERY_RULE, "runOnly": ["color-contrast"]}
DESKTOP, PHONE = ViewportSize(width=1280, height=900), ViewportSize(width=360, height=640)


class Look(NamedTuple):
    scheme: Literal["light", "dark"]
    size: ViewportSize
    rules: dict[str, Any]


LOOKS = {
    "light": Look("light", DESKTOP, EVERY_RULE),
    "dark": Look("dark", DESKTOP, COLOURS),  # all else is as in the light
    "phone": Look("dark", PHONE, EVERY_RULE),
}
MAKE_SESSIONS = """
from workouts.models import Athlete, Exercise
from workouts.tests.support.cast import save_session
from workouts.tests.support.joins import fill_access_pages
from workouts.tests.support.reviews import save_pending
pending = save_pending("ana", reps=24)
refused = {"refused": {"debounced": 1}, "refusals": [[2100, "debounced"]]}
for day in range(12):
    sets = [(10 + day, 2000 * (9 + day), 0.1)]
    user_id = "ana" if day % 2 else "bolat"
    save_session(user_id, reps=10 + day, days_ago=day, sets=sets, **refused)
athletes = Athlete.objects.filter(user_id__in=["ana", "bolat"]).order_by("user_id")
device = fill_access_pages(athletes[0], team)
ids = athletes.values_list("pk", flat=True)
print(pending.pk, *ids, Exercise.objects.first().pk, user.pk, device)
"""


class AccessTests(BrowserCase):
    pages: ClassVar[list[str]]

    @classmethod
    def make_data(cls) -> None:
        code = team_code("head", "ana", "bolat", group="head coaches") + MAKE_SESSIONS
        printed = run_shell(cls.service, code).split()
        team, session, athlete, other, exercise, user, device = printed
        sessions = "/admin/workouts/workoutsession/"
        cls.pages = [
            "/admin/",
            "/admin/live/",
            sessions,
            f"{sessions}?flag=metronome&from=nonsense",
            f"{sessions}{session}/change/",
            f"{sessions}{session}/history/",
            f"{sessions}{session}/load/",
            f"{sessions}decision/?to=rejected&ids={session}",
            f"{sessions}parked/",
            f"{sessions}export/?q=ana",
            "/admin/workouts/athlete/",
            f"/admin/workouts/athlete/{athlete}/change/",
            f"/admin/workouts/athlete/{athlete}/trends/",
            "/admin/workouts/athlete/add/",
            f"/admin/workouts/athlete/{athlete}/invite/",
            f"/admin/workouts/athlete/{athlete}/switch/?to=off",
            f"/admin/workouts/athlete/devices/{device}/cut-off/",
            f"/admin/workouts/athlete/merge/?ids={athlete}&ids={other}",
            "/admin/workouts/team/",
            f"/admin/workouts/team/{team}/change/",
            f"/admin/workouts/team/{team}/invite/",
            f"/admin/workouts/team/{team}/screen/",
            f"/admin/workouts/team/{team}/delete/",
            "/admin/auth/user/",
            "/admin/auth/user/invite/",
            f"/admin/auth/user/{user}/change/",
            "/admin/workouts/exercise/",
            f"/admin/workouts/exercise/{exercise}/change/",
            "/admin/password_change/",
            "/admin/second-factor/",
            "/admin/sign-ins/",
            "/admin/workouts/apikey/",
            "/admin/workouts/apikey/add/",
            "/",
        ]

    def find_faults(self, page: Page) -> list[str]:
        """Return what axe-core finds serious, and where the page is wider than the screen."""
        # colours would be judged halfway through their transition
        page.add_style_tag(content="* { transition: none !important; }")
        page.evaluate(AXE_SCRIPT)
        faults: list[str] = []
        for name, look in LOOKS.items():
            page.emulate_media(color_scheme=look.scheme)
            page.set_viewport_size(look.size)
            found = page.evaluate(f"axe.run({json.dumps(look.rules)})")["violations"]
            faults += [
                f"{name}: {fault['id']}: {[node['target'] for node in fault['nodes'][:3]]}"
                for fault in found
                if fault["impact"] in SERIOUS
            ]
            faults += [f"{name}: {found}" for found in self.find_overflow(page)]
        return faults

    def find_overflow(self, page: Page) -> list[str]:
        """Return whether the page is wider than the screen, as a fault."""
        width, screen = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        return [f"{width} px wide on a screen of {screen}"] if width > screen else []

    def check(self, page: Page, find: Callable[[Page], list[str]]) -> None:
        """Find no fault on any page."""
        page.goto("/admin/login/")
        faults = {"/admin/login/": find(page)}
        self.log_in("head", page=page)
        for path in self.pages:
            page.goto(path)
            assert page.url == self.service.url + path
            wait_until_settled(page)
            faults[path] = find(page)
        assert not {path: found for path, found in faults.items() if found}

    def test_no_page_has_a_serious_fault(self) -> None:
        # axe-core inserts styles of its own, which the policy refuses
        self.check(self.open_page(bypass_csp=True), self.find_faults)
        self.troubles.clear()  # axe-core fetches addresses that do not exist

    def test_every_page_fits_a_phone_in_the_language_with_the_longest_words(self) -> None:
        page = self.open_page(language="kk", size=(PHONE["width"], PHONE["height"]))
        self.check(page, self.find_overflow)

    def test_a_serious_fault_would_be_found(self) -> None:
        page = self.open_page(bypass_csp=True)
        page.goto("/")
        page.evaluate(
            """document.body.innerHTML +=
                '<p style="width: 2000px; color: #ddd">pale words</p><img src="x">'"""
        )
        found = " ".join(self.find_faults(page))
        self.troubles.clear()
        for fault in ("light: color-contrast", "phone: image-alt", "dark: 20"):
            assert fault in found

    def test_a_coach_without_a_mouse_logs_in_and_decides(self) -> None:
        self.page.goto("/admin/login/?next=/admin/")
        self.tab_to("id_username")
        self.page.keyboard.type("head")
        self.page.keyboard.press("Tab")
        self.page.keyboard.type(PASSWORD)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(f"{self.service.url}/admin/")
        self.tab_to("ana, Squat")
        self.page.keyboard.press("Enter")
        self.page.wait_for_url("**/change/")
        self.tab_to("decision_note")
        self.page.keyboard.type("saw it")
        self.tab_to("Approve")
        self.page.keyboard.press("Enter")
        self.page.locator(".messagelist .success").wait_for()

    def tab_to(self, wanted: str) -> None:
        for _ in range(60):
            self.page.keyboard.press("Tab")
            if wanted in self.focused():
                return
        raise AssertionError(f"the Tab key does not reach {wanted}")

    def focused(self) -> str:
        return str(
            self.page.evaluate(
                "document.activeElement.id || document.activeElement.textContent.trim()"
            )
        )
