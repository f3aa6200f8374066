"""Finds the sets and flags of saved sessions again."""

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
    ReassessmentChanges,
    assess_missing_figures,
    count_sessions_to_reassess,
    reassess_sessions,
    sessions_to_assess_for_figures,
)

MAX_BATCH = 10_000  # sessions locked at once, which no one can decide on meanwhile


class Command(BaseCommand):
    help = (
        "Find the sets and flags of saved sessions again, after limits changed, and report what"
        " changed. Coaches' decisions stand."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--since", help="only sessions saved since this date or time (ISO 8601)"
        )
        parser.add_argument(
            "--batch", type=int, default=500, help="sessions per transaction (default: %(default)s)"
        )
        parser.add_argument("--dry-run", action="store_true", help="write nothing")

    def handle(self, *, since: str | None, batch: int, dry_run: bool, **options: Any) -> None:
        if not 1 <= batch <= MAX_BATCH:
            raise CommandError(f"--batch is {batch}, but must be between 1 and {MAX_BATCH:,}")
        start, changes = parse_since_option(since), ReassessmentChanges()
        with catch_command_signals() as stop:
            missing = sessions_to_assess_for_figures().count()
            if missing and not dry_run:
                show_command_progress(
                    assess_missing_figures(batch=batch), missing, "sets and best minutes", stop
                )
            if not stop.is_set():
                batches = reassess_sessions(changes, since=start, batch=batch, dry_run=dry_run)
                show_command_progress(batches, count_sessions_to_reassess(start), "flags", stop)
        self.show(changes)
        if dry_run and missing:
            self.stdout.write(
                f"{missing:,} sessions lack their sets or best minute;"
                " until these are written, personal_pace flags may be missing above."
            )
        if dry_run:
            self.stdout.write("Nothing was written.")
        if stop.is_set():
            raise CommandError(
                "Stopped early. What is reported above was written; run it again for the rest."
            )

    def show(self, changes: ReassessmentChanges) -> None:
        rows = {"sessions looked at": changes.looked_at}
        rows |= {f"flag {kind} added": changes.came[kind] for kind in sorted(changes.came)}
        rows |= {f"flag {kind} removed": changes.went[kind] for kind in sorted(changes.went)}
        rows |= {
            "sets changed": changes.new_sets,
            "now need a review": changes.newly_pending,
            "no longer need a review": changes.pending_no_more,
        }
        rows |= {"decided by a coach on other flags": changes.decided_otherwise}
        if changes.unreadable:
            rows |= {"unreadable, left as they are (see the log)": changes.unreadable}
        for name, number in rows.items():
            self.stdout.write(f"{name:<46} {number:>9,}")


def show_command_progress(
    batches: Iterable[int], total: int, name: str, stop: threading.Event
) -> None:
    """Go through the batches until they end or `stop` is set."""
    with tqdm(total=total, desc=name, unit="session", disable=None) as bar:
        for size in batches:
            bar.update(size)
            if stop.is_set():
                break


@contextlib.contextmanager
def catch_command_signals() -> Iterator[threading.Event]:
    """Yield an event that SIGINT or SIGTERM sets, so that the current batch is finished first.

    A second signal stops the command at once.
    """
    stop = threading.Event()
    before: dict[signal.Signals, Any] = {}

    def handle(number: int, frame: Any) -> None:
        stop.set()
        restore()

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    for number in (signal.SIGINT, signal.SIGTERM):
        before[number] = signal.signal(number, handle)
    try:
        yield stop
    finally:
        restore()


def parse_since_option(text: str | None) -> datetime | None:
    """Return the time, or the start of the day, as an aware datetime. Raises CommandError."""
    if text is None:
        return None
    try:
        day = parse_date(text)
        moment = datetime(day.year, day.month, day.day) if day else parse_datetime(text)  # noqa: DTZ001  (made aware below)
    except ValueError:
        moment = None
    if moment is None:
        raise CommandError(
            f"--since is {text!r}, but must look like 2026-11-22 or 2026-11-22T18:00"
        )
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment
