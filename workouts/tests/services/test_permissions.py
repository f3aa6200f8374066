"""A user's permissions: the same as Django finds, in one query."""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser, Group, Permission
from django.test import TestCase

from workouts.services.permissions import OneQueryPermissionsBackend


class PermissionTests(TestCase):
    def make_user(self, **more: Any) -> Any:
        user = get_user_model().objects.create_user("aigul", **more)
        user.groups.add(Group.objects.get(name="coaches"))
        own = Permission.objects.filter(codename__in=("view_user", "view_athlete"))
        user.user_permissions.add(*own)
        return user

    def test_they_are_the_users_own_and_those_of_the_groups(self) -> None:
        user = self.make_user()
        expected = ModelBackend().get_all_permissions(user)
        assert {"auth.view_user", "workouts.view_athlete", "workouts.enter_load"} <= expected
        user = get_user_model().objects.get()  # without what was found and kept
        with self.assertNumQueries(1):
            assert OneQueryPermissionsBackend().get_all_permissions(user) == expected
            assert OneQueryPermissionsBackend().has_perm(user, "workouts.enter_load")
        assert not OneQueryPermissionsBackend().has_perm(user, "workouts.add_team")

    def test_a_superuser_has_all_and_a_user_who_is_switched_off_has_none(self) -> None:
        backend, user = OneQueryPermissionsBackend(), self.make_user(is_superuser=True)
        assert len(backend.get_all_permissions(user)) == Permission.objects.count()
        user = get_user_model()(pk=user.pk, is_active=False)
        for nobody in (user, AnonymousUser()):
            assert backend.get_all_permissions(nobody) == set()
