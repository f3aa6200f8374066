"""The admin site: the default one, its own first page, and titles that say what a page shows."""

import re
import sys
from types import ModuleType
from unittest.mock import patch

from django.contrib import admin
from django.test import SimpleTestCase, override_settings
from django.urls import resolve, reverse

from senim.urls import urlpatterns
from workouts.models import Athlete, Exercise, Team, WorkoutSession
from workouts.tests.support.admin import ADMIN, ATHLETES, EXERCISES, SESSIONS, AdminCase
from workouts.tests.support.cast import save_session

TEAMS = f"{ADMIN}workouts/team/"


class SiteTests(SimpleTestCase):
    def test_it_is_the_default_site(self) -> None:
        assert type(admin.site._wrapped).__name__ == "SenimAdminSite"  # type: ignore[attr-defined]

    def test_it_has_every_model_a_coach_works_with(self) -> None:
        for model in (Athlete, Exercise, Team, WorkoutSession):
            assert admin.site.is_registered(model)

    def test_its_addresses_have_not_changed(self) -> None:
        assert reverse("admin:index") == ADMIN
        assert reverse("admin:live") == f"{ADMIN}live/"
        assert resolve(f"{ADMIN}workouts/").url_name == "app_list"


class HomeTests(AdminCase):
    def test_the_home_page_is_the_sites_own_whatever_the_order_of_the_addresses(self) -> None:
        backwards = ModuleType("backwards_urls")
        backwards.urlpatterns = urlpatterns[::-1]  # type: ignore[attr-defined]
        for urlconf in ("senim.urls", "backwards_urls"):
            with (
                patch.dict(sys.modules, backwards_urls=backwards),
                override_settings(ROOT_URLCONF=urlconf),
            ):
                assert "Inactive for 7 days" in self.page(ADMIN)
                assert resolve(ADMIN).view_name == "admin:index"
                assert 'id="live"' in self.page(f"{ADMIN}live/")


class MenuTests(AdminCase):
    def test_a_page_of_a_section_marks_it_in_the_menu(self) -> None:
        save_session("aigul-1")
        athlete = Athlete.objects.get()
        for path, section in (
            (f"{ATHLETES}{athlete.pk}/change/", ATHLETES),
            (f"{ATHLETES}{athlete.pk}/trends/", ATHLETES),
            (f"{SESSIONS}{WorkoutSession.objects.get().pk}/change/", SESSIONS),
            (f"{TEAMS}add/", TEAMS),
        ):
            menu = self.page(path).partition('<nav id="pages"')[2].partition("</nav>")[0]
            marked = re.findall(r'<a href="([^"]*)" aria-current="true"', menu)
            assert marked == [section], path
            assert menu.count("aria-current") == 1


