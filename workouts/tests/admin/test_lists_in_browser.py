"""Lists in a browser: all columns at 1280 px, cards on a phone, filters above the table."""

from itertools import product

from playwright.sync_api import Page, expect

from workouts.tests.support.browsers import BrowserCase
from workouts.tests.support.coaches import team_code
from workouts.tests.support.pages import find_serious_violations, wait_until_settled
from workouts.tests.support.shell import run_shell

LANGUAGES = {"ru": "ru-RU", "kk": "kk-KZ"}
SESSIONS = "/admin/workouts/workoutsession/"
LISTS = (
    SESSIONS,
    "/admin/workouts/athlete/",
    "/admin/workouts/team/",
    "/admin/workouts/exercise/",
    "/admin/workouts/apikey/",
    "/admin/auth/user/",
)
DESKTOP, TABLET, PHONE = (1280, 900), (768, 1024), (390, 844)
# a long name, all the flags there are, and numbers with many digits
MAKE_SESSIONS = """
from datetime import timedelta
from workouts.fairness.flag_texts import NAMES
from workouts.models import Athlete, ReviewStatus
from workouts.services.key_making import make_api_key
from workouts.tests.support.cast import save_session
from workouts.tests.support.reviews import save_pending
user.is_superuser = True
user.save()
Athlete.objects.filter(user_id="ana").update(
    display_name="Гүлнәр Сейітқызы-Нұрмұхамбетова Константинопольская")
make_api_key(
    name="Выгрузка в таблицу клуба", coach=user, may_finish=True, expires_at=None, created_by=user)
save_pending("ana", reps=24)
save_session("ana", reps=1800, review_status=ReviewStatus.REJECTED,
             flags=[{"flag": name} for name in [*NAMES][:2]])
"""
# columns that are partly right of the list's edge, or of the screen's
OUTSIDE = """() => {
    const list = document.querySelector("#changelist-form .results");
    const right = Math.min(innerWidth, list.getBoundingClientRect().right) + 1;
    return [...document.querySelectorAll("#result_list th, #result_list td")]
        .filter((cell) => cell.getBoundingClientRect().right > right)
        .map((cell) => cell.className);
}"""
LABELS = """(cells) => cells.map(
    (cell) => [getComputedStyle(cell, "::before").content, cell.dataset.label])"""
UPPER_CASE = """() => [...document.querySelectorAll("#container *")]
    .filter((part) => getComputedStyle(part).textTransform !== "none")
    .map((part) => part.outerHTML)"""

HEADERS = "(cells) => cells.map((cell) => (cell.querySelector('a') ?? cell).textContent)"
# parts of a page that can be scrolled sideways
SIDEWAYS = """() => [document.documentElement, ...document.querySelectorAll(".session-scroll")]
    .filter((part) => part.scrollWidth > part.clientWidth)
    .map((part) => part.textContent)"""

# where the brand, the path, the title and the footer begin
LEFT_EDGES = """() => ["#site-name a", ".breadcrumbs a", "#content h1", "#time-zone"]
    .map((part) => document.querySelector(part).getBoundingClientRect().left)"""


def find_overflow(page: Page) -> list[str]:
    """Return the cells that are off the screen, and the page if it is wider than the screen."""
    outside: list[str] = page.evaluate(OUTSIDE)
    is_wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return [*outside, *(["the page"] if is_wide else [])]


