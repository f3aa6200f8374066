"""GET /workout/sessions/: the saved sessions, newest first, page by page."""

import base64
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.test.utils import CaptureQueriesContext

from workouts.models import Athlete, WorkoutSession
from workouts.tests.support.cast import new_athlete, save_session
from workouts.tests.support.session_api import KEYS, URL, SessionsCase

NOON = datetime(2025, 11, 22, 12, tzinfo=UTC)


def save_many(user_id: str, count: int, *, moments: int = 3) -> list[int]:
    """Save sessions at only a few different times, and return their ids, newest first."""
    Athlete.objects.get_or_create(user_id=user_id)
    rows = [
        WorkoutSession(
            session_id=uuid.uuid4(),
            athlete_id=user_id,
            exercise_id="squat",
            total_reps=1,
            created_at=NOON - timedelta(hours=index % moments),
            started_at=NOON,
            finished_at=NOON,
            timeline_ms=[0],
        )
        for index in range(count)
    ]
    WorkoutSession.objects.bulk_create(rows)
    return [row.pk for row in sorted(rows, key=lambda row: (row.created_at, row.pk), reverse=True)]


class PagesTests(SessionsCase):
    def setUp(self) -> None:
        self.user_id = new_athlete()

    def walk(self, **query: Any) -> list[int]:
        ids, next_page = [], f"{URL}?{urlencode({'user_id': self.user_id, **query})}"
        while next_page:
            page = self.client.get(next_page).json()
            ids += [session["id"] for session in page["results"]]
            next_page = page["next"]
        return ids

    def test_it_shows_an_empty_list(self) -> None:
        assert self.ask(user_id=self.user_id) == {"next": None, "previous": None, "results": []}

    def test_it_shows_the_newest_first(self) -> None:
        rows = [save_session(self.user_id, days_ago=days) for days in (2, 0, 1)]
        assert self.ids(user_id=self.user_id) == [rows[1].pk, rows[2].pk, rows[0].pk]

    def test_it_shows_each_row_once_page_by_page(self) -> None:
        newest_first = save_many(self.user_id, 120)
        for size in (50, 7, 1):
            with self.subTest(size=size):
                assert self.walk(page_size=size) == newest_first

    def test_it_shows_each_row_once_even_if_all_were_saved_at_once(self) -> None:
        newest_first = save_many(self.user_id, 120, moments=1)
        assert self.walk() == newest_first

    def test_the_previous_page_is_the_one_it_came_from(self) -> None:
        newest_first = save_many(self.user_id, 30)
        second = self.client.get(self.ask(user_id=self.user_id, page_size=10)["next"]).json()
        first = self.client.get(second["previous"]).json()
        assert [session["id"] for session in first["results"]] == newest_first[:10]

    def test_sessions_saved_meanwhile_do_not_shift_the_pages(self) -> None:
        newest_first = save_many(self.user_id, 20)
        page = self.ask(user_id=self.user_id, page_size=10)
        save_session(self.user_id)
        ids = [session["id"] for session in self.client.get(page["next"]).json()["results"]]
        assert ids == newest_first[10:]

    def test_it_takes_the_size_of_a_page_or_the_default(self) -> None:
        save_many(self.user_id, 60)
        sizes = {
            "7": 7,
            "60": 60,
            "10000": 60,
            "0": 50,
            "-1": 50,
            "ten": 50,
            "": 50,
            "1.5": 50,
            "\0": 50,
            "9" * 5000: 50,
        }
        for size, shown in sizes.items():
            with self.subTest(size=size[:10]):
                assert len(self.ids(user_id=self.user_id, page_size=size)) == shown

    def test_a_page_has_at_most_100_rows(self) -> None:
        save_many(self.user_id, 101)
        for size in (100, 101, 500):
            with self.subTest(size=size):
                assert len(self.ids(user_id=self.user_id, page_size=size)) == 100

    def test_it_neither_shows_nor_reads_timelines(self) -> None:
        save_session(self.user_id)
        with CaptureQueriesContext(connection) as queries:
            (session,) = self.ask(user_id=self.user_id)["results"]
        assert list(session) == [key for key in KEYS if key != "timeline_ms"]
        read = "".join(query["sql"] for query in queries)
        assert "total_reps" in read
        for column in ("timeline_ms", "refusals", "rep_devices", "late_reps"):
            assert column not in read

    def test_it_answers_404_for_a_cursor_that_it_never_gave(self) -> None:
        save_many(self.user_id, 2)
        encoded = [
            base64.b64encode(text.encode()).decode()
            for text in ("p=yesterday", "p=%00", "o=x", "r=1&p=2025-13-45", "p=9" * 50)
        ]
        for cursor in ("nonsense", "é", *encoded):
            with self.subTest(cursor=cursor):
                assert (
                    self.refusal(404, f"{URL}?{urlencode({'cursor': cursor})}")["detail"]
                    == "Invalid cursor"
                )

    def test_it_asks_the_database_once_whatever_the_number_of_rows(self) -> None:
        for index in range(40):
            save_session(f"{self.user_id}-{index}")
        with self.assertNumQueries(1):
            self.ids()
