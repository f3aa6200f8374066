"""Those who log in to the admin: a coach, a head coach and a superuser."""

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import TestCase

from workouts.tests.support.admin import PASSWORD


class SignInCase(TestCase):
    """Nobody is logged in yet; all three have the password PASSWORD."""

    @classmethod
    def setUpTestData(cls) -> None:
        users = get_user_model().objects
        cls.root = users.create_superuser("root", password=PASSWORD)
        cls.head, cls.coach = (
            users.create_user(name, password=PASSWORD, is_staff=True) for name in ("head", "coach")
        )
        cls.head.groups.add(Group.objects.get(name="head coaches"))
        cls.coach.groups.add(Group.objects.get(name="coaches"))
