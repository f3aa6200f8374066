"""Works out the flags of saved sessions again."""

import contextlib
import signal
import threading
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from tqdm import tqdm

from workouts.fairness.reassessment import (
    Changes,
    count_sessions,
    fill_best_minutes,
    reassess,
    sessions_without_best_minute,
)

MAX_BATCH = 10_000  # sessions that nobody can decide about meanwhile


class Command(BaseCommand):
    help = "Work out the flags of saved sessions again, after limits were changed, and say what changed. Decisions of coaches stand."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--since", help="only sessions saved since then, a date or a time in ISO 8601"
        )
        parser.add_argument(
            "--batch", type=int, default=500, help="sessions a transaction (default: %(default)s)"
        )
        parser.add_argument("--dry-run", action="store_true", help="write nothing")

    def handle(self, *, since: str | None, batch: int, dry_run: bool, **options: Any) -> None:
        if not 1 <= batch <= MAX_BATCH:
            raise CommandError(
                f"--batch is {batch}; it takes a whole number from 1 to {MAX_BATCH:,}"
            )
        start, changes = read_time(since), Changes()
        with told_to_stop() as stop:
            missing = sessions_without_best_minute().count()
            if missing and not dry_run:
                show_progress(fill_best_minutes(batch=batch), missing, "best minutes", stop)
            if not stop.is_set():
                batches = reassess(changes, since=start, batch=batch, dry_run=dry_run)
                show_progress(batches, count_sessions(start), "flags", stop)
        self.show(changes)
        if dry_run and missing:
            self.stdout.write(
                f"{missing:,} sessions lack their best minute: personal_pace is known once it is written."
            )
        if dry_run:
            self.stdout.write("Nothing was written.")
        if stop.is_set():
            raise CommandError(
                "Stopped before the end. What is said above stands; start it again for the rest."
            )

    def show(self, changes: Changes) -> None:
        rows = {"sessions looked at": changes.looked_at}
        rows |= {f"flag {kind} came": changes.came[kind] for kind in sorted(changes.came)}
        rows |= {f"flag {kind} went": changes.went[kind] for kind in sorted(changes.went)}
        rows |= {
            "to be reviewed now": changes.newly_pending,
            "to be reviewed no more": changes.pending_no_more,
        }
        rows |= {"decided before, and the flags are others": changes.decided_otherwise}
        if changes.unreadable:
            rows |= {"not to be read, left as they are (see the log)": changes.unreadable}
        for name, number in rows.items():
            self.stdout.write(f"{name:<46} {number:>9,}")


def show_progress(batches: Iterable[int], total: int, name: str, stop: threading.Event) -> None:
    """Go through the batches, until the end or until told to stop."""
    with tqdm(total=total, desc=name, unit="session", disable=None) as bar:
        for size in batches:
            bar.update(size)
            if stop.is_set():
                break


@contextlib.contextmanager
def told_to_stop() -> Iterator[threading.Event]:
    """Yield what SIGINT and SIGTERM set meanwhile, so that a batch is finished first; a second one ends at once."""
    stop = threading.Event()
    before: dict[signal.Signals, Any] = {}

    def tell(number: int, frame: Any) -> None:
        stop.set()
        restore()

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    for number in (signal.SIGINT, signal.SIGTERM):
        before[number] = signal.signal(number, tell)
    try:
        yield stop
    finally:
        restore()


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
