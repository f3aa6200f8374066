"""Asking for saved sessions over the API."""

from typing import Any

from django.test import TestCase

from workouts.api.problems import CONTENT_TYPE

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
