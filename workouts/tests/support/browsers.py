"""A coach's browser on a real service: Chromium, driven by Playwright.

A class has one service and one Chromium, and each test a fresh page. A test fails at its end if a
page logged an error, a script threw, or the Content Security Policy refused something. Playwright
leaves an event loop in its thread, so tests run in a separate one: they are not coroutines, and
reach the database through run_shell(self.service, …) in coaches.py.
"""

import os
import shutil
import unittest
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import pytest
from django.test import SimpleTestCase
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    expect,
    sync_playwright,
)

from workouts.tests.support.coaches import PASSWORD
from workouts.tests.support.required import need
from workouts.tests.support.service import Service, fresh_folder

CHROMIUM = shutil.which(
    "chromium", path=f"{os.environ.get('PATH', '')}:/usr/bin:/snap/bin"
) or shutil.which("chromium-browser")
PATIENCE_MS = 60_000
# the page reports violations itself: the console is not listened to from the start
REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
    console.error(
        `CSP: ${event.violatedDirective} refused ${event.blockedURI}`,
        `${event.sourceFile}:${event.lineNumber} ${event.sample}`));
"""


@pytest.mark.slow
class BrowserCase(SimpleTestCase):
    """`self.page` is open, in English and of a common size; open_page() opens others.

    `self.troubles` collects what went wrong in pages; a test that provokes an error removes it.
    """

    environment: ClassVar[dict[str, str]] = {}
    service: Service
    thread: ThreadPoolExecutor
    playwright: Playwright
    chromium: Browser
    page: Page
    troubles: list[str]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        need("chromium", CHROMIUM, "install the package chromium")
        expect.set_options(timeout=PATIENCE_MS)
        cls.thread = ThreadPoolExecutor(1)
        cls.addClassCleanup(cls.thread.shutdown)
        cls.service = Service(**{"SENIM_DATA": str(fresh_folder()), **cls.environment}).start()
        cls.addClassCleanup(cls.service.stop)
        cls.thread.submit(cls.start_chromium).result()
        cls.addClassCleanup(lambda: cls.thread.submit(cls.stop_chromium).result())
        cls.make_data()

    @classmethod
    def make_data(cls) -> None:
        """Make the data that all tests of the class use, with make_team() and run_shell()."""

    @classmethod
    def start_chromium(cls) -> None:
        cls.playwright = sync_playwright().start()
        cls.chromium = cls.playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )

    @classmethod
    def stop_chromium(cls) -> None:
        cls.chromium.close()
        cls.playwright.stop()

    def run(self, result: unittest.TestResult | None = None) -> unittest.TestResult | None:
        """Run the test, its setUp and its clean-up in the browser's thread."""
        return self.thread.submit(super().run, result).result()

    def setUp(self) -> None:
        self.troubles = []
        self.addCleanup(self.look_for_troubles)
        self.page = self.open_page()

    def look_for_troubles(self) -> None:
        assert self.troubles == [], self.troubles

    def open_page(
        self,
        *,
        language: str = "en",
        size: tuple[int, int] = (1280, 900),
        time_zone: str = "UTC",
        is_new: bool = False,
        **more: Any,
    ) -> Page:
        """Return a blank page that is not logged in; `more` goes to Playwright's new_context().

        The service knows the browser's time zone unless it `is_new`; then the first page reloads.
        """
        width, height = size
        context = self.chromium.new_context(
            base_url=self.service.url,
            locale=language,
            viewport={"width": width, "height": height},
            timezone_id=time_zone,
            **more,
        )
        self.addCleanup(context.close)
        if not is_new:
            context.add_cookies(
                [{"name": "time_zone", "value": time_zone, "url": self.service.url}]
            )
        context.set_default_timeout(PATIENCE_MS)
        self.listen(context)
        return context.new_page()

    def listen(self, context: BrowserContext) -> None:
        """Collect the errors of all the context's pages."""

        def note(message: ConsoleMessage) -> None:
            url = message.location.get("url", "")
            if message.type == "error" and not url.endswith("/favicon.ico"):
                self.troubles.append(f"{url}: {message.text}")

        context.add_init_script(REPORT_VIOLATIONS)
        context.on("console", note)
        context.on("weberror", lambda error: self.troubles.append(str(error.error)))

    def log_in(
        self, name: str, password: str = PASSWORD, *, page: Page | None = None, to: str = "/admin/"
    ) -> Page:
        """Log in with the form, and return the page once it shows `to`."""
        page = page or self.page
        page.goto(f"/admin/login/?next={to}")
        page.fill("[name=username]", name)
        page.fill("[name=password]", password)
        page.locator("#login-form [type=submit]").click()
        page.wait_for_url(f"{self.service.url}{to}")
        return page
