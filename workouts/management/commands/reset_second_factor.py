"""Removes a user's second factor, for a superuser who has lost the phone and the codes."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from workouts.services.second_factors import remove_second_factor

BY = "manage.py"


class Command(BaseCommand):
    help = "Remove a user's second factor: they log in with the password until they set one up."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")

    def handle(self, *, username: str, **options: Any) -> None:
        user = get_user_model().objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"There is no user {username!r}.")
        if not remove_second_factor(user, by=BY):
            raise CommandError(f"{username} has no second factor.")
        self.stdout.write(f"{username} logs in without a second factor now.")
