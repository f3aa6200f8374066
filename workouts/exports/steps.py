"""The work of an export, in steps: each reads a batch and gives the bytes of it, in whichever thread it is asked to."""

import threading
from collections.abc import AsyncIterator, Iterator
from datetime import tzinfo
from typing import NamedTuple

import django.db
import structlog
from django.utils import timezone, translation

from workouts.exports.csv_file import CsvFile
from workouts.exports.progress import DONE, FAILED, PREPARING, SENDING, Progress, ProgressNotes
from workouts.exports.rows import describe, list_titles, read_batches
from workouts.exports.xlsx_file import XlsxFile
from workouts.models import WorkoutSessionQuerySet
from workouts.threads import for_exports, in_thread

FILES: dict[str, type[CsvFile] | type[XlsxFile]] = {"csv": CsvFile, "xlsx": XlsxFile}
STEP_DEADLINE_S = 60.0  # the wait for a thread among many exports is in it
log = structlog.get_logger(__name__)


class Export(NamedTuple):
    """What is wanted, and how the viewer sees it."""

    sessions: WorkoutSessionQuerySet
    file: CsvFile | XlsxFile
    with_timeline: bool
    zone: tzinfo
    language: str
    notes: ProgressNotes


class Steps:
    """The chunks of an export, for one caller at a time; the languages and zones of the threads stay as they were."""

    def __init__(self, export: Export) -> None:
        self._export = export
        self._chunks = make_chunks(export)
        self._lock = threading.Lock()

    def __iter__(self) -> "Steps":
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
        """End the work; a step that is under way is waited for."""
        with self._lock:
            self._chunks.close()  # type: ignore[attr-defined]  # a generator's


async def send_from_threads(steps: Steps) -> AsyncIterator[bytes]:
    """Yield the chunks as they are made in threads. Ends the work when it is closed; raises what a step raises, or TimeoutError."""
    try:
        while (
            chunk := await in_thread(for_exports, steps.next_or_none, timeout_s=STEP_DEADLINE_S)
        ) is not None:
            if chunk:
                yield chunk
    finally:
        # not waited for: who closes this may itself be cancelled
        for_exports.submit(steps.close)


def make_chunks(export: Export) -> Iterator[bytes]:
    """Yield the bytes of the file. What goes wrong is raised after a line in the log: the file must not look whole."""
    progress = Progress(PREPARING)
    try:
        export.notes.note(progress)
        yield export.file.begin(list_titles(with_timeline=export.with_timeline))
        progress = Progress(SENDING, 0, count_rows(export.sessions))
        for batch in read_batches(export.sessions, with_timeline=export.with_timeline):
            yield export.file.add(
                describe(record, export.zone, with_timeline=export.with_timeline)
                for record in batch
            )
            progress = progress._replace(rows=progress.rows + len(batch))
            export.notes.note(progress)
        yield export.file.end()
        progress = progress._replace(state=DONE)
    except GeneratorExit:
        log.info("export_left", rows=progress.rows)
        raise
    except Exception as error:
        log.error(
            "export_failed", rows=progress.rows, error=f"{type(error).__name__}: {error}".strip()
        )
        raise
    finally:
        export.notes.note(progress if progress.state == DONE else progress._replace(state=FAILED))
        if progress.state != DONE:
            export.file.abandon()


def count_rows(sessions: WorkoutSessionQuerySet) -> int | None:
    """Return how many there are, or None where the database does not say in time: the export can do without."""
    try:
        return sessions.order_by().count()
    except django.db.OperationalError as error:
        log.warning("export_not_counted", error=str(error).strip())
        return None
