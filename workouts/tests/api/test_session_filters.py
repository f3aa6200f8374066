"""GET /workout/sessions/ with filters: by athlete, exercise and time."""

from datetime import datetime
from urllib.parse import urlencode

from workouts.tests.support.cast import new_athlete, save_session
from workouts.tests.support.session_api import URL, SessionsCase


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
