"""The field load_kg of POST /workout/finish."""

from decimal import Decimal
from typing import Any

from workouts.live.runtime import get_live_store
from workouts.tests.support.cast import train
from workouts.tests.support.finishes import FinishCase

FORM = "application/x-www-form-urlencoded"


class LoadTests(FinishCase):
    def setUp(self) -> None:
        super().setUp()
        train(self.user_id)

    def send(self, **fields: Any) -> Any:
        return self.post({"user_id": self.user_id, **fields})

    def send_form(self, text: str) -> Any:
        return self.post(f"user_id={self.user_id}&load_kg={text}", FORM)

    def load(self) -> Decimal | None:
        (row,) = self.rows()
        return row.load_kg  # type: ignore[no-any-return]

    def assert_refused(self, response: Any) -> None:
        assert response.status_code == 400
        assert list(response.json()["errors"]) == ["load_kg"]
        assert "load_kg" in response.json()["detail"]
        assert self.rows() == []
        assert [live.reps for live in get_live_store().live_sessions(self.user_id, ["squat"])] == [
            3
        ]

    def test_it_is_saved_and_answered(self) -> None:
        answer = self.send(load_kg=62.5).json()
        assert answer == {
            "status": "success",
            "workout_id": self.rows()[0].pk,
            "load_kg": 62.5,
        }
        assert self.load() == Decimal("62.50")

    def test_it_is_rounded_half_up(self) -> None:
        assert self.send(load_kg=0.125).json()["load_kg"] == 0.13
        assert self.load() == Decimal("0.13")

    def test_a_form_has_it_as_text(self) -> None:
        assert self.send_form("62.5").json()["load_kg"] == 62.5

    def test_a_client_that_sends_none_gets_the_same_two_fields_as_ever(self) -> None:
        self.send(load_kg=62.5)
        for fields in ({}, {"load_kg": None}):
            row = self.rows()[0]
            assert self.send(**fields).content == (b'{"status":"success","workout_id":%d}' % row.pk)

    def test_a_repeated_finish_tells_the_load_that_was_saved(self) -> None:
        self.send(load_kg=62.5)
        response = self.send(load_kg=80)
        assert (response["Senim-Repeated"], response.json()["load_kg"]) == ("true", 62.5)
        assert self.load() == Decimal("62.50")

    def test_a_repeated_finish_tells_that_none_was_saved(self) -> None:
        self.send()
        assert self.send(load_kg=80).json()["load_kg"] is None
        assert self.load() is None

    def test_anything_but_a_number_in_range_is_refused_and_nothing_is_sealed(self) -> None:
        for load_kg in (0, -1, 0.004, 1000.01, 10**400, True, False, "62.5", "", [], [60], {}):
            with self.subTest(load_kg=load_kg):
                self.assert_refused(self.send(load_kg=load_kg))
        self.assert_refused(
            self.post(b'{"user_id": "%s", "load_kg": 1e400}' % self.user_id.encode())
        )

    def test_so_it_is_in_a_form(self) -> None:
        for text in ("", "0", "x", "1001", "62%2C5", "NaN", "Infinity"):
            with self.subTest(text=text):
                self.assert_refused(self.send_form(text))

    def test_nan_is_not_json(self) -> None:
        response = self.post(b'{"load_kg": NaN}')
        assert response.status_code == 400
        assert self.rows() == []

    def test_the_session_has_it_in_the_api(self) -> None:
        location = self.send(load_kg=62.5)["Location"]
        assert self.client.get(location).json()["load_kg"] == 62.5
        (listed,) = self.client.get(f"/workout/sessions/?user_id={self.user_id}").json()["results"]
        assert listed["load_kg"] == 62.5
