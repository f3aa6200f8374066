"""Times are shown in the viewer's time zone, which the browser tells in a cookie."""

import zoneinfo
from datetime import UTC, datetime

from django.contrib.auth import get_user_model
from django.test import TestCase, override_settings
from django.utils import timezone
from playwright.sync_api import expect

from workouts.models import WorkoutSession
from workouts.tests.support.browsers import BrowserCase
from workouts.tests.support.cast import save_session
from workouts.tests.support.coaches import team_code
from workouts.tests.support.shell import run_shell

SESSIONS = "/admin/workouts/workoutsession/"
MAKE_SESSION = """
from workouts.tests.support.cast import save_session
from workouts.models import WorkoutSession
save_session("ana")
WorkoutSession.objects.update(started_at="2026-07-01T20:30:00Z")
"""


class CookieTests(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.user = get_user_model().objects.create_superuser("head")
        cls.session = save_session("ana")
        WorkoutSession.objects.update(started_at=datetime(2026, 7, 1, 20, 30, tzinfo=UTC))

    def setUp(self) -> None:
        self.client.force_login(self.user)

    def page(self, zone: str) -> str:
        self.client.cookies["time_zone"] = zone
        return self.client.get(SESSIONS).content.decode()

    def test_times_are_shown_in_the_zone_of_the_cookie(self) -> None:
        for zone, shown in (
            ("Asia/Almaty", "07/02/2026,\xa001:30"),
            ("America/New_York", "07/01/2026,\xa016:30"),
        ):
            page = self.page(zone)
            assert shown in page
            assert f"Times are shown in the {zone} time zone." in page

    def test_it_accepts_an_old_name_of_a_zone(self) -> None:
        assert "07/02/2026,\xa002:00" in self.page("Asia/Calcutta")

    def test_it_ignores_an_unknown_zone(self) -> None:
        nonsense = [
            "",
            " ",
            "../../etc/passwd",
            "/etc/passwd",
            "Asia",
            "asia/almaty",
            "Asia/Almaty\0",
            "a" * 4000,
            "ÿ",
            "Asia/../UTC",
            "UTC;",
        ]
        for value in nonsense:
            assert "07/01/2026,\xa020:30" in self.page(value), value

    @override_settings(TIME_ZONE="Asia/Almaty")
    def test_without_a_cookie_times_are_in_the_zone_of_the_service(self) -> None:
        self.page("America/New_York")
        del self.client.cookies["time_zone"]
        assert "07/02/2026,\xa001:30" in self.client.get(SESSIONS).content.decode()

    async def test_two_viewers_at_once_keep_their_own_zones(self) -> None:
        for zone, shown in (
            ("Asia/Almaty", "07/02/2026,\xa001:30"),
            ("UTC", "07/01/2026,\xa020:30"),
        ):
            self.async_client.cookies["time_zone"] = zone
            await self.async_client.aforce_login(self.user)
            assert shown in (await self.async_client.get(SESSIONS)).content.decode()
        assert timezone.get_current_timezone() in (zoneinfo.ZoneInfo("UTC"), UTC)


class BrowserTests(BrowserCase):
    @classmethod
    def make_data(cls) -> None:
        run_shell(cls.service, team_code("head", "ana") + MAKE_SESSION)

    def test_the_first_page_reloads_once(self) -> None:
        page = self.open_page(time_zone="Asia/Almaty", is_new=True)
        loads: list[str] = []
        page.on(
            "request",
            lambda request: loads.append(request.url) if request.is_navigation_request() else None,
        )
        page.goto("/admin/login/")
        page.locator("#time-zone", has_text="Asia/Almaty").wait_for()
        page.goto("/admin/login/")
        page.wait_for_load_state("networkidle")
        assert len(loads) == 3
        (cookie,) = (cookie for cookie in page.context.cookies() if cookie["name"] == "time_zone")
        assert (cookie["value"], cookie["path"], cookie["sameSite"]) == ("Asia/Almaty", "/", "Lax")
        self.log_in("head", page=page, to=SESSIONS)
        when = page.locator(".field-when", has_text="07/02/2026,\xa001:30")
        expect(when).to_be_visible()

    def test_without_cookies_no_page_reloads(self) -> None:
        page = self.open_page(time_zone="Asia/Almaty", is_new=True)
        page.add_init_script(
            "Object.defineProperty(document, 'cookie', { get: () => '', set: () => {} })"
        )
        loads: list[str] = []
        page.on(
            "request",
            lambda request: loads.append(request.url) if request.is_navigation_request() else None,
        )
        page.goto("/admin/login/")
        page.wait_for_load_state("networkidle")
        assert len(loads) == 1
        assert page.locator("#time-zone").inner_text() == "Times are shown in the UTC time zone."

    def test_a_posted_form_is_not_sent_again(self) -> None:
        page = self.open_page(time_zone="Asia/Almaty", is_new=True)
        page.goto("/admin/login/")
        page.locator("#time-zone", has_text="Asia/Almaty").wait_for()
        page.context.clear_cookies(name="time_zone")
        posted: list[str] = []
        page.on(
            "request",
            lambda request: posted.append(request.url) if request.method == "POST" else None,
        )
        page.fill("[name=username]", "head")
        page.fill("[name=password]", "wrong")
        page.locator("#login-form [type=submit]").click()
        page.locator(".errornote").wait_for()
        page.wait_for_load_state("networkidle")
        assert len(posted) == 1
        assert page.locator(".errornote").is_visible()
