"""Writes all that Senim has about an athlete into a ZIP."""

import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import django.db
from django.core.management.base import BaseCommand, CommandError

from workouts.exports.athlete_archive import find_user_ids_to_archive, write_athlete_archive
from workouts.live.clients import REDIS_AWAY
from workouts.services.personal_data.persons import UnknownAthleteError

FILE_MODE = 0o600


class Command(BaseCommand):
    help = "Write all that Senim has about an athlete, aliases included, into a ZIP."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user_id", metavar="USER_ID")
        parser.add_argument(
            "--output",
            metavar="FILE",
            help="the file to write, - for standard output (default: athlete-USER_ID.zip)",
        )

    def handle(self, *, user_id: str, output: str | None, **options: Any) -> None:
        path = Path(output or f"athlete-{user_id.replace('/', '_')}.zip")
        try:
            user_ids = find_user_ids_to_archive(user_id)
            if output == "-":
                for chunk in write_athlete_archive(user_ids):
                    sys.stdout.buffer.write(chunk)
                return
            write_archive_file(path, user_ids)
        except UnknownAthleteError:
            raise CommandError(
                f"there is nothing about {user_id!r}, neither in the database nor in Redis"
            ) from None
        except FileExistsError:
            raise CommandError(f"{path} exists already") from None
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error}") from None
        except (*REDIS_AWAY, django.db.Error) as error:
            raise CommandError(f"the export was interrupted: {str(error).strip()}") from None
        self.stdout.write(f"{path}: {', '.join(user_ids)}")


def write_archive_file(path: Path, user_ids: list[str]) -> None:
    """Write the file, for its owner's eyes only; an incomplete one is removed."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    try:
        with open(descriptor, "wb") as file:
            for chunk in write_athlete_archive(user_ids):
                file.write(chunk)
    except BaseException:
        path.unlink()
        raise
