"""Searches that ignore case, on SQLite and on PostgreSQL."""

from typing import Any

from django.contrib.admin import site
from django.contrib.auth import get_user_model
from django.db import connections
from django.db.models import F
from django.http import HttpRequest

from workouts.models import Athlete, Team
from workouts.tests.support.extra_databases import ExtraDatabase, UsesExtraDatabases

NAMES = ("Әсел", "ЁЛКА", "ұлан ҚАЙРАТ", "Ann", "50 %", "a_b", "a\\b", "two\nlines")
SEARCHES = {
    "әсел": ["Әсел"],
    "ӘСЕЛ": ["Әсел"],
    "ёлка": ["ЁЛКА"],
    "Ёл": ["ЁЛКА"],
    "Қайрат": ["ұлан ҚАЙРАТ"],
    "ҰЛАН қ": ["ұлан ҚАЙРАТ"],
    "aNN": ["Ann"],
    "%": ["50 %"],
    "a_B": ["a_b"],
    "A\\b": ["a\\b"],
    "TWO\nl": ["two\nlines"],
    "нет": [],
}


class SearchSuite(UsesExtraDatabases):
    __test__ = False
    database: ExtraDatabase

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.database = cls.make_database()
        cls.database.migrate()
        Athlete.objects.using(cls.database.alias).bulk_create(
            Athlete(user_id=f"a{number}", display_name=name) for number, name in enumerate(NAMES)
        )

    @classmethod
    def make_database(cls) -> ExtraDatabase:
        raise NotImplementedError

    def find(self, **filters: Any) -> list[str]:
        athletes = Athlete.objects.using(self.database.alias).filter(**filters)
        return list(athletes.order_by("user_id").values_list("display_name", flat=True))

    def test_a_part_of_a_name_is_found_whatever_its_case(self) -> None:
        for text, found in SEARCHES.items():
            with self.subTest(text):
                assert self.find(display_name__icontains=text) == found

    def test_a_part_of_a_sort_name_is_found_whatever_its_case(self) -> None:
        for text, found in {**SEARCHES, "A3": [], "nobody": []}.items():
            with self.subTest(text):
                assert self.find(sort_name__icontains=text) == found

    def test_an_athlete_without_a_name_is_found_by_the_user_id(self) -> None:
        athletes = Athlete.objects.using(self.database.alias)
        nameless = athletes.create(user_id="Nameless-1")
        self.addCleanup(nameless.delete)
        for lookup in ("sort_name__icontains", "user_id__icontains"):
            with self.subTest(lookup):
                assert athletes.get(**{lookup: "nAMELESS"}) == nameless

    def test_the_other_lookups_ignore_case_too(self) -> None:
        assert self.find(display_name__istartswith="ҰЛАН") == ["ұлан ҚАЙРАТ"]
        assert self.find(display_name__istartswith="қайрат") == []
        assert self.find(display_name__iendswith="қайрат") == ["ұлан ҚАЙРАТ"]
        assert self.find(display_name__iendswith="ҰЛАН") == []
        assert self.find(display_name__iexact="ёлка") == ["ЁЛКА"]
        assert self.find(display_name__iexact="ёл") == []

    def test_columns_are_compared_without_regard_to_case(self) -> None:
        assert self.find(display_name__icontains=F("display_name")) == [*NAMES]

    def test_teams_and_users_are_found_as_well(self) -> None:
        alias = self.database.alias
        Team.objects.using(alias).create(name="Жұлдыз")
        get_user_model().objects.using(alias).create(username="ҚУАНЫШ")
        assert Team.objects.using(alias).filter(name__icontains="ЖҰЛД").exists()
        assert get_user_model().objects.using(alias).filter(username__iexact="қуаныш").exists()

    def test_nothing_is_like_null(self) -> None:
        assert self.database.execute("SELECT NULL LIKE '%', 'a' LIKE NULL") == [(None, None)]


class SqliteSearchTests(SearchSuite):
    __test__ = True

    @classmethod
    def make_database(cls) -> ExtraDatabase:
        return cls.add_sqlite()

    def test_wildcards_and_their_escapes_work_as_they_do_in_sql(self) -> None:
        for text, pattern, is_found in (
            ("Әсел", "ә_ел", True),
            ("Әсел", "ә_л", False),
            ("Әсел", "%Е%", True),
            ("Әсел", "", False),
            ("", "%", True),
            ("a%", "A!%", True),
            ("ab", "a!%", False),
            ("a!", "a!", False),
        ):
            with (
                self.subTest(text=text, pattern=pattern),
                connections[self.database.alias].cursor() as cursor,
            ):
                cursor.execute("SELECT %s LIKE %s ESCAPE '!'", [text, pattern])
                assert cursor.fetchone() == (is_found,)


class PostgresSearchTests(SearchSuite):
    """On a cluster whose locale is C: see senim/embedded/postgres.py."""

    __test__ = True

    @classmethod
    def make_database(cls) -> ExtraDatabase:
        return cls.add_postgres()

    def test_a_search_for_athletes_translates_and_joins_nothing(self) -> None:
        """That takes ten times as long as the rest of the search, a join on SQLite even longer."""
        admin = site.get_model_admin(Athlete)
        everyone = Athlete.objects.using(self.database.alias)
        found, _may_repeat = admin.get_search_results(HttpRequest(), everyone, "ұлан")
        assert [athlete.display_name for athlete in found] == ["ұлан ҚАЙРАТ"]
        sql = str(found.query)
        assert "TRANSLATE" not in sql
        assert "JOIN" not in sql
