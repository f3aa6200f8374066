"""The admin's home page: sessions to review, training volume, inactive athletes."""

from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from workouts.admin.home import DAYS, SHOWN, describe_home_page_team
from workouts.models import Athlete, Team, WorkoutSession
from workouts.tests.support.admin import ADMIN, AdminCase
from workouts.tests.support.cast import new_athlete, save_at, save_session
from workouts.tests.support.reviews import save_appealed, save_pending

WEDNESDAY = datetime(2026, 3, 11, 12, tzinfo=UTC)
MONDAY = datetime(2026, 3, 9, tzinfo=UTC)


class HomeCase(AdminCase):
    def describe(self, now: datetime = WEDNESDAY) -> dict[str, Any]:
        return describe_home_page_team(WorkoutSession.objects.all(), Athlete.objects.all(), now)


class WeekTests(HomeCase):
    def test_it_compares_this_week_with_last_week_by_the_same_time(self) -> None:
        for hours, athlete, reps in (
            (1, "a", 5),
            (2, "b", 6),
            (-167, "a", 10),
            (-110, "a", 20),
            (-90, "c", 40),
        ):
            save_at(MONDAY + timedelta(hours=hours), user_id=athlete, reps=reps)
        found = [
            (week["sessions"], week["reps"], week["athletes"]) for week in self.describe()["weeks"]
        ]
        assert found == [(2, 11, 2), (2, 30, 1), (3, 70, 2)]

    def test_a_week_starts_on_the_viewers_monday(self) -> None:
        save_at(MONDAY - timedelta(hours=2))  # Monday, 3 o'clock, in Almaty
        zone = ZoneInfo("Asia/Almaty")
        for zone_name, sessions in (("UTC", 0), (zone, 1)):
            with timezone.override(zone_name):
                assert (
                    self.describe(timezone.localtime(WEDNESDAY))["weeks"][0]["sessions"] == sessions
                )

    def test_a_monday_morning_compares_with_nothing_yet(self) -> None:
        save_at(MONDAY - timedelta(days=7), reps=3)
        save_at(MONDAY - timedelta(days=6), reps=4)
        found = [(week["sessions"], week["reps"]) for week in self.describe(MONDAY)["weeks"]]
        assert found == [(0, 0), (0, 0), (2, 7)]

    def test_rejected_sessions_do_not_count(self) -> None:
        save_at(MONDAY, is_in_totals=False, review_status="rejected")
        assert self.describe()["weeks"][0]["sessions"] == 0
        assert sum(self.describe()["volume"]["reps"]) == 0


class VolumeTests(HomeCase):
    def test_each_day_has_its_reps_empty_days_included(self) -> None:
        save_at(WEDNESDAY, reps=5)
        save_at(WEDNESDAY - timedelta(hours=1), reps=6)
        save_at(WEDNESDAY - timedelta(days=DAYS - 1), reps=7)
        save_at(WEDNESDAY - timedelta(days=DAYS), reps=100)
        volume = self.describe()["volume"]
        assert (volume["reps"][-1], volume["sessions"][-1], volume["reps"][0]) == (11, 2, 7)
        assert (volume["labels"][0], volume["labels"][-1], len(volume["labels"])) == (
            "2026-02-26",
            "2026-03-11",
            DAYS,
        )
        assert sum(volume["reps"]) == 18


class InactiveTests(HomeCase):
    def test_athletes_without_a_session_for_7_days_are_inactive(self) -> None:
        save_at(WEDNESDAY - timedelta(days=6, hours=23), user_id="here")
        save_at(WEDNESDAY - timedelta(days=7, hours=1), user_id="gone")
        save_at(WEDNESDAY - timedelta(days=70), user_id="long gone")
        Athlete.objects.create(user_id="never")
        home = self.describe()
        assert [(athlete.user_id, last is None) for athlete, last in home["inactive"]] == [
            ("gone", False),
            ("long gone", False),
            ("never", True),
        ]
        assert home["inactive_count"] == 3


class PageTests(HomeCase):
    def test_it_lists_sessions_that_need_review(self) -> None:
        row = save_pending("ana")
        page = self.page(ADMIN)
        assert f"/admin/workouts/workoutsession/{row.pk}/change/" in page
        assert "Show all (1)" in page

    def test_appeals_come_first_with_the_beginning_of_their_text(self) -> None:
        save_pending("ana", days_ago=30)
        save_appealed(self.coach, "bolat", text="I was filmed <b>" + "and filmed " * 40)
        page = self.page(ADMIN)
        appeals, rest = page.index('id="appeals-title"'), page.index('id="unreviewed-title"')
        assert appeals < page.index("bolat, Squat") < page.index("I was filmed &lt;b&gt;") < rest
        assert rest < page.index("ana, Squat")
        assert "…</q>" in page
        assert page.count("bolat, Squat") == 1
        assert "Show all (2)" in page

    def test_without_appeals_there_is_one_list(self) -> None:
        save_pending("ana")
        page = self.page(ADMIN)
        assert "appeals-title" not in page
        assert "unreviewed-title" not in page

    def test_what_waits_longest_is_first(self) -> None:
        for name, days in (("ana", 1), ("bolat", 9)):
            save_pending(name, days_ago=days)
        page = self.page(ADMIN)
        assert page.index("bolat, Squat") < page.index("ana, Squat")

    def test_it_counts_no_further_than_it_shows(self) -> None:
        with patch("workouts.admin.home.MAX_COUNTED", 2):
            for shown in ("Show all (1)", "Show all (2)", "Show all (more than 2)"):
                save_pending()
                assert shown in self.page(ADMIN)

    def test_it_lists_some_inactive_athletes_and_counts_them_all(self) -> None:
        Athlete.objects.bulk_create(Athlete(user_id=new_athlete()) for _ in range(1002))
        home = self.describe()
        assert (len(home["inactive"]), home["inactive_count"]) == (SHOWN, 1002)
        assert "Show all (1,002)" in self.page(ADMIN)

    def test_it_takes_at_most_12_queries(self) -> None:
        for _ in range(3):
            save_pending()
            save_appealed(self.coach)
        coach = get_user_model().objects.create_user("c", is_staff=True)
        coach.groups.add(Group.objects.get(name="coaches"))
        team = Team.objects.create(name="T")
        team.coaches.add(coach)
        team.athletes.add(*Athlete.objects.all()[:2])
        Athlete.objects.create(user_id="absent").teams.add(team)
        for user in (self.coach, coach):
            self.client.force_login(user)
            with CaptureQueriesContext(connection) as queries:
                assert "Needs review" in self.page(ADMIN)
            assert len(queries) <= 12

    def test_staff_without_a_permission_see_no_team(self) -> None:
        save_session("ana")
        self.client.force_login(get_user_model().objects.create_user("assistant", is_staff=True))
        page = self.page(ADMIN)
        assert "ana" not in page
        assert "volume-data" not in page
