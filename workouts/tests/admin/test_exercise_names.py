"""Exercises that Senim comes with are named in each viewer's language, on every page."""

import json
import re
from typing import Any
from unittest.mock import patch

from django.contrib.admin.models import LogEntry

from workouts.live.sessions import ParkedSession, SessionName
from workouts.models import Exercise
from workouts.models.sort_names import make_sort_name
from workouts.tests.support.admin import ADMIN, EXERCISES, SESSIONS
from workouts.tests.support.cast import save_session
from workouts.tests.support.coach_cast import CoachCase
from workouts.tests.support.reviews import PENDING, save_pending

TEXTS = re.compile(r'<script id="live-texts" type="application/json">(.*?)</script>')


class NameCase(CoachCase):
    def setUp(self) -> None:
        super().setUp()
        self.row = save_pending("ana-1")
        self.squat = Exercise.objects.get(slug="squat")

    def read(self, path: str, language: str = "ru", **query: Any) -> str:
        headers = {"accept-language": language}
        response = self.client.get(path, query, headers=headers)
        assert response.status_code == 200, (path, response.status_code)
        return str(response.content.decode())


class OrderTests(NameCase):
    def test_lists_are_in_the_order_of_the_shown_names(self) -> None:
        for language in ("en", "ru", "kk"):
            listed = re.findall(r'/change/">([^<]+)</a></th>', self.read(EXERCISES, language))
            assert listed == sorted(listed, key=make_sort_name)
            assert len(listed) == Exercise.objects.count()


class StoredTests(NameCase):
    def open_own_page(self, exercise: Exercise) -> str:
        self.client.force_login(self.root)
        return self.read(f"{EXERCISES}{exercise.pk}/change/")

    def test_a_name_that_senim_came_with_says_that_it_is_in_english(self) -> None:
        stored = "Название на английском"
        assert stored in self.open_own_page(self.squat)
        Exercise.objects.filter(pk=self.squat.pk).update(name="Присед у стены")
        assert stored not in self.open_own_page(self.squat)

    def test_sources_have_links(self) -> None:
        Exercise.objects.filter(pk=self.squat.pk).update(
            source="press: pushupguide.com/records.htm; 102 in 0.5 min, doi 10.1101/2021.05, <b>"
        )
        links = (
            '<a href="https://pushupguide.com/records.htm">pushupguide.com/records.htm</a>',
            '<a href="https://doi.org/10.1101/2021.05">doi 10.1101/2021.05</a>',
        )
        shown = self.read(f"{EXERCISES}{self.squat.pk}/change/")  # by who may not change it
        assert f"press: {links[0]}; 102 in 0.5 min, {links[1]}, &lt;b&gt;" in shown
        assert ", ".join(links) in self.open_own_page(self.squat)


class PagesTests(NameCase):
    def test_pages_name_it_in_the_viewers_language(self) -> None:
        session = f"{SESSIONS}{self.row.pk}"
        for path in (
            ADMIN,
            SESSIONS,
            f"{session}/change/",
            f"{session}/load/",
            f"{session}/history/",
            f"{SESSIONS}decision/?to=approved&ids={self.row.pk}",
            f"{SESSIONS}export/?exercise__slug__exact=squat",
            f"{self.athlete_page}change/",
            f"{self.athlete_page}trends/",
            f"{self.team_page}change/",
            EXERCISES,
            f"{EXERCISES}{self.squat.pk}/change/",
        ):
            for language, name in (("ru", "Приседания"), ("kk", "Отырып-тұру")):
                with self.subTest(path, language=language):
                    page = self.read(path, language)
                    assert name in page
                    assert "Squat" not in page

    def test_walls_name_it_in_the_viewers_language(self) -> None:
        for path in (f"{ADMIN}live/", "/wall/"):
            found = TEXTS.search(self.read(path))
            assert found
            assert json.loads(found[1])["exercises"]["squat"] == "Приседания"

    def test_the_flag_for_two_exercises_names_the_other_one(self) -> None:
        flag = {"flag": "two_bodies", "exercise": "push_up", "changes": 9, "exercises": 1}
        row = save_session("ana-1", flags=[flag], review_status=PENDING)
        page = self.read(f"{SESSIONS}{row.pk}/change/")
        assert "Отжимания" in page
        assert "push_up" not in page

    def test_sessions_that_are_not_saved_yet_have_the_name_too(self) -> None:
        names = (SessionName("ana-1", "squat", "1"), SessionName("ana-1", "of_long_ago", "2"))
        parked = [ParkedSession(name, "no", 1) for name in names]
        with patch("workouts.live.store.LiveStore.parked_sessions", return_value=iter(parked)):
            page = self.read(f"{SESSIONS}parked/")
        assert "<td>Приседания</td>" in page
        assert "<td>of_long_ago</td>" in page

    def test_an_exported_file_has_the_name_and_what_programs_read(self) -> None:
        response = self.client.get(f"{SESSIONS}export/file/", headers={"accept-language": "ru"})
        assert ",squat,Приседания," in b"".join(response).decode()


class CatalogueTests(NameCase):
    def test_the_list_finds_the_name_it_shows_and_the_stored_one(self) -> None:
        for term in ("присед", "ПРИСЕДАНИЯ", "Squat", "squ"):
            page = self.read(EXERCISES, q=term)
            assert page.count('class="field-__str__"') == 1
            assert ">Приседания</a>" in page
        assert 'class="field-__str__"' not in self.read(EXERCISES, q="плавание")

    def test_a_name_that_a_coach_chose_is_the_same_for_everyone(self) -> None:
        # "Load" has a translation, which is about weights
        Exercise.objects.filter(slug="squat").update(name="Load")
        for path, shown in (
            (f"{SESSIONS}{self.row.pk}/change/", "<dd>Load</dd>"),
            (f"{self.team_page}change/", ", Load</td>"),
            (EXERCISES, ">Load</a>"),
        ):
            assert shown in self.read(path)

    def test_the_form_has_the_stored_name(self) -> None:
        self.client.force_login(self.head)
        page = self.read(f"{EXERCISES}{self.squat.pk}/change/")
        assert 'name="name" value="Squat"' in page
        assert "<title>Приседания | " in page

    def test_the_trail_names_it_in_each_viewers_language_whatever_the_actors_was(self) -> None:
        self.client.force_login(self.head)
        names = [field.name for field in Exercise._meta.fields]
        form = {name: getattr(self.squat, name) or "" for name in names} | {"active": "on"}
        path = f"{EXERCISES}{self.squat.pk}/change/"
        response = self.client.post(path, form, headers={"accept-language": "kk"})
        assert response.status_code == 302
        assert LogEntry.objects.get().object_repr == "Squat"
        for language, name in (("en", "Squat"), ("ru", "Приседания"), ("kk", "Отырып-тұру")):
            headers = {"accept-language": language}
            lines = self.client.get(f"{ADMIN}sign-ins/", headers=headers).context["page"]
            assert [line.object.partition(": ")[2] for line in lines if line.object] == [name]
