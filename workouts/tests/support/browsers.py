"""A coach's real browser on a real service: Chromium by playwright.

A class of tests has one service and one Chromium; each test has a fresh page, and fails at its end if the page's console had an error,
a script threw, or the Content Security Policy refused something. Tests run in a thread of their own, since playwright leaves an event
loop in it: they reach the database through run_shell(self.service, …) of coaches.py, and are no coroutines.
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
    sync_playwright,
)

from workouts.tests.support.coaches import PASSWORD
from workouts.tests.support.required import need
from workouts.tests.support.service import Service, fresh_folder

CHROMIUM = shutil.which(
    "chromium", path=f"{os.environ.get('PATH', '')}:/usr/bin:/snap/bin"
) or shutil.which("chromium-browser")
PATIENCE_MS = 20_000
# reported by the page itself: the console would say it too, but not for what happens before it is listened to
REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
    console.error(`CSP: ${event.violatedDirective} refused ${event.blockedURI} ${event.sourceFile}:${event.lineNumber} ${event.sample}`));
"""


@pytest.mark.slow
class BrowserCase(SimpleTestCase):
    """`self.page` is an open page in English of a common size; open_page() opens more, logged in or not, in other languages and sizes.

    `self.troubles` has what went wrong in the pages; a test that provokes something takes it out.
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
        need("chromium", CHROMIUM, "the package chromium has it")
        cls.thread = ThreadPoolExecutor(1)
        cls.addClassCleanup(cls.thread.shutdown)
        cls.service = Service(**{"SENIM_DATA": str(fresh_folder()), **cls.environment}).start()
        cls.addClassCleanup(cls.service.stop)
        cls.thread.submit(cls.start_chromium).result()
        cls.addClassCleanup(lambda: cls.thread.submit(cls.stop_chromium).result())
        cls.make_data()

    @classmethod
    def make_data(cls) -> None:
        """Make what all tests of the class look at: the place for make_team() and run_shell()."""

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
        """Run the test, with its setUp and what cleans up after it, in the browser's thread."""
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
        """Return a blank page in a browser that is not logged in; `more` is what playwright's new_context() takes.

        The service knows its time zone, unless it is new: then its first page is shown twice.
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
        """Note the errors of all pages of the context."""

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
        """Log in by the form, and return the page, at the address it was to lead to."""
        page = page or self.page
        page.goto(f"/admin/login/?next={to}")
        page.fill("[name=username]", name)
        page.fill("[name=password]", password)
        page.locator("#login-form [type=submit]").click()
        page.wait_for_url(f"{self.service.url}{to}")
        return page