class TitleTests(AdminCase):
    def setUp(self) -> None:
        super().setUp()
        self.session = save_session("aigul-1", reps=9)
        Athlete.objects.filter(user_id="aigul-1").update(display_name="Aigul")
        self.athlete = Athlete.objects.get(user_id="aigul-1")
        self.team = Team.objects.create(name="Juniors")

    def title(self, path: str, **query: str) -> str:
        page = self.page(path, **query)
        return page.partition("<title>")[2].partition(" | Senim</title>")[0]

    def breadcrumbs(self, path: str) -> str:
        response = self.client.get(path)
        assert response.status_code == 200
        text = response.content.decode().partition('class="breadcrumbs">')[2].partition("</div>")[0]
        links = (
            part.partition(">")[2].partition("<")[0] or part for part in text.split("&rsaquo;")
        )
        return " > ".join(link.strip() for link in links)

    def test_lists_are_titled_by_what_they_list(self) -> None:
        for path, title in (
            (SESSIONS, "Sessions"),
            (ATHLETES, "Athletes"),
            (TEAMS, "Teams"),
            (EXERCISES, "Exercises"),
        ):
            assert self.title(path) == title
            assert self.breadcrumbs(path) == f"Home > {title}"

    def test_djangos_own_lists_are_too(self) -> None:
        for name, title in (("user", "Users"), ("group", "Groups")):
            assert self.title(f"{ADMIN}auth/{name}/") == title
            assert self.breadcrumbs(f"{ADMIN}auth/{name}/") == f"Home > {title}"

    def test_a_popup_asks_to_choose(self) -> None:
        assert self.title(ATHLETES, _popup="1") == "Select athlete"

    def test_a_page_is_titled_by_its_object(self) -> None:
        squat = Exercise.objects.get(slug="squat")
        for path, title in (
            (f"{SESSIONS}{self.session.pk}/change/", "Aigul, Squat, 9 reps | Session"),
            (f"{ATHLETES}{self.athlete.pk}/change/", "Aigul | Athlete"),
            (f"{TEAMS}{self.team.pk}/change/", "Juniors | Team"),
            (f"{EXERCISES}{squat.pk}/change/", "Squat | Exercise"),
        ):
            assert self.title(path) == title

    def test_what_adds_something_says_so_as_people_do(self) -> None:
        for name, text in (
            ("workouts/athlete", "Add an athlete"),
            ("workouts/team", "Add a team"),
            ("workouts/apikey", "Add an API key"),
            ("workouts/exercise", "Add an exercise"),
            ("auth/user", "Add a user"),
            ("auth/group", "Add a group"),
        ):
            path = f"{ADMIN}{name}/"
            assert f'class="addlink">{text}</a>' in self.page(path)
            assert self.title(f"{path}add/") == text
            assert self.breadcrumbs(f"{path}add/").endswith(f" > {text}")

    def test_it_does_so_in_a_language_that_declines_words(self) -> None:
        self.client.cookies["django_language"] = "ru"
        for path, text in ((ATHLETES, "Добавить спортсмена"), (TEAMS, "Добавить команду")):
            assert f'class="addlink">{text}</a>' in self.page(path)
            assert self.title(f"{path}add/") == text

    def test_pages_about_users_say_that_they_are(self) -> None:
        path = f"{ADMIN}auth/user/{self.coach.pk}"
        for page, crumbs in (
            ("change", "coach"),
            ("password", "coach > Change password: coach"),
            ("history", "coach > History"),
            ("delete", "coach > Delete user"),
        ):
            assert self.breadcrumbs(f"{path}/{page}/") == f"Home > Users > {crumbs}"
        assert self.title(f"{path}/change/") == "coach | User"
        assert self.title(f"{ADMIN}auth/") == "Users"
        response = self.client.post(
            f"{ADMIN}auth/user/",
            {"action": "delete_selected", "_selected_action": [self.coach.pk]},
        )
        assert "Authentication" not in response.content.decode()

    def test_pages_about_users_say_so_in_each_language(self) -> None:
        for language, users, djangos in (
            ("ru", "Пользователи", "Пользователи и группы"),
            ("kk", "Қолданушылар", "Аутентификация және авторизация"),
        ):
            self.client.cookies["django_language"] = language
            for path in ("", "user/", "user/add/", f"user/{self.coach.pk}/change/"):
                page = self.page(f"{ADMIN}auth/{path}")
                crumbs = page.partition('class="breadcrumbs">')[2].partition("</div>")[0]
                assert users in crumbs
                # the box of single rights, for superusers, names them as Django does
                assert djangos not in re.sub("<option.*?</option>", "", page)
            assert djangos not in self.page(ADMIN)

    def test_a_session_is_named_as_a_coach_would(self) -> None:
        path = f"{SESSIONS}{self.session.pk}/"
        assert self.breadcrumbs(f"{path}change/") == "Home > Sessions > Aigul, Squat, 9 reps"
        assert (
            self.breadcrumbs(f"{path}history/")
            == "Home > Sessions > Aigul, Squat, 9 reps > History"
        )

    def test_a_session_is_named_in_the_language_of_the_page(self) -> None:
        self.client.cookies["django_language"] = "ru"
        assert "Приседания" in self.breadcrumbs(f"{SESSIONS}{self.session.pk}/change/")

    def test_the_page_for_a_sessions_load_says_which_session_it_is(self) -> None:
        path = f"{SESSIONS}{self.session.pk}/load/"
        assert self.title(path) == "Aigul, Squat, 9 reps | Load"
        assert self.breadcrumbs(path) == "Home > Sessions > Aigul, Squat, 9 reps > Load"
        self.client.cookies["django_language"] = "ru"
        assert self.title(path) == "Aigul, Приседания, 9 повторений | Вес"

    def test_trends_say_of_whom_and_of_what(self) -> None:
        assert self.title(f"{ATHLETES}{self.athlete.pk}/trends/") == "Aigul, Squat | Trends"

    def test_histories_say_whose_they_are(self) -> None:
        assert self.title(f"{ATHLETES}{self.athlete.pk}/history/") == "Aigul | History"
        assert self.client.get(f"{ATHLETES}0/history/").status_code == 302

    def test_a_deletion_says_what_is_deleted(self) -> None:
        assert self.title(f"{TEAMS}{self.team.pk}/delete/") == "Juniors | Delete team"

    def test_a_deletion_of_many_says_what_is_deleted(self) -> None:
        response = self.client.post(
            TEAMS, {"action": "delete_selected", "_selected_action": [self.team.pk]}
        )
        assert "<title>Delete team | Senim</title>" in response.content.decode()

    def test_a_decision_says_how_many_sessions_it_is_about(self) -> None:
        other = save_session("aigul-1")
        for ids, title in (
            ([self.session.pk], "Reject 1 session"),
            ([self.session.pk, other.pk], "Reject 2 sessions"),
        ):
            response = self.client.get(f"{SESSIONS}decision/", {"to": "rejected", "ids": ids})
            assert f"<title>{title} | Senim</title>" in response.content.decode()

    def test_the_page_of_an_app_is_titled_by_its_name(self) -> None:
        assert self.title(f"{ADMIN}workouts/") == "Workouts"

    def test_the_directory_of_models_calls_each_list_what_its_page_does(self) -> None:
        (app,) = self.client.get(f"{ADMIN}workouts/").context["app_list"]
        assert [model["name"] for model in app["models"]] == [
            "API keys",
            "Athletes",
            "Exercises",
            "Sessions",
            "Teams",
        ]
