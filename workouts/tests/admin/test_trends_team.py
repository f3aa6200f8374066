"""The team median beside an athlete's trends: whose figures are in it, and when."""

from unittest import mock

from django.db import connection
from django.test.utils import CaptureQueriesContext

from workouts.admin.athletes import trend_sessions, trends_page
from workouts.models import Athlete, Team, WorkoutSession
from workouts.tests.support.trends import TrendsCase


class TeamTests(TrendsCase):
    def setUp(self) -> None:
        super().setUp()
        self.save_two_weeks()

    def add_others(self, number: int, team: Team, name: str = "other") -> list[Athlete]:
        others = [Athlete.objects.create(user_id=f"{name}-{index}") for index in range(number)]
        team.athletes.add(*others)
        return others

    def medians(self) -> list[float | None] | None:
        """Return the team medians of the best set, for last week and this one."""
        medians = self.trends()["best_set"]["chart"]["medians"]
        return medians and medians[-2:]

    def save_best_sets(self, *best: int, name: str = "other", weeks_ago: int = 0) -> None:
        for index, reps in enumerate(best):
            self.save((reps, 2000 * reps, 0.1), user_id=f"{name}-{index}", weeks_ago=weeks_ago)

    def test_it_is_the_median_of_the_others_weekly_figures(self) -> None:
        self.add_others(4, self.team)
        self.save_best_sets(10, 14, 30, 11)
        self.save_best_sets(9)  # a second session of the first
        self.save_best_sets(20, 21, weeks_ago=1)
        assert self.medians() == [None, 12.5]
        rows = self.rows(page := self.page(self.trends_page))
        assert rows["best_set"]["11/23/2026"] == ["12", "12.5"]
        assert rows["reps"]["11/23/2026"] == ["12", "16.5"]
        assert "median of the other athletes in Juniors" in page

    def test_two_others_are_too_few(self) -> None:
        self.add_others(3, self.team)
        self.save_best_sets(10, 20)
        assert self.medians() is None
        page = self.page(self.trends_page)
        assert "in no week do at least 3 other athletes in Juniors have a figure" in page
        assert self.trends()["best_set"]["columns"] == ["Reps"]

    def test_their_sets_are_compared_at_the_athletes_lengths(self) -> None:
        self.add_others(4, self.team)
        for index, slow_down in enumerate((0.1, 0.2, 0.3)):
            self.save((12, 1, slow_down), user_id=f"other-{index}")
        self.save((30, 1, 0.9), user_id="other-3")
        assert self.trends()["slow_down_percent"]["chart"]["medians"][-1] == 20

    def test_only_athletes_whom_the_viewer_sees_are_in_it(self) -> None:
        self.other_team.athletes.add(self.athlete)
        self.add_others(2, self.team, "junior")
        self.add_others(3, self.other_team, "senior")
        self.save_best_sets(10, 20, name="junior")
        self.save_best_sets(30, 40, 50, name="senior")
        assert self.medians() is None
        assert "Seniors" not in self.page(self.trends_page)
        self.client.force_login(self.other)
        assert self.medians() == [None, 40]
        self.client.force_login(self.head)
        assert self.medians() == [None, 30]
        assert "other athletes in Juniors, Seniors" in self.page(self.trends_page)

    def test_rejected_sessions_of_others_are_left_out(self) -> None:
        others = self.add_others(3, self.team)
        self.save_best_sets(10, 20, 30)
        WorkoutSession.objects.filter(athlete=others[0]).update(is_in_totals=False)
        assert self.medians() is None

    def test_without_a_team_a_line_says_why_there_is_no_median(self) -> None:
        self.team.athletes.remove(self.athlete)
        self.client.force_login(self.head)
        assert self.medians() is None
        assert "the athlete is in no team" in self.page(self.trends_page)

    def test_a_large_team_is_cut_and_the_page_says_so(self) -> None:
        self.add_others(5, self.team)
        self.save_best_sets(10, 20, 30, 40, 50)
        with (
            mock.patch.object(trend_sessions, "MAX_TEAM_ATHLETES", 3),
            mock.patch.object(trends_page, "MAX_TEAM_ATHLETES", 3),
        ):
            assert self.medians() == [None, 20]
            assert "median is that of 3 athletes only." in self.page(self.trends_page)
        with mock.patch.object(trends_page, "MAX_TEAM_SESSIONS", 3):
            page = self.page(self.trends_page)
            assert self.medians() == [None, 40]
        assert "median is from the newest 3 sessions only." in page

    def test_it_takes_at_most_12_queries(self) -> None:
        for other in self.add_others(5, self.team):
            self.save_two_weeks(other.user_id)
        with CaptureQueriesContext(connection) as queries:
            self.page(self.trends_page)
        assert len(queries) <= 12
        assert not [query for query in queries if "timeline_ms" in query["sql"]]
