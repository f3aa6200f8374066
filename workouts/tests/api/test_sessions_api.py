"""GET /workout/sessions/ and /workout/sessions/{id}/: the saved sessions, newest first."""

import base64
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext

from workouts.api.problems import CONTENT_TYPE
from workouts.models import Athlete, WorkoutSession
from workouts.tests.support.cast import CRUNCHES_MS, new_athlete, save_session

URL = "/workout/sessions/"
KEYS = [
    "id",
    "user_id",
    "exercise_type",
    "total_reps",
    "created_at",
    "started_at",
    "finished_at",
    "session_id",
    "refused",
    "timeline_ms",
    "review_status",
    "review_note",
    "flags",
    "load_kg",
    "sets",
    "reps_per_minute",
    "work_ms",
    "rest_ms",
]
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


class SessionsCase(TestCase):
    def ask(self, **query: Any) -> Any:
        response = self.client.get(URL, query)
        assert response.status_code == 200, response.content
        return response.json()

    def ids(self, **query: Any) -> list[int]:
        return [session["id"] for session in self.ask(**query)["results"]]

    def refusal(self, status: int, path: str) -> dict[str, Any]:
        response = self.client.get(path)
        assert (response.status_code, response["Content-Type"]) == (status, CONTENT_TYPE), (
            response.content
        )
        assert (response.json()["type"], response.json()["status"]) == ("about:blank", status)
        return dict(response.json())


class DetailTests(SessionsCase):
    def test_it_shows_a_session(self) -> None:
        row = save_session(new_athlete(), exercise="lunge", reps=2, refused={"debounced": 3})
        shown = self.client.get(f"{URL}{row.pk}/").json()
        assert list(shown) == KEYS
        assert (shown["id"], shown["user_id"], shown["exercise_type"], shown["total_reps"]) == (
            row.pk,
            row.athlete_id,
            "lunge",
            2,
        )
        assert (shown["session_id"], shown["refused"], shown["timeline_ms"]) == (
            str(row.session_id),
            {"debounced": 3},
            [0, 2000],
        )
        times = [
            datetime.fromisoformat(shown[name])
            for name in ("created_at", "started_at", "finished_at")
        ]
        assert times == [row.created_at, row.started_at, row.finished_at]

    def test_the_pace_is_that_within_sets(self) -> None:
        row = save_session(new_athlete(), times_ms=CRUNCHES_MS)
        shown = self.client.get(f"{URL}{row.pk}/").json()
        assert (shown["reps_per_minute"], shown["work_ms"], shown["rest_ms"]) == (
            50.0,
            43_200,
            238_800,
        )
        assert shown["sets"] == [{"reps": 10, "length_ms": 10_800, "slow_down": 0.0}] * 4
        (listed,) = self.ask(user_id=row.athlete_id)["results"]
        assert listed == {name: shown[name] for name in KEYS if name != "timeline_ms"}

    def test_sets_that_were_not_worked_out_are_null(self) -> None:
        row = save_session(new_athlete())
        WorkoutSession.objects.filter(pk=row.pk).update(sets=None)
        shown = self.client.get(f"{URL}{row.pk}/").json()
        assert [shown[name] for name in KEYS[-4:]] == [None] * 4

    def test_it_asks_the_database_once(self) -> None:
        row = save_session(new_athlete())
        with self.assertNumQueries(1):
            self.client.get(f"{URL}{row.pk}/")

    def test_it_answers_404_for_a_session_that_does_not_exist(self) -> None:
        for pk in ("0", "9" * 18, "9" * 30, "9" * 5000):
            with self.subTest(digits=len(pk)):
                assert "server error" not in self.refusal(404, f"{URL}{pk}/")["detail"]

    def test_it_answers_404_for_an_id_that_is_not_a_number(self) -> None:
        for pk in ("-1", "1.5", "abc", "1%00", "%F0%9F%92%AA"):
            with self.subTest(pk=pk):
                self.refusal(404, f"{URL}{pk}/")

    def test_it_is_read_only(self) -> None:
        row = save_session(new_athlete())
        for path in (URL, f"{URL}{row.pk}/"):
            for method in ("post", "put", "patch", "delete"):
                with self.subTest(path=path, method=method):
                    response = getattr(self.client, method)(path)
                    assert (response.status_code, response["Content-Type"]) == (405, CONTENT_TYPE)
        assert WorkoutSession.objects.filter(pk=row.pk).exists()


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


class FilterTests(SessionsCase):
    def setUp(self) -> None:
        self.athlete, self.other = new_athlete(), new_athlete()
        self.squats = save_session(self.athlete, days_ago=3)
        self.lunges = save_session(self.athlete, exercise="lunge", days_ago=2)
        self.others = save_session(self.other, days_ago=1)

    def test_it_filters_by_athlete(self) -> None:
        assert self.ids(user_id=self.athlete) == [self.lunges.pk, self.squats.pk]
        assert self.ids(user_id=self.athlete.upper()) == []

    def test_it_filters_by_exercise(self) -> None:
        assert self.ids(exercise_type="lunge") == [self.lunges.pk]
        assert self.ids(exercise_type="lunge", user_id=self.other) == []

    def test_it_filters_by_time_from_included_to_excluded(self) -> None:
        moment = self.lunges.created_at
        assert self.ids(**{"from": moment.isoformat()}) == [self.others.pk, self.lunges.pk]
        assert self.ids(to=moment.isoformat()) == [self.squats.pk]
        assert self.ids(
            **{"from": self.squats.created_at.isoformat(), "to": moment.isoformat()}
        ) == [self.squats.pk]

    def test_it_takes_every_iso_8601_form_of_a_time(self) -> None:
        moment = self.lunges.created_at
        elsewhere = moment.astimezone(tz=datetime.fromisoformat("2025-01-01T00:00+05:00").tzinfo)
        for text in (
            moment.isoformat().replace("+00:00", "Z"),
            elsewhere.isoformat(),
            moment.replace(tzinfo=None).isoformat(),
        ):
            with self.subTest(text=text):
                assert self.ids(to=text) == [self.squats.pk]

    def test_it_takes_a_date(self) -> None:
        assert self.ids(to="2020-01-31") == []
        assert len(self.ids(**{"from": "2020-01-31"})) == 3

    def test_it_takes_the_earliest_and_latest_times(self) -> None:
        assert self.ids(to="0001-01-01") == []
        assert self.ids(**{"from": "9999-12-31T23:59:59Z"}) == []
        assert self.client.get(URL, {"from": "9999-12-31T23:59:59-14:00"}).status_code in (200, 400)

    def test_an_empty_filter_filters_nothing(self) -> None:
        assert len(self.ids(user_id="", exercise_type="", to="", **{"from": ""})) == 3

    def test_it_names_a_filter_with_a_bad_value(self) -> None:
        bad = {
            "from": [
                "yesterday",
                "2025-13-01",
                "2025-11-22T25:00",
                "1763839190",
                "2025-11-22\0",
                "\0",
            ],
            "to": ["0", "2025-02-30", "2025-11-22T10:00:00 05:00", "9" * 5000],
            "user_id": ["a b", "a\0", "é", "a/b", "a" * 65, "a\nb"],
            "exercise_type": ["Squat", "sq uat", "squat\0", "s" * 33, "squat'--"],
        }
        for field, values in bad.items():
            for value in values:
                with self.subTest(field=field, value=value[:40]):
                    problem = self.refusal(400, f"{URL}?{urlencode({field: value})}")
                    assert list(problem["errors"]) == [field]
                    assert problem["detail"].startswith(f"{field}: ")