class ListTests(BrowserCase):
    @classmethod
    def make_data(cls) -> None:
        code = team_code("head", "ana", "bolat", group="head coaches") + MAKE_SESSIONS
        run_shell(cls.service, code)

    def open_at(
        self, size: tuple[int, int], language: str = "ru-RU", to: str = SESSIONS, **more: object
    ) -> Page:
        return self.log_in("head", page=self.open_page(language=language, size=size, **more), to=to)

    def test_every_column_is_on_the_screen_at_1280_px_in_russian_and_kazakh(self) -> None:
        for language in LANGUAGES.values():
            page = self.open_at(DESKTOP, language)
            for address in LISTS:
                page.goto(address)
                expect(page.locator("#result_list tbody tr").first).to_be_visible()
                assert find_overflow(page) == [], (language, address)

    def test_two_more_columns_fit_in_the_list_of_sessions(self) -> None:
        for language in LANGUAGES.values():
            page = self.open_at(DESKTOP, language)
            page.evaluate(
                """for (const row of document.querySelectorAll("#result_list tr")) {
                    while (row.cells.length < 12) {
                        row.append(row.cells[4].cloneNode(true));
                    }
                }"""
            )
            assert find_overflow(page) == [], language

    def test_nothing_is_off_the_screen_on_a_phone_and_a_tablet(self) -> None:
        for size in (PHONE, (360, 740), TABLET):
            for language in LANGUAGES.values():
                page = self.open_at(size, language)
                for address in LISTS:
                    page.goto(address)
                    assert find_overflow(page) == [], (size, language, address)

    def test_a_page_has_one_left_edge(self) -> None:
        for size in (PHONE, TABLET, DESKTOP):
            edges = self.open_at(size).evaluate(LEFT_EDGES)
            assert len(set(edges)) == 1, (size, edges)

    def test_the_headings_above_cards_say_that_they_sort(self) -> None:
        for size, has_cards in ((PHONE, True), (TABLET, True), (DESKTOP, False)):
            page = self.open_at(size, "en-US", "/admin/workouts/athlete/")
            expect(page.get_by_text("Sort by", exact=True)).to_be_visible(visible=has_cards)

    def test_one_heading_that_sorts_is_no_choice_above_cards(self) -> None:
        page = self.open_at(PHONE, "en-US")
        expect(page.get_by_text("Sort by", exact=True)).to_be_hidden()
        expect(page.locator("#result_list thead .sortable")).to_be_hidden()

    def test_the_box_that_chooses_all_has_words_above_cards(self) -> None:
        for size, has_cards in ((PHONE, True), (TABLET, True), (DESKTOP, False)):
            words = self.open_at(size, "en-US").locator("label[for=action-toggle]")
            expect(words).to_have_text("Select all")
            expect(words).to_be_visible(visible=has_cards)

    def test_nothing_is_written_in_capitals(self) -> None:
        page = self.open_at(DESKTOP, "en-US")
        for address in (SESSIONS, "/admin/workouts/team/add/"):
            page.goto(address)
            assert page.evaluate(UPPER_CASE) == [], address

    def test_a_session_is_a_card_with_all_its_fields_on_a_phone(self) -> None:
        for language in LANGUAGES.values():
            page = self.open_at(PHONE, language)
            fields = page.locator("#result_list tbody tr").first.locator("[data-label]")
            headers = page.locator("#result_list thead th .text").all_text_contents()[1:]
            labels = fields.evaluate_all(LABELS)
            assert [label for _shown, label in labels] == headers
            assert all(shown == f'"{label}"' for shown, label in labels)
            for field in fields.all():
                has_value = field.get_attribute("data-empty") is None
                expect(field).to_be_visible(visible=has_value)
            load = page.locator("#result_list tbody tr").first.locator(".field-load")
            expect(load).to_be_hidden()
            for name in ("total_reps", "tempo .spark", "status .status"):
                expect(page.locator(f"#result_list .field-{name}").first).to_be_visible()

    def test_the_tables_of_a_page_are_cards_with_all_their_fields_on_a_phone(self) -> None:
        pages = {
            "/admin/workouts/team/": 1,
            "/admin/workouts/athlete/?q=ana": 2,
            f"{SESSIONS}?review_status__exact=pending": 1,
        }
        for size, (address, tables) in product((PHONE, TABLET), pages.items()):
            page = self.open_at(size, to=address)
            page.locator("#result_list tbody th a").first.click()
            expect(page.locator(".is-cards")).to_have_count(tables)
            page.wait_for_load_state()
            for table in page.locator(".is-cards").all():
                headers = table.locator("thead th").evaluate_all(HEADERS)
                labels = table.locator("tbody tr").first.locator("[data-label]")
                assert labels.evaluate_all(LABELS) == [
                    [f'"{header}"', header] for header in headers[-labels.count() :]
                ]
                assert labels.count() >= len(headers) - 1
            assert page.evaluate(SIDEWAYS) == [], (size, address)

    def test_a_sign_in_names_its_fields_on_a_phone(self) -> None:
        page = self.open_at(PHONE, to="/admin/sign-ins/")
        headers = page.locator("#trail thead th").all_text_contents()
        labels = page.locator("#trail tbody tr").first.locator("[data-label]").evaluate_all(LABELS)
        assert labels == [[f'"{header}"', header] for header in headers]

    def test_sessions_are_chosen_and_reviewed_on_a_phone(self) -> None:
        page = self.open_at(PHONE)
        page.locator("#result_list tbody .action-select").first.check()
        expect(page.locator(".action-counter")).to_contain_text("1")
        page.select_option("[name=action]", "approve_selected")
        page.locator(".actions button").click()
        expect(page.locator("form[action$='/decision/'] textarea")).to_be_visible()

    def test_all_sessions_are_chosen_at_once_on_a_phone(self) -> None:
        page = self.open_at(PHONE)
        page.locator("#action-toggle").check()
        expect(page.locator("#result_list .action-select:not(:checked)")).to_have_count(0)

    def test_the_filters_say_what_is_set_while_they_are_closed(self) -> None:
        page = self.open_at(DESKTOP, "en-US")
        page.goto(f"{SESSIONS}?review_status__exact=pending&athlete=ana")
        expect(page.locator("#changelist-filter")).to_be_hidden()
        expect(page.locator("#filters > summary")).to_have_text("Filters (2)")
        chosen = page.locator(".filters-chosen > span")
        expect(chosen).to_have_text(["Athlete: ana", "Review: needs review"])
        page.locator(".filters-chosen a").click()
        page.wait_for_url(lambda url: "review_status" not in url)
        expect(page.locator(".filters-chosen")).to_have_count(0)

    def test_the_filters_open_by_keyboard_and_stay_open_on_the_next_page(self) -> None:
        page = self.open_at(DESKTOP, "en-US")
        page.locator("#filters > summary").focus()
        page.keyboard.press("Enter")
        page.locator("#changelist-filter a", has_text="needs review").click()
        page.wait_for_url("**review_status__exact=pending**")
        expect(page.locator("#changelist-filter .selected", has_text="review")).to_be_visible()

    def test_a_filter_with_a_mistake_is_open(self) -> None:
        page = self.open_at(DESKTOP, "en-US", f"{SESSIONS}?athlete=nobody")
        expect(page.locator("#changelist-filter .errorlist")).to_be_visible()

    def test_the_filters_work_without_javascript(self) -> None:
        page = self.open_at(PHONE, "en-US", java_script_enabled=False)
        page.locator("#filters > summary").click()
        page.locator("#changelist-filter a", has_text="needs review").click()
        expect(page.locator("#filters > summary")).to_have_text("Filters (1)")

    def test_axe_finds_nothing_serious_with_the_filters_open(self) -> None:
        for size in (DESKTOP, PHONE):
            page = self.open_at(size)
            page.locator("#filters > summary").click()
            wait_until_settled(page)
            expect(
                page.locator("#changelist-filter .select2-selection[aria-label]")
            ).to_be_visible()
            assert find_serious_violations(page) == []
