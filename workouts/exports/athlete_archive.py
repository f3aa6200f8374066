"""All that Senim has about one athlete, as a ZIP of JSON and CSV, generated as it is written."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.serializers.json import DjangoJSONEncoder
from stream_zip import ZIP_64, MemberFile, stream_zip

from workouts.exports.csv_file import BYTE_ORDER_MARK, write_csv_rows
from workouts.exports.rows import Cell
from workouts.fairness.tempo import SessionPace, measure_session_pace
from workouts.live.runtime import get_live_store
from workouts.live.traces import find_live_traces, read_live_traces
from workouts.models import Athlete, WorkoutSession
from workouts.services.personal_data.persons import UnknownAthleteError, find_person
from workouts.services.personal_data.places import (
    ACCOUNT_PLACE,
    ATHLETE_PLACES,
    AthletePlace,
)

FILE_MODE = 0o600
BATCH_ROWS = 250  # a timeline of 10,000 reps is 100 KB
CSV_FIELDS = (
    "pk",
    "session_id",
    "athlete_id",
    "exercise_id",
    "total_reps",
    "started_at",
    "finished_at",
    "created_at",
    "review_status",
    "is_in_totals",
    "load_kg",
    "sets",
    "timeline_ms",
)
CSV_TITLES = (*CSV_FIELDS[:-2], *SessionPace._fields, "timeline_ms")


def find_user_ids_to_archive(user_id: str) -> list[str]:
    """Return the athlete's user_ids, aliases included. Raises UnknownAthleteError."""
    user_ids = find_person(user_id)
    if not user_ids:
        if not find_live_traces(get_live_store(), user_id):
            raise UnknownAthleteError(user_id)
        return [user_id]
    return user_ids


def write_athlete_archive(user_ids: list[str]) -> Iterator[bytes]:
    """Yield a ZIP with everything about these user_ids, which are one person's.

    A file for each table, as in services/personal_data/places.py, sessions as CSV too, what the
    audit trail says about the athlete, and what is live in Redis. Raises redis.RedisError and
    django.db.Error.
    """
    yield from stream_zip(make_archive_files(user_ids))


def make_archive_files(user_ids: list[str]) -> Iterator[MemberFile]:
    for place in (*ATHLETE_PLACES, ACCOUNT_PLACE):
        yield make_archive_file(
            f"{place.file}.json", write_archive_json(read_place(place, user_ids))
        )
    yield make_archive_file("sessions.csv", write_archive_csv(user_ids))
    yield make_archive_file("history.json", write_archive_json(read_history(user_ids)))
    yield make_archive_file("live.json", write_archive_json(read_live_state(user_ids)))


def make_archive_file(name: str, chunks: Iterable[bytes]) -> MemberFile:
    return name, datetime.now(UTC), FILE_MODE, ZIP_64, chunks


def write_archive_json(rows: Iterable[Any]) -> Iterator[bytes]:
    """Yield a JSON array, one row a line."""
    separator = "[\n"
    for row in rows:
        yield f"{separator}{json.dumps(row, cls=DjangoJSONEncoder, ensure_ascii=False)}".encode()
        separator = ",\n"
    yield b"[]\n" if separator == "[\n" else b"\n]\n"


def read_place(place: AthletePlace, user_ids: list[str]) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table, with the exported fields, oldest first."""
    rows = place.rows(user_ids).order_by("pk").values_list("pk", *place.exported.values())
    last: Any = None
    while batch := [*(rows if last is None else rows.filter(pk__gt=last))[:BATCH_ROWS]]:
        for pk, *values in batch:
            yield dict(zip(place.exported, values, strict=True))
            last = pk


def write_archive_csv(user_ids: list[str]) -> Iterator[bytes]:
    """Yield the sessions as CSV, times in UTC, reps in ms since the first one."""
    yield f"{BYTE_ORDER_MARK}{write_csv_rows([CSV_TITLES])}".encode()
    sessions = WorkoutSession.objects.filter(athlete_id__in=user_ids).order_by("pk")
    rows, last = sessions.values_list(*CSV_FIELDS, named=True), 0
    while batch := [*rows.filter(pk__gt=last)[:BATCH_ROWS]]:
        yield write_csv_rows(map(make_archive_csv_row, batch)).encode()
        last = batch[-1].pk


def make_archive_csv_row(row: Any) -> list[Cell]:
    pk, session_id, *cells, sets, timeline = row
    pace = measure_session_pace(sets, row.started_at, row.finished_at)
    return [pk, str(session_id), *cells, *pace, " ".join(map(str, timeline))]


def read_history(user_ids: list[str]) -> Iterator[dict[str, Any]]:
    """Yield what the audit trail says about the athlete; not who did it, which is about a coach."""
    ids = Athlete.objects.filter(user_id__in=user_ids).values_list("pk", flat=True)
    entries = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(Athlete), object_id__in=[*map(str, ids)]
    )
    for entry in entries.order_by("action_time", "pk"):
        yield {
            "at": entry.action_time,
            "action": entry.get_action_flag_display(),
            "about": entry.object_repr,
            "text": entry.get_change_message(),
        }


def read_live_state(user_ids: list[str]) -> Iterator[dict[str, Any]]:
    for user_id in user_ids:
        for key, value in read_live_traces(get_live_store(), user_id):
            yield {"user_id": user_id, "key": key, "value": value}
