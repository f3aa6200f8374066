"""The texts of walls, as their pages have them for the script."""

import json
import re

from workouts.tests.support.coach_cast import CoachCase

TEXTS = re.compile(r'<script id="[a-z-]*texts" type="application/json">(.*?)</script>')


class CutTests(CoachCase):
    def read_cut(self, path: str) -> str:
        found = TEXTS.search(self.page(path))
        assert found
        return str(json.loads(found[1])["cut"])

    def test_a_cut_wall_of_all_athletes_says_to_choose_a_team(self) -> None:
        assert "300" in self.read_cut("/admin/live/")
        assert "Choose a team" in self.read_cut("/admin/live/")

    def test_a_cut_wall_of_a_team_says_whom_it_shows(self) -> None:
        for path in (f"/admin/live/?team={self.team.pk}", "/wall/"):
            with self.subTest(path):
                said = "Only the first 300 athletes of the team are shown, by name."
                assert self.read_cut(path) == said
