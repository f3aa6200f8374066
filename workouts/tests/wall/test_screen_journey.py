"""A screen in the gym, in Chromium: its link is made, opened without a log-in, and revoked."""

import json
import re
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, WebSocketRoute, expect

from workouts.tests.support.browsers import BrowserCase
from workouts.tests.support.coaches import make_team
from workouts.tests.support.processes import send_rep, wait_until
from workouts.tests.support.shell import run_shell

TELEVISION, PHONE = (1920, 1080), (390, 844)
SHORTEST_COUNT = 0.05  # of the screen's height, up to 12 tiles
STATES = ("training", "resting", "stalled", "offline", "finished", "ready")
OVERFLOWS = """[...document.querySelectorAll("#live-tiles li:not([hidden])")].filter((tile) => {
    const box = tile.getBoundingClientRect();
    return box.bottom > innerHeight || box.right > innerWidth
        || tile.scrollHeight > tile.clientHeight;
}).length + Number(document.documentElement.scrollHeight > innerHeight)"""
# digits are about 0.7 of the font's size high
DIGITS_SHARE = """Math.min(...[...document.querySelectorAll(".live-count")].map(
    (count) => parseFloat(getComputedStyle(count).fontSize) * 0.7)) / innerHeight"""
STATUS_SHARE = """parseFloat(getComputedStyle(
    document.getElementById("live-connection")).fontSize) / innerHeight"""
SHAPES = """[...document.querySelectorAll("#live-tiles li")].map((tile) => {
    const { clipPath, borderRadius, backgroundColor } = getComputedStyle(
        tile.querySelector(".live-shape"));
    return [tile.dataset.state, `${clipPath} ${borderRadius}`,
        getComputedStyle(tile).borderInlineStartColor, backgroundColor];
})"""
# how many names are cut, and on how many tiles the count reaches into the tempo
CUT_NAMES = """[...document.querySelectorAll("#live-tiles .live-name")].filter((name) =>
    name.scrollWidth > name.clientWidth || name.scrollHeight > name.clientHeight + 2).length"""
CUT_LINES = """[...document.querySelectorAll("#live-tiles p")].filter((line) =>
    line.scrollWidth > line.clientWidth).map((line) => line.textContent)"""
COVERED_TEMPOS = """[...document.querySelectorAll("#live-tiles li")].filter((tile) => {
    const [count, tempo] = [".live-count", ".live-tempo"].map((place) => {
        const range = document.createRange();
        range.selectNodeContents(tile.querySelector(place));
        return range.getBoundingClientRect();
    });
    return count.right > tempo.left;
}).length"""
LONG_NAMES = ("Бауыржан Қожахметов", "Гүлнұр Сейітқазықызы Әбдірахман", "Maximilian-Alexander Ng")
SERIOUS = ("serious", "critical")


def make_tile(number: int, now_ms: int = 0, **more: Any) -> dict[str, Any]:
    """Return a tile as the server sends it to a screen."""
    session = {"type": "squat", "count": 100 + number, "at": now_ms}
    name = f"Athlete {number:03}"
    tile = {"key": str(number), "name": name, "sort_name": name, "online": True, "finished": None}
    return {**tile, "sessions": [{**session, "set": 3, "rep": 8, "interval_ms": 2400}], **more}


def make_state_tiles(now_ms: int) -> list[dict[str, Any]]:
    """Return a tile in each state, in the order of STATES."""
    resting, stalled = (make_tile(n, now_ms - s * 1000) for n, s in ((1, 60), (2, 600)))
    finished = {"type": "squat", "count": 30, "at": now_ms}
    return [
        make_tile(0, now_ms),
        resting,
        stalled,
        make_tile(3, now_ms, online=False),
        make_tile(4, sessions=[], finished=finished),
        make_tile(5, sessions=[]),
    ]


class ScreenCase(BrowserCase):
    def open_screen(self, tiles: list[dict[str, Any]], page: Page) -> WebSocketRoute:
        """Open the page with a server of the test's own, and return its socket."""
        opened: list[WebSocketRoute] = []

        def serve(socket: WebSocketRoute) -> None:
            opened.append(socket)
            snapshot = {"event": "snapshot", "number": 1, "is_cut": False, "team": "Juniors"}
            socket.send(json.dumps({**snapshot, "server_time": NOW_MS, "tiles": tiles}))

        page.route_web_socket("**/ws/live", serve)
        page.goto("/wall/#a-token")
        expect(page.locator("#live-tiles li")).to_have_count(len(tiles))
        return opened[0]


NOW_MS = 1_770_000_000_000


