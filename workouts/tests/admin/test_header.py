"""The header in a browser: one line in every language, and a menu that needs no mouse."""

from playwright.sync_api import Page, expect

from workouts.tests.support.browsers import BrowserCase
from workouts.tests.support.coaches import PASSWORD, make_team
from workouts.tests.support.pages import find_serious_violations

LANGUAGES = {"en": "en-US", "ru": "ru-RU", "kk": "kk-KZ"}
MAX_HEIGHT = 56
PHONE = (390, 844)


def measure_header(page: Page) -> tuple[float, float]:
    """Return the header's height, and how much wider than the screen the page is."""
    height, overflow = page.evaluate(
        """[document.querySelector("#header").getBoundingClientRect().height,
            document.documentElement.scrollWidth - innerWidth]"""
    )
    return height, overflow


class HeaderTests(BrowserCase):
    @classmethod
    def make_data(cls) -> None:
        make_team(cls.service, "head", group="head coaches")

    def open_at(self, size: tuple[int, int], language: str = "en", **more: object) -> Page:
        page = self.open_page(language=LANGUAGES[language], size=size, **more)
        return self.log_in("head", page=page)

    def test_it_is_one_line_at_1280_px_in_every_language(self) -> None:
        for language in LANGUAGES:
            page = self.open_at((1280, 900), language)
            assert page.locator("html").get_attribute("lang") == language
            height, overflow = measure_header(page)
            assert (height <= MAX_HEIGHT, overflow) == (True, 0), language
            assert len({box.bounding_box()["y"] for box in page.locator("#pages a").all()}) == 1
            expect(page.locator("#pages a")).to_have_count(7)

    def test_it_is_one_line_with_a_menu_on_a_phone_in_every_language(self) -> None:
        for language in LANGUAGES:
            for size in (PHONE, (360, 740)):
                page = self.open_at(size, language)
                height, overflow = measure_header(page)
                assert (height <= MAX_HEIGHT, overflow) == (True, 0), language
                expect(page.locator("#pages a").first).to_be_hidden()
                page.locator("#menu-button").click()
                for part in ("#pages a", "#account .languages button", "#logout-form button"):
                    expect(page.locator(part).last).to_be_visible()
                assert measure_header(page)[1] == 0

    def test_the_menu_opens_by_keyboard_and_escape_closes_it(self) -> None:
        page = self.open_at(PHONE)
        button = page.locator("#menu-button")
        button.focus()
        page.keyboard.press("Enter")
        expect(page.locator("#pages a").first).to_be_visible()
        page.keyboard.press("Tab")
        expect(page.locator("#pages a").first).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.locator("#pages a").first).to_be_hidden()
        expect(button).to_be_focused()

    def test_the_accounts_menu_opens_by_keyboard_and_a_click_beside_it_closes_it(self) -> None:
        page = self.open_at((1280, 900))
        expect(page.locator("#logout-form")).to_be_hidden()
        page.locator("#account-button").focus()
        page.keyboard.press("Space")
        expect(page.locator("#logout-form button")).to_be_visible()
        page.mouse.click(300, 600)
        expect(page.locator("#logout-form")).to_be_hidden()

    def test_the_menu_works_without_javascript(self) -> None:
        page = self.open_at(PHONE, java_script_enabled=False)
        page.locator("#menu-button").click()
        page.locator("#pages a").nth(2).click()
        page.wait_for_url("**/admin/workouts/workoutsession/")

    def test_the_theme_is_in_the_menu(self) -> None:
        page = self.open_at(PHONE)
        page.locator("#menu-button").click()
        page.locator("#account .theme-toggle").click()
        expect(page.locator("html[data-theme=dark]")).to_be_attached()

    def test_the_languages_are_visible_before_the_login(self) -> None:
        page = self.open_page(size=PHONE)
        page.goto("/admin/login/")
        for name in ("English", "Русский", "Қазақша"):
            expect(page.get_by_role("button", name=name)).to_be_visible()
        assert measure_header(page)[1] == 0

    def test_axe_finds_nothing_serious_with_the_menus_open(self) -> None:
        for size, button in (((1280, 900), "#account-button"), (PHONE, "#menu-button")):
            for theme in ("light", "dark"):
                page = self.open_at(size, color_scheme=theme)
                assert find_serious_violations(page) == []
                page.locator(button).click()
                assert find_serious_violations(page) == []

    def test_it_logs_out(self) -> None:
        page = self.open_at((1280, 900))
        page.locator("#account-button").click()
        page.locator("#logout-form button").click()
        page.wait_for_url("**/admin/logout/")
        self.log_in("head", PASSWORD, page=page)
