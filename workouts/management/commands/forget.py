"""Forgets an athlete: erases everything, or keeps the totals without the person."""

from argparse import ArgumentParser
from typing import Any

import django.db
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from workouts.live.clients import REDIS_AWAY
from workouts.services.personal_data.forgetting import forget_athlete
from workouts.services.personal_data.persons import UnknownAthleteError, find_person


class Command(BaseCommand):
    help = "Erase all that Senim has about an athlete, aliases included. This cannot be undone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user_id", metavar="USER_ID")
        parser.add_argument(
            "--keep-totals",
            action="store_true",
            help="keep the exercise, reps and day of each session, under a random name",
        )
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *, user_id: str, keep_totals: bool, yes: bool, **options: Any) -> None:
        try:
            if not yes:
                self.ask(user_id)
            forgotten = forget_athlete(user_id, keep_totals=keep_totals)
        except UnknownAthleteError:
            raise CommandError(
                f"there is nothing about {user_id!r}, neither in the database nor in Redis"
            ) from None
        except (*REDIS_AWAY, django.db.Error) as error:
            raise CommandError(f"interrupted, run it again: {str(error).strip()}") from None
        what = "made anonymous" if forgotten.anonymous_id else "erased"
        self.stdout.write(
            f"Forgotten: {', '.join(forgotten.user_ids)}. Sessions {what}: {forgotten.sessions}."
        )
        if settings.SENIM_AUTH != "token":
            self.stdout.write("In open mode, a new rep under this user ID makes a new athlete.")

    def ask(self, user_id: str) -> None:
        also = [each for each in find_person(user_id) if each != user_id]
        if also:
            self.stdout.write(f"The same person: {', '.join(also)}.")
        typed = input(f"This cannot be undone. Type {user_id} to forget the athlete: ")
        if typed.strip() != user_id:
            raise CommandError("nothing was erased")
