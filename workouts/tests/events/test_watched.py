"""Whom a wall watches."""

from django.test import SimpleTestCase

from workouts.events.watched import EVERYONE, NO_ONE, WatchedAthletes, join_watched_athletes

ANA, BEN = WatchedAthletes(frozenset(["ana"])), WatchedAthletes(frozenset(["ben"]))


class WatchedTests(SimpleTestCase):
    def test_a_wall_of_a_team_watches_its_athletes_only(self) -> None:
        assert ANA.includes("ana")
        assert not ANA.includes("ben")
        assert not NO_ONE.includes("ana")

    def test_a_wall_of_everyone_watches_athletes_nobody_has_heard_of(self) -> None:
        assert EVERYONE.includes("new")

    def test_walls_together_watch_what_each_of_them_watches(self) -> None:
        assert join_watched_athletes([ANA, BEN]) == WatchedAthletes(frozenset(["ana", "ben"]))
        assert join_watched_athletes([ANA, EVERYONE]) == EVERYONE
        assert join_watched_athletes([]) == NO_ONE
