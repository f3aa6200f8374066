"""A superuser in the admin, and the paths of its lists."""

from django.contrib.auth import get_user_model
from django.test import TestCase

ADMIN = "/admin/"
SESSIONS, ATHLETES, EXERCISES = (
    f"/admin/workouts/{name}/" for name in ("workoutsession", "athlete", "exercise")
)
PASSWORD = "lunges-before-breakfast"


class AdminCase(TestCase):
    def setUp(self) -> None:
        self.coach = get_user_model().objects.create_superuser("coach", password=PASSWORD)
        self.client.force_login(self.coach)

    def page(self, path: str, **query: str) -> str:
        response = self.client.get(path, query)
        assert response.status_code == 200, (path, response.status_code, response.get("Location"))
        return str(response.content.decode())

    def listed(self, path: str, **query: str) -> set[int]:
        """Return the primary keys of the rows on a list page."""
        response = self.client.get(path, query)
        assert response.status_code == 200, (path, query, response.get("Location"))
        return {row.pk for row in response.context["cl"].result_list}