class ScreenPageTests(ScreenCase):
    def test_twelve_and_twenty_four_tiles_fill_a_television_without_scrolling(self) -> None:
        for number in (1, 2, 5, 12, 24):
            page = self.open_page(size=TELEVISION)
            self.open_screen([make_tile(each, NOW_MS) for each in range(number)], page)
            expect(page.locator("#live-tiles li:visible")).to_have_count(number)
            assert page.evaluate(OVERFLOWS) == 0, number
            if number <= 12:
                assert page.evaluate(DIGITS_SHARE) >= SHORTEST_COUNT
            page.context.close()

    def test_more_tiles_are_shown_in_pages_that_turn_by_themselves(self) -> None:
        page = self.open_page(size=TELEVISION)
        page.clock.install()
        self.open_screen([make_tile(each, NOW_MS) for each in range(30)], page)
        first = page.locator("#live-tiles li:visible .live-name")
        expect(first).to_have_count(15)
        expect(first.first).to_have_text("Athlete 000")
        expect(page.locator("#live-page")).to_have_text("1 / 2")
        page.clock.run_for(10_000)
        expect(page.locator("#live-page")).to_have_text("2 / 2")
        expect(first.first).to_have_text("Athlete 015")

    def test_a_phone_needs_no_scrolling_either(self) -> None:
        page = self.open_page(size=PHONE)
        self.open_screen([make_tile(each, NOW_MS) for each in range(24)], page)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
        assert page.evaluate(OVERFLOWS) == 0

    def test_long_names_and_large_counts_are_readable(self) -> None:
        page = self.open_page(size=TELEVISION)
        session = {"type": "double_under", "at": NOW_MS, "set": 3, "rep": 400, "interval_ms": 12500}
        tiles = [
            make_tile(each, name=LONG_NAMES[each % 3], sessions=[{**session, "count": count}])
            for each, count in enumerate([7, 24, 999, 1200] * 3)
        ]
        self.open_screen(tiles, page)
        assert page.evaluate(OVERFLOWS) == 0
        assert page.evaluate(CUT_NAMES) == 0
        assert page.evaluate(COVERED_TEMPOS) == 0
        assert page.evaluate(DIGITS_SHARE) >= SHORTEST_COUNT

    def test_each_state_has_a_shape_and_a_colour_of_its_own_and_a_word(self) -> None:
        page = self.open_page(size=TELEVISION)
        self.open_screen(make_state_tiles(NOW_MS), page)
        found = page.evaluate(SHAPES)
        assert tuple(state for state, *_ in found) == STATES
        assert len({shape for _, shape, *_ in found}) >= len(STATES) - 1
        assert len({color for *_, color, _ in found}) == len(STATES)
        # the connected ring and the training disc have one outline: the ring is empty
        fills = {state: fill for state, *_, fill in found}
        assert fills["ready"] == "rgba(0, 0, 0, 0)" != fills["training"]
        words = page.locator(".live-state").all_inner_texts()
        for word, text in zip(
            ("training", "resting", "stalled", "offline", "finished", "connected"),
            words,
            strict=True,
        ):
            assert text.startswith(word)

    def test_each_states_words_fit_in_every_language(self) -> None:
        rows = [NOW_MS, NOW_MS - 14 * 60_000, NOW_MS - 45_000, NOW_MS - 29 * 60_000]
        for language in ("ru", "kk"):
            page = self.open_page(size=TELEVISION, language=language)
            tiles = [
                {**tile, "key": f"{at_ms} {tile['key']}"}
                for at_ms in rows
                for tile in make_state_tiles(at_ms)
            ]
            self.open_screen(tiles, page)
            expect(page.locator("#live-tiles li:visible")).to_have_count(24)
            assert page.evaluate(CUT_LINES) == [], language
            page.context.close()

    def test_a_tile_says_the_set_the_rep_in_it_and_the_tempo(self) -> None:
        page = self.open_page(size=TELEVISION)
        self.open_screen([make_tile(7, NOW_MS)], page)
        expect(page.locator(".live-progress")).to_have_text("set 3 · rep 8")
        expect(page.locator(".live-tempo")).to_have_text("2.4 s")
        expect(page.locator(".live-count")).to_have_text("107")

    def test_what_the_server_does_not_know_is_left_out(self) -> None:
        page = self.open_page(size=TELEVISION)
        session = {"type": "squat", "count": 5, "at": NOW_MS, "set": None}
        self.open_screen([make_tile(1, sessions=[session])], page)
        expect(page.locator(".live-count")).to_have_text("5")
        expect(page.locator(".live-progress")).to_have_text("")
        expect(page.locator(".live-tempo")).to_have_text("")

    def test_axe_finds_nothing_serious_in_either_theme(self) -> None:
        # axe-core inserts styles of its own, which the policy refuses
        page = self.open_page(size=TELEVISION, bypass_csp=True)
        self.open_screen(make_state_tiles(NOW_MS), page)
        page.evaluate(AXE_SCRIPT)
        for theme in ("dark", "light"):
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            found = page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
            assert [each["id"] for each in found if each["impact"] in SERIOUS] == []
        self.troubles.clear()  # axe-core fetches addresses that do not exist

    def test_the_button_fills_the_screen_and_is_gone(self) -> None:
        page = self.open_page(size=TELEVISION)
        self.open_screen([make_tile(1, NOW_MS)], page)
        page.get_by_role("button", name="Full screen").click()
        expect(page.locator("#live-full-screen")).to_be_hidden()
        assert page.evaluate("Boolean(document.fullscreenElement)")

    def test_without_a_link_it_says_what_to_do(self) -> None:
        self.page.goto("/wall/")
        status = self.page.locator("#live-connection")
        expect(status).to_contain_text("Open the link")
        assert self.page.evaluate(STATUS_SHARE) >= SHORTEST_COUNT  # to be read from afar
        self.page.goto("/wall/#not a token")
        expect(status).to_contain_text("does not work")


