"""The Content Security Policy, in a real browser: nothing that the pages need is refused."""

from workouts.tests.browsers import BrowserCase
from workouts.tests.coaches import make_team


class PagesTests(BrowserCase):
    @classmethod
    def make_data(cls) -> None:
        make_team(cls.service, "head", "ana", group="head coaches")

    def test_it_logs_in(self) -> None:
        self.log_in("head")
        assert self.page.locator("#content h1").inner_text()
