"""Errors as pages for browsers and as problem details for programs, whatever the request holds."""

from typing import Any

from django.test import Client, TestCase

from workouts.api.problems import CONTENT_TYPE

HTML = "text/html; charset=utf-8"
NO_BOUNDARY = "multipart/form-data"


class UnreadableRequestTests(TestCase):
    def setUp(self) -> None:
        self.client = Client(enforce_csrf_checks=True)
        self.client.cookies["csrftoken"] = "a" * 32

    def post(self, path: str, accept: str) -> Any:
        return self.client.generic(
            "POST", path, b"not multipart", content_type=NO_BOUNDARY, headers={"accept": accept}
        )

    def test_it_has_a_page_for_an_unknown_address_with_a_malformed_body(self) -> None:
        for path in ("/nothing", "/workout/nothing"):
            response = self.post(path, "text/html")
            assert (response.status_code, response["Content-Type"]) == (404, HTML)
            assert b"Not Found" in response.content

    def test_it_has_a_page_for_a_malformed_body_at_a_known_address(self) -> None:
        response = self.post("/i18n/setlang/", "text/html")
        assert (response.status_code, response["Content-Type"]) == (400, HTML)

    def test_a_program_gets_a_problem_there(self) -> None:
        for path, status in (("/nothing", 404), ("/i18n/setlang/", 400)):
            response = self.post(path, "application/json")
            assert (response.status_code, response["Content-Type"]) == (status, CONTENT_TYPE)
            assert response.json()["status"] == status
