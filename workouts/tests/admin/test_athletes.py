"""The list of athletes, and an athlete's page: bests, volume, last sessions."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from unittest import mock
from zoneinfo import ZoneInfo

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from workouts.admin.athletes.bests import find_bests_for_athlete_page
from workouts.admin.athletes.model_admin import AthleteAdmin
from workouts.admin.athletes.page import (
    LAST_SESSIONS,
    WEEKS,
    find_last_sessions_for_athlete_page,
    find_weekly_chart_volumes,
)
from workouts.admin.volumes import ChartVolume
from workouts.models import Athlete, Team, WorkoutSession
from workouts.tests.support.admin import ATHLETES, SESSIONS, AdminCase
from workouts.tests.support.cast import CRUNCHES_MS, new_athlete, save_session

ALMATY = ZoneInfo("Asia/Almaty")  # UTC+5
MONDAY = date(2026, 11, 23)
MAX_QUERIES = 12


def save_at(user_id: str, started: datetime, *, seconds: int = 8, **more: Any) -> WorkoutSession:
    """Save a session that started at this moment."""
    row = save_session(user_id, **more)
    WorkoutSession.objects.filter(pk=row.pk).update(
        started_at=started, finished_at=started + timedelta(seconds=seconds)
    )
    row.refresh_from_db()
    return row


class BestsTests(TestCase):
    def setUp(self) -> None:
        self.user_id = new_athlete()

    def test_each_best_names_its_session(self) -> None:
        most = save_session(self.user_id, reps=40, days_ago=3)
        fastest = save_session(self.user_id, reps=30, days_ago=2, best_minute=28)
        longest = save_at(
            self.user_id, datetime(2026, 1, 5, tzinfo=UTC), seconds=3600, reps=20, best_minute=3
        )
        (bests,) = find_bests_for_athlete_page(self.user_id)
        assert (bests.most_reps, bests.best_minute, bests.longest) == (most, fastest, longest)
        assert (bests.exercise.slug, bests.sessions, bests.reps) == ("squat", 3, 90)

    def test_bests_are_per_exercise_and_for_this_athlete_only(self) -> None:
        save_session(new_athlete(), reps=99)
        rows = [
            save_session(self.user_id, exercise=slug, reps=reps)
            for slug, reps in (("lunge", 7), ("burpee", 9))
        ]
        assert [
            (bests.exercise.slug, bests.most_reps)
            for bests in find_bests_for_athlete_page(self.user_id)
        ] == [
            ("burpee", rows[1]),
            ("lunge", rows[0]),
        ]

    def test_a_rejected_session_is_not_a_best(self) -> None:
        row = save_session(self.user_id, reps=5)
        save_session(self.user_id, reps=50, best_minute=50, is_in_totals=False)
        (bests,) = find_bests_for_athlete_page(self.user_id)
        assert (bests.most_reps, bests.best_minute, bests.reps) == (row, None, 5)

    def test_of_equal_bests_the_first_counts(self) -> None:
        save_session(self.user_id, reps=5)
        first = save_session(self.user_id, reps=5, days_ago=9)
        assert find_bests_for_athlete_page(self.user_id)[0].most_reps == first

    def test_an_athlete_without_sessions_has_no_bests(self) -> None:
        assert find_bests_for_athlete_page(self.user_id) == []


class VolumeTests(TestCase):
    def setUp(self) -> None:
        self.user_id = new_athlete()

    def find(
        self, zone: Any = UTC, now: datetime = datetime(2026, 11, 24, 12, tzinfo=UTC)
    ) -> list[ChartVolume]:
        with timezone.override(zone):
            return find_weekly_chart_volumes(self.user_id, today=timezone.localdate(now))

    def test_weeks_start_on_the_viewers_monday(self) -> None:
        # 20:00 in London is 1:00 of Monday in Almaty
        save_at(self.user_id, datetime(2026, 11, 22, 20, tzinfo=UTC), reps=7)
        assert self.find()[-2:] == [
            ChartVolume(MONDAY - timedelta(7), 7, 1),
            ChartVolume(MONDAY, 0, 0),
        ]
        assert self.find(ALMATY)[-2:] == [
            ChartVolume(MONDAY - timedelta(7), 0, 0),
            ChartVolume(MONDAY, 7, 1),
        ]

    def test_this_week_is_the_viewers(self) -> None:
        sunday_evening = datetime(2026, 11, 22, 20, tzinfo=UTC)
        assert self.find(UTC, sunday_evening)[-1].day == MONDAY - timedelta(7)
        assert self.find(ALMATY, sunday_evening)[-1].day == MONDAY

    def test_a_change_to_winter_time_stays_within_its_week(self) -> None:
        berlin = ZoneInfo("Europe/Berlin")  # 25 October 2026: back to winter time
        for at in (
            datetime(2026, 10, 25, 22, 30, tzinfo=UTC),
            datetime(2026, 10, 25, 23, 30, tzinfo=UTC),
        ):
            save_at(self.user_id, at, reps=4)
        weeks = {week.day: week.reps for week in self.find(berlin)}
        assert (weeks[date(2026, 10, 19)], weeks[date(2026, 10, 26)]) == (4, 4)

    def test_it_adds_up_26_weeks_without_rejected_sessions(self) -> None:
        first = datetime.combine(
            MONDAY - timedelta(weeks=WEEKS - 1), datetime.min.time(), tzinfo=UTC
        )
        for at in (first, first + timedelta(days=6)):
            save_at(self.user_id, at, reps=3)
        save_at(self.user_id, first - timedelta(seconds=1), reps=50)
        save_at(self.user_id, first, reps=50, is_in_totals=False)
        weeks = self.find()
        assert len(weeks) == 26
        assert weeks[0] == ChartVolume(first.date(), 6, 2)
        assert sum(week.reps for week in weeks) == 6


class HistoryTests(TestCase):
    def test_it_lists_the_last_20_by_first_rep_whatever_their_status(self) -> None:
        user_id = new_athlete()
        rows = [
            save_session(user_id, days_ago=25 - index, review_status="rejected", is_in_totals=False)
            for index in range(25)
        ]
        save_session(new_athlete())
        assert list(find_last_sessions_for_athlete_page(user_id)) == rows[: -LAST_SESSIONS - 1 : -1]

    def test_the_page_reads_no_timeline(self) -> None:
        user_id = save_session(new_athlete(), best_minute=3).athlete_id
        with CaptureQueriesContext(connection) as queries:
            find_bests_for_athlete_page(user_id)
            find_weekly_chart_volumes(user_id, today=timezone.localdate())
            list(find_last_sessions_for_athlete_page(user_id))
        assert not [query for query in queries.captured_queries if "timeline_ms" in query["sql"]]


class PageTests(AdminCase):
    def setUp(self) -> None:
        super().setUp()
        self.row = save_session("ana-1", reps=12, best_minute=31)
        self.athlete = self.row.athlete
        self.path = f"{ATHLETES}{self.athlete.pk}/change/"

    def test_it_shows_bests_last_sessions_and_a_link_to_all(self) -> None:
        page = self.page(self.path)
        assert page.count(f"{SESSIONS}{self.row.pk}/change/") == 4
        for text in (
            "<strong>12</strong>",
            "<strong>31</strong>",
            "<strong>0:22</strong>",
            "Squat",
            "clean",
        ):
            assert text in page

    def test_it_takes_a_coach_at_most_12_queries(self) -> None:
        coach = get_user_model().objects.create_user("serik", is_staff=True)
        coach.groups.add(Group.objects.get(name="coaches"))
        team = Team.objects.create(name="Juniors")
        team.coaches.add(coach)
        team.athletes.add(self.athlete)
        self.client.force_login(coach)
        with CaptureQueriesContext(connection) as queries:
            assert "<strong>12</strong>" in self.page(self.path)
        assert len(queries) <= MAX_QUERIES

    def test_bests_are_listed_by_the_exercises_names_in_the_viewers_language(self) -> None:
        for exercise in ("bench_press", "burpee", "lunge"):  # Жим лёжа, Бёрпи, Выпады
            save_session("ana-1", exercise=exercise)
        self.client.cookies.load({"django_language": "ru"})
        bests = self.client.get(self.path).context["bests"]
        names = [each["exercise"].slug for each in bests]
        assert names == ["burpee", "lunge", "bench_press", "squat"]

    def test_the_pace_of_the_last_sessions_is_that_within_sets(self) -> None:
        save_session("ana-1", times_ms=CRUNCHES_MS)
        page = self.page(self.path)
        assert "Reps per minute within sets" in page
        assert '<td data-label="Duration">4:42</td>' in page
        assert '<td data-label="Reps per minute within sets">50.0</td>' in page

    def test_the_link_to_all_sessions_lists_this_athletes_only(self) -> None:
        save_session("ana-11")
        found = re.search(r'href="([^"]*)">All sessions', self.page(self.path))
        assert found
        assert self.listed(found[1]) == {self.row.pk}

    def test_the_chart_has_the_figures_of_the_table(self) -> None:
        page = self.page(self.path)
        found = re.search(r'<script id="volume-data" type="application/json">(.*?)</script>', page)
        assert found
        volume = json.loads(found[1])
        assert [len(volume[name]) for name in ("labels", "reps", "sessions")] == [26] * 3
        assert (volume["reps"][-1], volume["sessions"][-1]) == (12, 1)
        assert 'data-source="volume-data"' in page
        assert date.fromisoformat(volume["labels"][-1]).weekday() == 0

    def test_it_has_no_inline_script_or_style(self) -> None:
        page = self.page(self.path)
        assert not re.search(r"<script(?![^>]*(src=|application/json))", page)
        assert " style=" not in page.partition('<div class="athlete">')[2].partition("</main>")[0]

    def test_an_athlete_without_sessions_has_a_page(self) -> None:
        athlete = Athlete.objects.create(user_id="new")
        assert self.page(f"{ATHLETES}{athlete.pk}/change/").count("No sessions yet.") == 2
        assert "No sessions yet." not in self.page(f"{ATHLETES}add/")

    def test_it_asks_the_database_as_often_for_1_session_as_for_60(self) -> None:
        counts = []
        for total in (1, 60):
            for index in range(total):
                save_session(
                    "ana-1",
                    exercise=("squat", "lunge", "burpee")[index % 3],
                    days_ago=index,
                    best_minute=index,
                )
            with CaptureQueriesContext(connection) as queries:
                self.page(self.path)
            counts.append(len(queries))
        assert counts[0] == counts[1] <= MAX_QUERIES

    def test_a_save_writes_only_the_changed_fields(self) -> None:
        with CaptureQueriesContext(connection) as queries:
            self.client.post(self.path, {"display_name": "Ana", "account": ""})
        (update,) = [
            query["sql"]
            for query in queries.captured_queries
            if query["sql"].startswith('UPDATE "workouts_athlete"')
        ]
        assert "merged_into" not in update
        assert Athlete.objects.get(pk=self.athlete.pk).display_name == "Ana"


class ListTests(AdminCase):
    def test_it_adds_up_reps_only_for_the_athletes_on_the_page(self) -> None:
        for user_id in ("ana", "ana", "ben", "chi"):
            save_session(user_id, reps=6)
        with (
            mock.patch.object(AthleteAdmin, "list_per_page", 2),
            CaptureQueriesContext(connection) as queries,
        ):
            page = self.page(ATHLETES)
        assert 'class="field-total_reps">12<' in page
        sums = [query["sql"] for query in queries.captured_queries if "SUM(" in query["sql"]]
        assert len(sums) == 1
        assert [name in sums[0] for name in ("'ana'", "'ben'", "'chi'")] == [True, True, False]
        assert "COUNT(" not in sums[0]

    def test_its_columns_write_times_in_one_way_and_group_digits(self) -> None:
        row = save_at("ana", datetime(2026, 11, 23, 9, tzinfo=UTC), reps=1234)
        Athlete.objects.filter(pk=row.athlete.pk).update(created_at=row.started_at)
        page = self.page(ATHLETES)
        assert page.count(">11/23/2026,\xa009:00<") == 2
        assert ">1,234<" in page

    def test_it_filters_by_activity_in_the_last_7_days(self) -> None:
        save_session("here", days_ago=6)
        save_session("gone", days_ago=8)
        Athlete.objects.create(user_id="never")
        names = {athlete.pk: athlete.user_id for athlete in Athlete.objects.all()}
        for trained, found in (("yes", {"here"}), ("no", {"gone", "never"})):
            assert {names[pk] for pk in self.listed(ATHLETES, trained=trained)} == found

    def test_it_asks_the_database_as_often_for_5_rows_as_for_50(self) -> None:
        counts = []
        for total in (5, 50):
            for index in range(Athlete.objects.count(), total):
                save_session(f"{new_athlete()}-{index}")
            with CaptureQueriesContext(connection) as queries:
                assert len(self.listed(ATHLETES)) == total
            counts.append(len(queries))
        assert counts[0] == counts[1] <= MAX_QUERIES
