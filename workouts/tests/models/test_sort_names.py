"""The order of names, on any database."""

from django.test import SimpleTestCase, TestCase

from workouts.models import Athlete, Team
from workouts.models.sort_names import make_sort_name

SORTED = (
    "ann",
    "Bob",
    "zoe",
    "Алия",
    "әсел",
    "Әсем",
    "Болат",
    "Егор",
    "Ёлка",
    "Жан",
    "ұлан",
    "Яна",
)


class SortNameTests(SimpleTestCase):
    def test_names_sort_by_the_alphabet_whatever_their_case(self) -> None:
        assert sorted({*SORTED}, key=make_sort_name) == [*SORTED]

    def test_any_text_has_a_key(self) -> None:
        assert make_sort_name("\ud800") == b"?"
        assert make_sort_name("") == b""


class StoredSortNameTests(TestCase):
    def sorted_athletes(self) -> list[str]:
        return [str(athlete) for athlete in Athlete.objects.order_by("sort_name")]

    def test_the_database_sorts_by_them(self) -> None:
        Athlete.objects.bulk_create(
            Athlete(user_id=f"a{number}", display_name=name)
            for number, name in enumerate(reversed(SORTED))
        )
        assert self.sorted_athletes() == [*SORTED]

    def test_an_athlete_without_a_name_sorts_by_user_id(self) -> None:
        for user_id, name in (("zed", ""), ("a", "Болат"), ("b", "mia")):
            Athlete.objects.create(user_id=user_id, display_name=name)
        assert self.sorted_athletes() == ["mia", "zed", "Болат"]

    def test_a_new_name_is_sorted_anew_even_if_it_alone_is_saved(self) -> None:
        athlete = Athlete.objects.create(user_id="a", display_name="Яна")
        Athlete.objects.create(user_id="b", display_name="Болат")
        athlete.display_name = "Анна"
        athlete.save(update_fields=["display_name"])
        assert self.sorted_athletes() == ["Анна", "Болат"]

    def test_a_team_has_one_too(self) -> None:
        for name in ("ЮНИОРЫ", "младшие", "Ясли"):
            Team.objects.create(name=name)
        names = [team.name for team in Team.objects.order_by("sort_name")]
        assert names == ["младшие", "ЮНИОРЫ", "Ясли"]
