"""A coach's evening in a browser, in each language: find, review, export, watch live."""

import csv
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from django.conf import settings
from django.utils.translation import gettext, override
from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from workouts.tests.support.browsers import BrowserCase
from workouts.tests.support.coaches import team_code
from workouts.tests.support.service import fresh_folder
from workouts.tests.support.shell import run_shell

LANGUAGES = {"en": "en-US", "ru": "ru-RU", "kk": "kk-KZ"}
SETS = os.environ.get("TEST_SETS", "")  # a file of recorded sets; without it they are made up
REPLAYED = 3
# notes each count that the first athlete's tile shows
NOTE_COUNTS = """(name) => {
    const tile = document.querySelector(`#live-tiles li[data-user-id="${name}"]`);
    const note = () => {
        const shown = tile.querySelector(".live-count")?.textContent.trim();
        if (shown && window.counts.at(-1) !== shown) window.counts.push(shown);
    };
    window.counts = [];
    note();
    new MutationObserver(note).observe(
        tile, { subtree: true, childList: true, characterData: true });
}"""
MAKE_SESSIONS = """
from workouts.tests.support.cast import save_session
from workouts.tests.support.reviews import save_pending
save_pending("ana", reps=24)
refused = {"refused": {"debounced": 1}, "refusals": [[2100, "debounced"]]}
for day in range(12):
    save_session("ana" if day % 2 else "bolat", reps=10 + day, days_ago=day, **refused)
"""


def write_sets(folder: Path) -> Path:
    """Return a file of sets that take some 12 s, before the replay speeds them up."""
    path = folder / "sets.jsonl"
    if SETS:
        lines = [
            line
            for line in Path(SETS).read_text().splitlines()
            if 8 <= len(json.loads(line)["rep_end_ms"]) <= 12
        ]
        path.write_text("\n".join(lines[:REPLAYED]) + "\n")
    else:
        rows = [
            {
                "exercise": "squat",
                "rep_end_ms": [900 + 2000 * rep + 37 * (rep % 3) for rep in range(6)],
            }
            for _ in range(REPLAYED)
        ]
        path.write_text("\n".join(map(json.dumps, rows)) + "\n")
    return path


