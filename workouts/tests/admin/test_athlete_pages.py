"""An athlete's page in a browser."""

from typing import ClassVar

from playwright.sync_api import expect

from workouts.tests.support.browsers import BrowserCase
from workouts.tests.support.coaches import team_code
from workouts.tests.support.shell import run_shell

MAKE_ATHLETES = """
from workouts.tests.support.cast import save_session
print(*(save_session(user_id).athlete.pk for user_id in ("ana", "ana-of-the-old-phone")))
"""


class PageTests(BrowserCase):
    ids: ClassVar[list[str]]

    @classmethod
    def make_data(cls) -> None:
        code = team_code("head", "ana", group="head coaches") + MAKE_ATHLETES
        _team, *cls.ids = run_shell(cls.service, code).split()

    def test_the_chart_is_drawn_and_the_table_opens(self) -> None:
        self.log_in("head", to=f"/admin/workouts/athlete/{self.ids[0]}/change/")
        self.page.locator('.volume-chart[data-drawn="yes"] canvas').wait_for()
        self.page.get_by_text("Show as a table").click()
        assert self.page.locator("details tbody tr").count() == 26
        assert self.page.locator("details tbody tr").first.is_visible()

    def test_two_athletes_are_merged(self) -> None:
        self.log_in("head", to="/admin/workouts/athlete/")
        for pk in self.ids:
            self.page.locator(f'.action-select[value="{pk}"]').check()
        self.page.get_by_label("Action:").select_option("merge_selected")
        self.page.get_by_role("button", name="Go").click()
        self.page.get_by_label("ana", exact=True).check()
        self.page.get_by_role("button", name="Merge").click()
        self.page.get_by_text(
            "Merged ana-of-the-old-phone into ana and moved 1 session."
        ).wait_for()
        sessions = self.page.locator(".session-sets").last
        expect(sessions.locator("tbody tr")).to_have_count(2)
