"""Works out the flags of saved sessions again."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from tqdm import tqdm

from workouts.reassessment import Changes, count_sessions, reassess


class Command(BaseCommand):
    help = "Work out the flags of saved sessions again, after limits were changed, and say what changed. Decisions of coaches stand."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--since", help="only sessions saved since then, a date or a time in ISO 8601")
        parser.add_argument("--batch", type=int, default=500, help="sessions a transaction (default: %(default)s)")
        parser.add_argument("--dry-run", action="store_true", help="write nothing")

    def handle(self, *, since: str | None, batch: int, dry_run: bool, **options: Any) -> None:
        if batch < 1:
            raise CommandError(f"--batch is {batch}; it takes a whole number from 1")
        start = read_time(since)
        with tqdm(total=count_sessions(start), unit="session", disable=None) as bar:
            changes = reassess(since=start, batch=batch, dry_run=dry_run, on_batch=bar.update)
        self.show(changes, dry_run=dry_run)

    def show(self, changes: Changes, *, dry_run: bool) -> None:
        rows = {"sessions looked at": changes.looked_at}
        rows |= {f"flag {kind} came": changes.came[kind] for kind in sorted(changes.came)}
        rows |= {f"flag {kind} went": changes.went[kind] for kind in sorted(changes.went)}
        rows |= {"to be reviewed now": changes.newly_pending, "to be reviewed no more": changes.pending_no_more}
        rows |= {"decided before, and the flags are others": changes.decided_otherwise}
        for name, number in rows.items():
            self.stdout.write(f"{name:<42} {number:>9,}")
        if dry_run:
            self.stdout.write("Nothing was written.")


def read_time(text: str | None) -> datetime | None:
    """Return the time, a date's beginning, in the service's time zone. Raises CommandError."""
    if text is None:
        return None
    try:
        day = parse_date(text)
        moment = datetime(day.year, day.month, day.day) if day else parse_datetime(text)  # noqa: DTZ001  (made aware below)
    except ValueError:
        moment = None
    if moment is None:
        raise CommandError(f"--since is {text!r}; it takes 2026-11-22 or 2026-11-22T18:00")
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment
