"""An athlete's trends in a browser."""

from typing import Any, ClassVar

from playwright.sync_api import Page, expect

from workouts.tests.support.browsers import BrowserCase
from workouts.tests.support.coaches import team_code
from workouts.tests.support.pages import find_empty_charts, wait_until_settled
from workouts.tests.support.shell import run_shell

MAKE_SESSIONS = """
from workouts.tests.support.cast import save_session
for number, user_id in enumerate(("ana", "bolat", "dana", "erlan")):
    for week in (0, 1, 3, 4):
        reps = 12 + number
        sets = [(reps, 2000 * (reps - 1) + 100 * week, 0.02 * week)]
        session = save_session(user_id, reps=reps, days_ago=7 * week, sets=sets, load_kg="62.5")
    if user_id == "ana":
        save_session("ana", exercise="lunge", days_ago=7)
        print(session.athlete.pk)
"""
READ_DATA = """(figure) => JSON.parse(document.getElementById(figure.dataset.source).textContent)"""
READ_ROWS = """(table) => [...table.tBodies[0].rows].map(
    (row) => [...row.cells].slice(1).map((cell) => cell.textContent))"""


class TrendsTests(BrowserCase):
    trends: ClassVar[str]

    @classmethod
    def make_data(cls) -> None:
        code = team_code("trainer", "ana", "bolat", "dana", "erlan") + MAKE_SESSIONS
        _team, athlete = run_shell(cls.service, code).split()
        cls.trends = f"/admin/workouts/athlete/{athlete}/trends/"

    def values(self, page: Page, figure: str) -> tuple[list[Any], list[list[str]]]:
        """Return a chart's values and its table's cells, both by week, newest first."""
        section = page.locator(f"section[aria-labelledby={figure}-title]")
        data = section.locator(".trend-chart").evaluate(READ_DATA)
        cells = section.locator(".session-sets").evaluate(READ_ROWS)
        return [*zip(data["own"], data["medians"], strict=True)][::-1], cells

    def test_four_charts_are_drawn_with_the_figures_of_their_tables(self) -> None:
        page = self.log_in("trainer", to=f"{self.trends}?exercise=squat")
        wait_until_settled(page)
        assert page.locator(".trend-chart canvas").count() == 4
        assert find_empty_charts(page) == []
        for figure in ("reps", "best_set", "tempo_s", "slow_down_percent"):
            drawn, cells = self.values(page, figure)
            shown = [[None if cell == "-" else float(cell) for cell in row[:2]] for row in cells]
            assert [[*each] for each in drawn] == shown, figure
            assert sum(own is not None for own, _median in drawn) == 4
            assert sum(median is not None for _own, median in drawn) == 4

    def test_numbers_are_written_in_the_viewers_language(self) -> None:
        page = self.log_in("trainer", page=self.open_page(language="ru"), to=self.trends)
        page.goto(f"{self.trends}?exercise=squat")
        wait_until_settled(page)
        _drawn, cells = self.values(page, "tempo_s")
        assert cells[0][0] == "2,00"

    def test_a_coach_gets_here_from_the_athlete_and_chooses_an_exercise(self) -> None:
        page = self.log_in("trainer", to=self.trends.replace("trends", "change"))
        page.get_by_role("link", name="Trends").click()
        page.wait_for_url(f"**{self.trends}")
        page.get_by_label("Exercise").select_option("lunge")
        page.get_by_label("Span").select_option("12")
        page.get_by_role("button", name="Show").click()
        page.wait_for_url("**/?exercise=lunge&weeks=12")
        expect(page.get_by_text("Trends appear after two weeks with sessions.")).to_be_visible()
        assert page.locator("#content table").first.locator("tbody tr").count() == 12

    def test_tables_are_beside_the_charts_and_on_a_phone_below(self) -> None:
        page = self.log_in("trainer", to=f"{self.trends}?exercise=squat")
        for width, is_beside in ((1280, True), (360, False)):
            page.set_viewport_size({"width": width, "height": 800})
            wait_until_settled(page)
            chart, table = (
                page.locator(f".trend {part}").first.bounding_box()
                for part in (".trend-chart", ".session-scroll")
            )
            assert chart is not None
            assert table is not None
            assert (table["x"] >= chart["x"] + chart["width"]) == is_beside
            assert (table["y"] >= chart["y"] + chart["height"]) == (not is_beside)
