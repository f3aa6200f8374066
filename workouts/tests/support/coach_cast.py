"""A team with its coach and an athlete, another team's coach, a head coach and a superuser."""

from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import TestCase

from workouts.models import Athlete, Team
from workouts.tests.support.admin import ADMIN, ATHLETES

TEAMS, USERS = f"{ADMIN}workouts/team/", f"{ADMIN}auth/user/"


class CoachCase(TestCase):
    """Logged in as the coach of `self.team`."""

    @classmethod
    def setUpTestData(cls) -> None:
        users = get_user_model().objects
        cls.coach, cls.other, cls.head = (
            users.create_user(name, is_staff=True) for name in ("coach", "other", "head")
        )
        cls.root = users.create_superuser("root")
        for user, group in ((cls.coach, "coaches"), (cls.other, "coaches")):
            user.groups.add(Group.objects.get(name=group))
        cls.head.groups.add(Group.objects.get(name="head coaches"))
        cls.team, cls.other_team = (
            Team.objects.create(name="Juniors"),
            Team.objects.create(name="Seniors"),
        )
        cls.team.coaches.add(cls.coach)
        cls.other_team.coaches.add(cls.other)
        cls.athlete = Athlete.objects.create(user_id="ana-1", display_name="Ana")
        cls.team.athletes.add(cls.athlete)
        cls.athlete_page = f"{ATHLETES}{cls.athlete.pk}/"
        cls.team_page = f"{TEAMS}{cls.team.pk}/"

    def setUp(self) -> None:
        self.client.force_login(self.coach)

    def page(self, path: str, **query: Any) -> str:
        response = self.client.get(path, query)
        assert response.status_code == 200, (path, response.status_code, response.get("Location"))
        return str(response.content.decode())

    def status(self, user: Any, path: str, **form: Any) -> int:
        """Post a form as this user, and return the answer's status."""
        self.client.force_login(user)
        return int(self.client.post(path, form).status_code)

    def history(self, obj: Any) -> list[str]:
        """Return what the admin's history says about an object, oldest first, in English."""
        entries = LogEntry.objects.filter(object_id=str(obj.pk)).order_by("pk")
        entries = entries.filter(content_type__model=obj._meta.model_name)
        return [entry.get_change_message() for entry in entries]
