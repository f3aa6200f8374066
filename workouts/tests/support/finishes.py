"""An athlete who finishes workouts over HTTP, in the test's own process."""

from typing import Any

from django.test import TestCase

from workouts.models import WorkoutSession
from workouts.sockets.catalogue import catalogue
from workouts.tests.support.cast import new_athlete

FINISH = "/workout/finish"
JSON = "application/json"
NEVER = float("-inf")


class FinishCase(TestCase):
    def setUp(self) -> None:
        self.user_id = new_athlete()
        # the catalogue may hold what an earlier test has removed from the table again
        catalogue.looked_at = NEVER
        self.addCleanup(setattr, catalogue, "looked_at", NEVER)

    def post(self, body: Any = b"", content_type: str = JSON, **more: Any) -> Any:
        return self.client.post(FINISH, body, content_type=content_type, **more)

    def finish(self, exercise: str = "squat") -> int:
        response = self.post({"user_id": self.user_id, "exercise_type": exercise})
        assert response.status_code == 200, response.content
        return int(response.json()["workout_id"])

    def rows(self) -> list[WorkoutSession]:
        return list(WorkoutSession.objects.filter(athlete_id=self.user_id).order_by("id"))
