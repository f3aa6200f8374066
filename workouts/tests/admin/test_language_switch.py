"""Languages: which one a visitor gets, and how to switch."""

import re

from django.contrib.auth import get_user_model
from django.test import Client, TestCase
from django.utils import translation
from playwright.sync_api import expect

from workouts.tests.support.browsers import BrowserCase
from workouts.tests.support.coaches import make_team

LOGIN = "/admin/login/?next=/admin/workouts/team/"
A_YEAR_S = 31_536_000


class SwitchTests(TestCase):
    def setUp(self) -> None:
        self.addCleanup(translation.activate, translation.get_language())

    def switch(self, to: str, **fields: str) -> str:
        """Choose a language, and return the address it leads to."""
        response = self.client.post("/i18n/setlang/", {"language": to, **fields})
        assert response.status_code == 302
        return response["Location"]

    def test_it_leads_back_to_the_same_page_in_the_new_language(self) -> None:
        for code, text in (("ru", "Войти"), ("kk", "Кіру"), ("en", "Log in")):
            assert self.switch(code, next=LOGIN) == LOGIN
            page = self.client.get(LOGIN).content.decode()
            assert f'<html lang="{code}"' in page
            assert text in page
            assert f'value="{code}" lang="{code}" aria-current="true"' in page

    def test_the_choice_is_remembered_for_a_year(self) -> None:
        self.switch("kk")
        cookie = self.client.cookies["django_language"]
        assert (cookie.value, cookie["max-age"], cookie["samesite"], cookie["httponly"]) == (
            "kk",
            A_YEAR_S,
            "Lax",
            True,
        )

    def test_it_never_leads_to_another_site(self) -> None:
        for elsewhere in (
            "https://evil.example/",
            "//evil.example",
            "/\\evil.example",
            "javascript:alert(1)",
            "http:evil.example",
        ):
            assert self.switch("ru", next=elsewhere) == "/"

    def test_an_unknown_language_changes_nothing(self) -> None:
        for unknown in ("xx", "", "../ru", "de"):
            self.switch(unknown)
            assert '<html lang="en"' in self.client.get(LOGIN).content.decode()

    def test_it_takes_only_forms_from_this_site(self) -> None:
        assert (
            Client(enforce_csrf_checks=True).post("/i18n/setlang/", {"language": "ru"}).status_code
            == 403
        )
        self.client.get("/i18n/setlang/?language=ru&next=/")
        assert "django_language" not in self.client.cookies

    def test_without_a_choice_the_page_is_in_the_browsers_language(self) -> None:
        for header, code in (
            ("kk-KZ,kk;q=0.9,ru;q=0.8", "kk"),
            ("de, ru;q=0.5", "ru"),
            ("de", "en-de"),
        ):
            assert (
                f'<html lang="{code}"'
                in self.client.get(LOGIN, headers={"accept-language": header}).content.decode()
            )

    def test_after_a_logout_it_leads_to_the_home_page(self) -> None:
        self.client.force_login(get_user_model().objects.create_superuser("head"))
        page = self.client.post("/admin/logout/").content.decode()
        assert re.search(r'name="next" value="/admin/"', page)

    def test_the_home_page_has_the_same_name_in_its_title_and_the_menu(self) -> None:
        self.client.force_login(get_user_model().objects.create_superuser("head"))
        page = self.client.get("/admin/").content.decode()
        assert "<title>Home | Senim</title>" in page
        assert '<a href="/admin/" aria-current="page">Home</a>' in page
        assert '<a href="/admin/">Senim</a>' in page


class BrowserTests(BrowserCase):
    @classmethod
    def make_data(cls) -> None:
        make_team(cls.service, "head", group="head coaches")

    def test_it_switches_by_keyboard_before_the_login(self) -> None:
        self.page.goto(LOGIN)
        button = self.page.get_by_role("form", name="Language").get_by_role(
            "button", name="Қазақша"
        )
        button.focus()
        self.page.keyboard.press("Enter")
        self.page.locator("html[lang=kk]").wait_for()
        assert self.page.url.endswith(LOGIN)

    def test_it_switches_without_javascript(self) -> None:
        page = self.open_page(java_script_enabled=False)
        page.goto(LOGIN)
        page.get_by_role("button", name="Русский").click()
        page.get_by_role("button", name="Войти").wait_for()

    def test_it_switches_in_the_header_and_keeps_the_search(self) -> None:
        self.log_in("head", to="/admin/workouts/team/?q=x")
        self.page.locator("#account-button").click()
        self.page.locator("#account").get_by_role("button", name="Русский").click()
        self.page.locator("html[lang=ru]").wait_for()
        assert self.page.url.endswith("/admin/workouts/team/?q=x")

    def test_the_header_fits_on_a_phone(self) -> None:
        page = self.log_in("head", page=self.open_page(size=(360, 740)))
        assert page.evaluate("document.documentElement.scrollWidth") <= 360

    def test_the_scripts_of_the_admin_speak_kazakh(self) -> None:
        page = self.open_page(language="kk")
        self.log_in("head", page=page, to="/admin/workouts/team/add/")
        spoken = page.evaluate(
            """[
                gettext("Choose a Date"),
                pgettext("one letter Monday", "M"),
                get_format("FIRST_DAY_OF_WEEK"),
            ]"""
        )
        assert spoken == ["Күнді таңдаңыз", "Д", 1]
        chosen = page.locator(".selector-chosen")
        expect(chosen.get_by_text("тізімін тазалау")).to_be_visible()
