"""The body of POST /workout/finish: JSON or a form, and what is refused."""

import json
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import TestCase

from workouts.api.problems import CONTENT_TYPE
from workouts.identity.athlete_ids import GUEST
from workouts.models import Athlete, WorkoutSession
from workouts.tests.support.cast import save_session, train
from workouts.tests.support.finishes import FINISH, JSON, FinishCase

FORM = "application/x-www-form-urlencoded"


class BodyTests(FinishCase):
    def test_it_takes_the_guests_squats_by_default(self) -> None:
        self.post()
        for body, content_type in ((b"", JSON), (b"{}", JSON), (b"", FORM), (b"", "text/csv")):
            with self.subTest(body=body, content_type=content_type):
                train(GUEST, 4)
                row = WorkoutSession.objects.get(
                    pk=self.post(body, content_type).json()["workout_id"]
                )
                assert (row.athlete_id, row.exercise_id, row.total_reps) == (GUEST, "squat", 4)

    def test_it_takes_a_form(self) -> None:
        train(self.user_id, exercise="dip")
        assert (
            self.post(f"user_id={self.user_id}&exercise_type=dip", FORM).json()["workout_id"]
            == self.rows()[0].pk
        )

    def test_it_takes_a_multipart_form(self) -> None:
        train(self.user_id, exercise="dip")
        response = self.client.post(FINISH, {"user_id": self.user_id, "exercise_type": "dip"})
        assert response.json()["workout_id"] == self.rows()[0].pk

    def test_it_takes_squats_if_only_the_athlete_is_given(self) -> None:
        train(self.user_id)
        self.post({"user_id": self.user_id, "device": [1, 2]})
        assert self.rows()[0].exercise_id == "squat"

    def test_it_takes_an_address_with_a_trailing_slash(self) -> None:
        train(self.user_id)
        assert (
            self.client.post(f"{FINISH}/", {"user_id": self.user_id}, content_type=JSON).status_code
            == 200
        )


class RefusedRequestTests(FinishCase):
    def refusal(self, response: Any, status: int = 400) -> dict[str, Any]:
        assert (response.status_code, response["Content-Type"]) == (status, CONTENT_TYPE), (
            response.content
        )
        problem = response.json()
        assert (problem["type"], problem["status"]) == ("about:blank", status)
        return dict(problem)

    def test_it_refuses_to_finish_nothing(self) -> None:
        problem = self.refusal(self.post({"user_id": self.user_id}), 409)
        assert problem["code"] == "nothing_to_finish"
        assert not Athlete.objects.filter(user_id=self.user_id).exists()

    def test_it_names_the_field_of_a_malformed_user_id(self) -> None:
        bad: tuple[Any, ...] = (
            "a b",
            " a",
            "a\n",
            "a\0b",
            "a" * 65,
            "",
            "é",
            "a/b",
            "\ud800",
            [],
            ["a"],
            {},
            True,
            False,
            None,
        )
        for user_id in bad:
            with self.subTest(user_id=user_id):
                problem = self.refusal(self.post({"user_id": user_id}))
                assert list(problem["errors"]) == ["user_id"]
                assert "user_id" in problem["detail"]

    def test_it_names_the_field_of_an_unknown_exercise(self) -> None:
        for exercise in (
            "plank",
            "Squat",
            "squat ",
            "sq\0uat",
            "s" * 10_000,
            "",
            [],
            ["squat"],
            True,
            None,
        ):
            with self.subTest(exercise=exercise):
                problem = self.refusal(self.post({"exercise_type": exercise}))
                assert list(problem["errors"]) == ["exercise_type"]
                assert len(problem["detail"]) < 400

    def test_it_lists_the_known_exercises(self) -> None:
        assert "jumping_jack" in self.refusal(self.post({"exercise_type": "plank"}))["detail"]

    def test_it_names_the_field_of_a_form(self) -> None:
        for body in (
            "user_id=",
            "user_id=a+b",
            "user_id=%00",
            "user_id=%ff",
            "user_id=a&exercise_type=",
            "exercise_type=plank",
        ):
            with self.subTest(body=body):
                assert len(self.refusal(self.post(body, FORM))["errors"]) == 1

    def test_it_refuses_a_file_as_a_user_id(self) -> None:
        problem = self.refusal(self.client.post(FINISH, {"user_id": SimpleUploadedFile("a", b"a")}))
        assert list(problem["errors"]) == ["user_id"]

    def test_it_refuses_bodies_that_are_not_json_objects(self) -> None:
        for body in (
            b"[]",
            b'["squat"]',
            b"7",
            b'"squat"',
            b"null",
            b"true",
            b"{",
            b'{"user_id": NaN}',
            b"{}{}",
            b"\xff\xfe",
            b'{"user_id": "\xff"}',
        ):
            with self.subTest(body=body):
                assert self.refusal(self.post(body))["detail"]

    def test_it_refuses_json_that_is_nested_too_deeply_or_has_huge_numbers(self) -> None:
        for body in (b"[" * 100_000, b'{"a":' * 100_000, b'{"user_id": ' + b"9" * 5000 + b"}"):
            assert self.refusal(self.post(body))["detail"]

    def test_it_refuses_a_body_of_several_megabytes(self) -> None:
        self.refusal(self.post({"user_id": self.user_id, "more": "a" * 3_000_000}))

    def test_it_refuses_other_content_types(self) -> None:
        for content_type in ("text/plain", "application/xml", "application/jsonx"):
            with self.subTest(content_type=content_type):
                self.refusal(self.post(json.dumps({"user_id": "a"}), content_type), 415)

    def test_it_refuses_other_methods(self) -> None:
        for method in ("get", "put", "patch", "delete"):
            with self.subTest(method=method):
                response = getattr(self.client, method)(FINISH)
                assert self.refusal(response, 405)["title"] == "Method Not Allowed"
                assert "POST" in response["Allow"]


class UnreadableBodyTests(TestCase):
    """A body that cannot be read must not finish the guest's workout."""

    def setUp(self) -> None:
        save_session(GUEST)

    def refuse(self, body: bytes, content_type: str) -> None:
        response = self.client.generic("POST", FINISH, body, content_type=content_type)
        assert response.status_code == 400, content_type
        assert response["Content-Type"] == "application/problem+json"

    def test_it_refuses_other_charsets(self) -> None:
        for charset in ("idna", "punycode", "utf-16", "utf-32", "nonsense"):
            self.refuse(b"user_id=a", f"application/x-www-form-urlencoded; charset={charset}")
            self.refuse(b"--x\r\n", f"multipart/form-data; boundary=x; charset={charset}")

    def test_it_refuses_a_form_without_any_known_field(self) -> None:
        self.refuse(b"%", "application/x-www-form-urlencoded")
        self.refuse(b"x", "multipart/form-data; boundary=x")

    def test_it_refuses_a_field_given_twice(self) -> None:
        self.refuse(b"user_id=a&user_id=b", "application/x-www-form-urlencoded")