class ScreenJourneyTests(BrowserCase):
    @classmethod
    def make_data(cls) -> None:
        make_team(cls.service, "trainer", "ana", "bolat")
        make_team(cls.service, "another", "chingiz")

    def make_link(self, coach: Page) -> str:
        self.log_in("trainer", page=coach)
        coach.goto("/admin/workouts/team/")
        coach.get_by_role("link", name="team of trainer").click()
        coach.get_by_role("link", name="Show on a screen").click()
        coach.fill("#id_name", "Hall 2")
        coach.get_by_role("button", name="Make a link").click()
        return coach.locator("#invitation-link").inner_text()

    def test_a_coach_puts_the_team_on_a_screen_and_takes_it_off_again(self) -> None:
        link = self.make_link(self.page)
        address, _, token = link.partition("#")
        assert address == f"{self.service.url}/wall/"
        screen = self.open_page(size=TELEVISION)
        requests: list[str] = []
        screen.on("request", lambda request: requests.append(request.url))
        screen.on("websocket", lambda socket: requests.append(socket.url))
        screen.goto(link)
        expect(screen.locator("#live-team")).to_have_text("team of trainer")
        assert screen.url == address  # the token is out of the address
        send_rep(self.service, "chingiz")
        for count in ("1", "2"):
            # a rep right after the one before would be debounced
            wait_until(lambda: send_rep(self.service, "ana")["status"] == "counted")
            ana = screen.locator("#live-tiles li", has_text="ana")
            expect(ana.locator(".live-count")).to_have_text(count)
        assert screen.locator("#live-tiles li", has_text="chingiz").count() == 0
        assert screen.locator("#live-tiles a").count() == 0
        self.restart(screen, address)
        self.revoke(screen)
        assert not any(token in request.partition("#")[0] for request in requests)
        assert token not in self.service.output()

    def restart(self, screen: Page, address: str) -> None:
        """Open the bare address, as a television does that was switched on again."""
        screen.goto(address)
        expect(screen.locator("#live-team")).to_have_text("team of trainer")

    def revoke(self, screen: Page) -> None:
        self.page.get_by_role("link", name="Done").click()
        screens = self.page.locator("#screens li", has_text="Hall 2")
        expect(screens).to_contain_text("last seen")
        screens.get_by_text("Revoke").click()
        self.page.get_by_role("button", name="Revoke").click()
        expect(self.page.locator(".messagelist")).to_contain_text("Hall 2 is revoked")
        expect(screen.locator("#live-connection")).to_contain_text("This link was revoked")
        expect(screen.locator("#live-tiles li")).to_have_count(0)
        assert screen.evaluate("localStorage.length") == 0
        screen.reload()
        expect(screen.locator("#live-connection")).to_contain_text("Open the link")

    def test_the_coachs_own_wall_fits_a_phone_and_leads_to_a_screen(self) -> None:
        name = "The juniors of the national team, evening group"
        run_shell(
            self.service,
            "from workouts.models import Team; from django.contrib.auth.models import User;"
            f"Team.objects.create(name={name!r}).coaches.add(User.objects.get(username='another'))",
        )
        page = self.open_page(size=PHONE)
        self.log_in("another", page=page, to="/admin/live/")
        page.select_option("#live-team", label=name)
        page.wait_for_url("**/admin/live/?team=*")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
        page.get_by_role("link", name="Show on a screen").click()
        expect(page.locator("#content h1")).to_have_text(f"Show {name} on a screen")

    def test_tiles_on_the_coachs_own_wall_lead_to_the_athletes(self) -> None:
        self.log_in("trainer", to="/admin/live/")
        send_rep(self.service, "bolat")
        self.page.locator("#live-tiles").get_by_role("link", name="bolat").click()
        self.page.wait_for_url(re.compile(r"/admin/workouts/athlete/\d+/change/"))
        expect(self.page.locator("#content")).to_contain_text("bolat")
