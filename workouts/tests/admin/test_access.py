"""Who cannot use a mouse, see well, or has a small screen: every page of the coach, looked at by axe-core and measured."""

from typing import ClassVar, Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize

from workouts.tests.support.browsers import BrowserCase
from workouts.tests.support.coaches import make_team
from workouts.tests.support.shell import run_shell

SERIOUS = ("serious", "critical")
LOOKS: dict[str, tuple[Literal["light", "dark"], ViewportSize]] = {
    "light": ("light", {"width": 1280, "height": 900}),
    "dark": ("dark", {"width": 1280, "height": 900}),
    "phone": ("dark", {"width": 360, "height": 640}),
}
MAKE_SESSIONS = """
from workouts.models import Athlete
from workouts.tests.support.cast import save_session
from workouts.tests.support.reviews import save_pending
pending = save_pending("ana", reps=24)
for day in range(12):
    save_session("ana" if day % 2 else "bolat", reps=10 + day, days_ago=day, refused={"debounced": 1}, refusals=[[2100, "debounced"]])
print(pending.pk, *Athlete.objects.order_by("user_id").values_list("pk", flat=True))
"""


class AccessTests(BrowserCase):
    pages: ClassVar[list[str]]

    @classmethod
    def make_data(cls) -> None:
        team = make_team(cls.service, "head", "ana", "bolat", group="head coaches")
        session, athlete, other = run_shell(cls.service, MAKE_SESSIONS).split()
        sessions = "/admin/workouts/workoutsession/"
        cls.pages = [
            "/admin/",
            "/admin/live/",
            sessions,
            f"{sessions}?flag=metronome&from=nonsense",
            f"{sessions}{session}/change/",
            f"{sessions}{session}/history/",
            f"{sessions}decision/?to=rejected&ids={session}",
            f"{sessions}parked/",
            f"{sessions}export/?q=ana",
            "/admin/workouts/athlete/",
            f"/admin/workouts/athlete/{athlete}/change/",
            f"/admin/workouts/athlete/merge/?ids={athlete}&ids={other}",
            "/admin/workouts/team/",
            f"/admin/workouts/team/{team}/change/",
            "/admin/workouts/exercise/",
            "/admin/workouts/exercise/1/change/",
            "/admin/password_change/",
            "/",
        ]

    def find_faults(self, page: Page) -> list[str]:
        """Return what axe-core finds serious, and where the page is wider than the screen: in light, in dark, and on a phone."""
        page.add_style_tag(
            content="* { transition: none !important; }"
        )  # or colours would be judged on their way
        faults: list[str] = []
        for look, (scheme, size) in LOOKS.items():
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size(size)
            found = Axe().run(page).response["violations"]
            faults += [
                f"{look}: {fault['id']}: {[node['target'] for node in fault['nodes'][:3]]}"
                for fault in found
                if fault["impact"] in SERIOUS
            ]
            width, screen = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
            faults += [f"{look}: {width} px wide on a screen of {screen}"] if width > screen else []
        return faults

    def check(self, language: str) -> None:
        page = self.open_page(
            language=language, bypass_csp=True
        )  # axe-core puts in styles of its own
        page.goto("/admin/login/")
        faults = {"/admin/login/": self.find_faults(page)}
        self.log_in("head", page=page)
        for path in self.pages:
            page.goto(path)
            page.wait_for_load_state("networkidle")
            faults[path] = self.find_faults(page)
        self.troubles.clear()  # nor do the addresses that it looks at itself exist
        assert not {path: found for path, found in faults.items() if found}

    def test_nothing_serious_in_english(self) -> None:
        self.check("en")

    def test_nothing_serious_in_the_longest_words(self) -> None:
        self.check("kk")


class KeyboardTests(BrowserCase):
    @classmethod
    def make_data(cls) -> None:
        make_team(cls.service, "head", "ana", group="head coaches")
        run_shell(cls.service, MAKE_SESSIONS)

    def focused(self) -> str:
        return str(
            self.page.evaluate(
                "document.activeElement.id || document.activeElement.textContent.trim()"
            )
        )

    def tab_to(self, wanted: str) -> None:
        for _ in range(60):
            self.page.keyboard.press("Tab")
            if wanted in self.focused():
                return
        raise AssertionError(f"{wanted} is not reached by the Tab key")

    def test_from_the_login_to_a_decision_without_a_mouse(self) -> None:
        self.page.goto("/admin/login/?next=/admin/")
        self.tab_to("id_username")
        self.page.keyboard.type("head")
        self.page.keyboard.press("Tab")
        self.page.keyboard.type("a long one for tests")
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
