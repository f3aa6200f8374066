"""The rows of an export: their columns, and how they are read, one short query per batch."""

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Q, TextField, Value
from django.db.models.functions import Cast
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from workouts.fairness.flag_texts import name_flag
from workouts.fairness.tempo import measure_session_pace
from workouts.loads import load_to_number
from workouts.models import ReviewStatus, WorkoutSessionQuerySet, name_exercise

BATCH_ROWS = 2000
# a timeline of 10,000 reps is 100 KB of text
BATCH_ROWS_WITH_TIMELINE = 250
TITLES: tuple[str | Promise, ...] = (
    _("ID"),
    _("session ID"),
    _("user ID"),
    _("name"),
    _("exercise"),
    _("name of the exercise"),
    _("reps"),
    _("first rep"),
    _("last rep"),
    _("saved"),
    _("length, s"),
    _("sets"),
    _("work, s"),
    _("rest, s"),
    _("reps a minute within sets"),
    _("refused reps"),
    _("review"),
    _("flags"),
    _("load, kg"),
)
TIMELINE_TITLE = "timeline_ms"
NAME_COLUMNS, TIME_COLUMNS = (4, 6), (8, 9, 10)  # counted from 1
STATUSES: dict[str, Any] = dict(ReviewStatus.choices)
Cell = str | int | float | datetime | None
Row = Sequence[Cell]


class ExportRecord(NamedTuple):
    """A session as it is read, in the order of FIELDS; `timeline` is JSON."""

    id: int
    session_id: UUID
    user_id: str
    display_name: str
    exercise: str
    exercise_name: str
    reps: int
    started_at: datetime
    finished_at: datetime
    saved_at: datetime
    sets: list[list[Any]] | None
    refused: dict[str, int]
    review_status: str
    flags: list[dict[str, Any]]
    load_kg: Decimal | None
    timeline: str


FIELDS = (
    "pk",
    "session_id",
    "athlete_id",
    "athlete__display_name",
    "exercise_id",
    "exercise__name",
    "total_reps",
    "started_at",
    "finished_at",
    "created_at",
    "sets",
    "refused",
    "review_status",
    "flags",
    "load_kg",
    "timeline_text",
)


def read_export_batches(
    sessions: WorkoutSessionQuerySet, *, with_timeline: bool
) -> Iterator[list[ExportRecord]]:
    """Yield the sessions in batches, newest first; any saved after the first query are left out."""
    limit = BATCH_ROWS_WITH_TIMELINE if with_timeline else BATCH_ROWS
    # as text: parsing the numbers only to join them again would be wasted
    timeline = Cast("timeline_ms", TextField()) if with_timeline else Value("")
    rows = (
        sessions.annotate(timeline_text=timeline)
        .order_by("-created_at", "-pk")
        .values_list(*FIELDS)
    )
    batch = [ExportRecord._make(row) for row in rows[:limit]]
    while batch:
        yield batch
        batch = (
            [ExportRecord._make(row) for row in rows.filter(is_exported_after(batch[-1]))[:limit]]
            if len(batch) == limit
            else []
        )


def is_exported_after(last: ExportRecord) -> Q:
    """Return the condition for the sessions after this one."""
    # the second part implies the first, but only the first can use an index
    return Q(created_at__lte=last.saved_at) & (Q(created_at__lt=last.saved_at) | Q(pk__lt=last.id))


def list_export_titles(*, with_timeline: bool) -> list[str]:
    """Return the column titles in the active language."""
    return [str(title) for title in TITLES] + [TIMELINE_TITLE] * with_timeline


def make_export_row(record: ExportRecord, zone: tzinfo, *, with_timeline: bool) -> Row:
    """Return the cells: texts in the active language, times in the zone and whole seconds."""
    length_s = (record.finished_at - record.started_at).total_seconds()
    pace = measure_session_pace(record.sets, record.started_at, record.finished_at)
    cells: list[Cell] = [
        record.id,
        str(record.session_id),
        record.user_id,
        record.display_name,
        record.exercise,
        name_exercise(record.exercise_name),
        record.reps,
        *(
            at.astimezone(zone).replace(microsecond=0)
            for at in (record.started_at, record.finished_at, record.saved_at)
        ),
        round(length_s, 3),
        pace.total_sets,
        *(None if ms is None else ms / 1000 for ms in (pace.work_ms, pace.rest_ms)),
        pace.reps_per_minute,
        sum(record.refused.values()),
        str(STATUSES.get(record.review_status, record.review_status)),
        ", ".join(map(name_flag, record.flags)),
        load_to_number(record.load_kg),
    ]
    if with_timeline:
        cells.append(record.timeline.strip("[]").replace(" ", "").replace(",", " "))
    return cells
