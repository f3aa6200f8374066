"""An export as a series of short steps, each run in whichever export thread is free."""

import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator
from contextvars import copy_context
from datetime import tzinfo
from logging import ERROR, INFO
from typing import NamedTuple

import django.db
from django.utils import timezone, translation

from workouts.exports import csv_file, xlsx_file
from workouts.exports.progress import DONE, FAILED, PREPARING, SENDING, ExportProgressReporter
from workouts.exports.rows import Row, list_export_titles, make_export_row, read_export_batches
from workouts.log_limits import limit_log
from workouts.metrics import exports
from workouts.models import WorkoutSessionQuerySet
from workouts.outages import log_outage
from workouts.threads import for_exports, in_thread

STEP_DEADLINE_S = 60.0  # most of it for waiting while other exports have the threads


class ExportFormat(NamedTuple):
    """A kind of file: `write` takes the titles and batches of rows, and yields the bytes."""

    content_type: str
    write: Callable[[list[str], Iterable[list[Row]]], Iterator[bytes]]


FORMATS = {
    "csv": ExportFormat(csv_file.CONTENT_TYPE, csv_file.write_csv),
    "xlsx": ExportFormat(xlsx_file.CONTENT_TYPE, xlsx_file.write_xlsx),
}


class Export(NamedTuple):
    """What to export, and the viewer's time zone and language."""

    sessions: WorkoutSessionQuerySet
    format: ExportFormat
    with_timeline: bool
    zone: tzinfo
    language: str
    reporter: ExportProgressReporter


class ExportSteps:
    """Iterates over the chunks of an export from any thread, in the viewer's language and zone."""

    def __init__(self, export: Export) -> None:
        self._export = export
        self._chunks = make_export_chunks(export)
        self._lock = threading.Lock()

    def __iter__(self) -> "ExportSteps":
        return self

    def __next__(self) -> bytes:
        with (
            self._lock,
            timezone.override(self._export.zone),
            translation.override(self._export.language),
        ):
            return next(self._chunks)

    def next_or_none(self) -> bytes | None:
        return next(self, None)

    def close(self) -> None:
        """Stop the export, after the current step if there is one."""
        with self._lock:
            self._chunks.close()


async def send_export_from_threads(steps: ExportSteps) -> AsyncIterator[bytes]:
    """Yield the chunks as the threads make them; closing this stops the export.

    Raises whatever a step raises, and TimeoutError if a step takes over STEP_DEADLINE_S.
    """
    try:
        while (
            chunk := await in_thread(for_exports, steps.next_or_none, timeout_s=STEP_DEADLINE_S)
        ) is not None:
            yield chunk
    finally:
        # not awaited: the task that closes this may itself have been cancelled
        for_exports.submit(copy_context().run, steps.close)


def make_export_chunks(export: Export) -> Generator[bytes, None, None]:
    """Yield the file. Any error is logged and raised, so an incomplete file never ends normally."""
    reporter = export.reporter
    try:
        reporter.report(state=PREPARING)
        titles = list_export_titles(with_timeline=export.with_timeline)
        yield from export.format.write(titles, make_export_batches(export))
        reporter.report(state=DONE)
        exports.labels("done").inc()
    except GeneratorExit:
        limit_log("export_closed", level=INFO, rows=reporter.progress.rows)
        exports.labels("closed").inc()
        raise
    except Exception as error:
        log_outage(
            "export_failed",
            error,
            kind=type(error).__name__,
            level=ERROR,
            rows=reporter.progress.rows,
        )
        exports.labels("failed").inc()
        raise
    finally:
        if reporter.progress.state != DONE:
            reporter.report(state=FAILED)


def make_export_batches(export: Export) -> Iterator[list[Row]]:
    """Yield the rows of each batch, and report it once the next one is wanted."""
    reporter, with_timeline = export.reporter, export.with_timeline
    reporter.report(state=SENDING, total=count_export_rows(export.sessions))
    for batch in read_export_batches(export.sessions, with_timeline=with_timeline):
        yield [
            make_export_row(record, export.zone, with_timeline=with_timeline) for record in batch
        ]
        reporter.report(rows=reporter.progress.rows + len(batch))


def count_export_rows(sessions: WorkoutSessionQuerySet) -> int | None:
    """Return the number of rows, or None if the database takes too long to count them."""
    try:
        return sessions.order_by().count()
    except django.db.OperationalError as error:
        log_outage("export_count_failed", error)
        return None