def read_csv(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def read_xlsx(path: Path) -> list[list[str]]:
    with path.open("rb") as file:
        return [
            [str(cell) for cell in row]
            for row in load_workbook(file, read_only=True).worksheets[0].values
        ]


class WalkTests(BrowserCase):
    sets: ClassVar[Path]

    @classmethod
    def make_data(cls) -> None:
        teams = (
            team_code(f"head-{language}", "ana", "bolat", group="head coaches") + MAKE_SESSIONS
            for language in LANGUAGES
        )
        run_shell(cls.service, "".join(teams))
        cls.sets = write_sets(fresh_folder())

    def test_a_coach_gets_through_an_evening_in_english(self) -> None:
        self.walk("en")

    def test_a_coach_gets_through_an_evening_in_russian(self) -> None:
        self.walk("ru")

    def test_a_coach_gets_through_an_evening_in_kazakh(self) -> None:
        self.walk("kk")

    def walk(self, language: str) -> None:
        page = self.open_page(language=LANGUAGES[language], time_zone="Asia/Almaty")
        with override(language):
            self.log_in(f"head-{language}", page=page)
            assert page.locator("html").get_attribute("lang") == language
            self.look_at_home(page)
            self.find_session(page)
            self.look_at_session(page)
            self.approve(page)
            self.take_away(page)
            self.watch(page)

    def look_at_home(self, page: Page) -> None:
        expect(page.locator("#pending-title")).to_have_text(gettext("Needs review"))
        expect(page.locator(".volume-chart[data-drawn] canvas")).to_be_visible()
        expect(page.locator("#time-zone")).to_contain_text("Asia/Almaty")

    def find_session(self, page: Page) -> None:
        page.locator("#pages a", has_text=gettext("Sessions")).click()
        page.fill("#searchbar", "ana")
        page.locator("#changelist-search [type=submit]").click()
        expect(page.locator("#result_list .field-athlete", has_text="bolat")).to_have_count(0)
        page.locator("#filters > summary").click()
        page.locator("#changelist-filter a", has_text=gettext("needs review")).click()
        page.wait_for_url("**review_status__exact=pending**")
        expect(page.locator("#searchbar")).to_have_value("ana")
        expect(page.locator("#result_list .field-status").first).to_have_text(
            gettext("needs review")
        )
        expect(page.locator("#result_list .spark").first).to_be_visible()
        self.narrow_to_athlete(page)

    def narrow_to_athlete(self, page: Page) -> None:
        page.locator("#changelist-filter .select2-selection").click()
        page.keyboard.type("an")
        page.locator(".select2-results__option", has_text="ana").first.click()
        page.locator(".filter-form:has(#filter_athlete) [type=submit]").click()
        page.wait_for_url("**athlete=ana**")
        expect(page.locator("#result_list tbody tr").first).to_be_visible()

    def look_at_session(self, page: Page) -> None:
        page.locator("#result_list tbody th a").first.click()
        expect(page.locator(".tempo-chart[data-drawn] canvas")).to_be_visible()
        expect(page.locator(".session-flags li")).to_have_count(1)
        expect(page.locator(".session-sets tbody tr")).to_have_count(1)

    def approve(self, page: Page) -> None:
        page.fill(".session-decision textarea", "saw it")
        page.locator(".session-decision [value=approved]").click()
        page.locator(".messagelist .success a").click()  # on the page of the next to review
        expect(page.locator(".session-figures .status-approved")).to_have_text(gettext("approved"))
        expect(page.locator(".review-steps")).to_contain_text("saw it")

    def take_away(self, page: Page) -> None:
        page.goto("/admin/workouts/workoutsession/?athlete=bolat")
        page.locator(".object-tools a", has_text=gettext("Export")).click()
        # loaded, its script too: a form sent earlier exports without showing its progress
        page.wait_for_url("**/export/?athlete=bolat")
        for kind, read in (("csv", read_csv), ("xlsx", read_xlsx)):
            page.check(f"#export [value={kind}]")
            with page.expect_download() as download:
                page.locator("#export [type=submit]").click()
            rows = read(download.value.path())
            assert rows[0][6] == gettext("reps")
            assert {row[2] for row in rows[1:]} == {"bolat"}
            expect(page.locator("#export-progress progress")).to_have_js_property("value", 1)

    def watch(self, page: Page) -> None:
        page.locator("#pages a", has_text=gettext("Training now")).click()
        expect(page.locator("#live-connection.is-live")).to_have_text(gettext("Connected"))
        counts = self.watch_replay(page)
        assert len(counts) > 2, counts
        assert counts == sorted(counts)

    def watch_replay(self, page: Page) -> list[int]:
        """Return the counts that a new tile shows until all replayed sets are finished."""
        tiles = page.locator("#live-tiles li[data-user-id^=replay]")
        before = tiles.count()
        with self.replaying():
            expect(tiles).to_have_count(before + REPLAYED)
            training = tiles.and_(page.locator("[data-state=training]")).first
            page.evaluate(NOTE_COUNTS, training.get_attribute("data-user-id"))
        expect(tiles.and_(page.locator("[data-state=finished]"))).to_have_count(before + REPLAYED)
        return [int(shown) for shown in page.evaluate("window.counts")]

    @contextmanager
    def replaying(self) -> Iterator[None]:
        """Replay the sets meanwhile, and wait until each is counted and saved."""
        command = [
            sys.executable,
            "manage.py",
            "replay",
            str(self.sets),
            "--url",
            self.service.url,
            "--speed",
            "3",
        ]
        with tempfile.TemporaryFile() as output:
            replay = subprocess.Popen(
                command,
                cwd=settings.BASE_DIR,
                env=self.service.environment,
                stdout=output,
                stderr=output,
            )
            yield
            status = replay.wait()
            output.seek(0)
            assert status == 0, output.read().decode()
