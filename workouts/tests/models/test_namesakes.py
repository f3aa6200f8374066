"""Athletes of one name: told apart by their user IDs, among those whom a user sees."""

from django.test import TestCase

from workouts.models import Athlete, Team, WorkoutSession
from workouts.tests.support.cast import save_session


class NamesakeTests(TestCase):
    def setUp(self) -> None:
        for user_id, name in (("a-1", "Айгүл"), ("a-2", "АЙГҮЛ"), ("b", "Болат"), ("c", "")):
            Athlete.objects.create(user_id=user_id, display_name=name)

    def names(self, among: object = None) -> list[str]:
        every = Athlete.objects.all()
        return [str(athlete) for athlete in every.with_namesakes(among or every)]

    def test_whoever_shares_a_name_has_the_user_id_behind_it(self) -> None:
        assert self.names() == ["c", "Айгүл (a-1)", "АЙГҮЛ (a-2)", "Болат"]

    def test_a_namesake_whom_the_user_does_not_see_does_not_count(self) -> None:
        team = Team.objects.create(name="T")
        team.athletes.add(*Athlete.objects.exclude(user_id="a-2"))
        assert "Айгүл" in self.names(Athlete.objects.filter(teams=team))

    def test_an_alias_is_no_namesake_of_its_athlete_and_shares_the_athletes_name(self) -> None:
        first, second = Athlete.objects.filter(display_name__iexact="айгүл")
        Athlete.objects.filter(pk=second.pk).update(merged_into=first)
        assert self.names()[1:3] == ["Айгүл", "АЙГҮЛ"]
        Athlete.objects.create(user_id="a-3", display_name="айгүл")
        assert self.names()[1:4] == ["Айгүл (a-1)", "АЙГҮЛ (a-2)", "айгүл (a-3)"]

    def test_a_session_names_its_athlete_in_one_query_more(self) -> None:
        for user_id in ("a-1", "b", "a-1"):
            save_session(user_id)
        root = type("Root", (), {"is_active": True, "has_perm": lambda *_: True})()
        with self.assertNumQueries(2):
            names = {str(each.athlete) for each in WorkoutSession.objects.with_athletes(root)}
        assert names == {"Айгүл (a-1)", "Болат"}
