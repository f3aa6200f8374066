"""Exports for tests, and how to read their files."""

import csv
import io
import itertools
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth import get_user_model
from django.test import TestCase
from openpyxl import load_workbook

from workouts.exports.progress import ExportProgressReporter
from workouts.exports.steps import FORMATS, Export
from workouts.models import Athlete, WorkoutSession

LIST = "/admin/workouts/workoutsession/"
FILE = f"{LIST}export/file/"
TOKEN = "made-up-by-the-page"
SAVED = datetime(2026, 1, 24, 12, 30, 15, tzinfo=UTC)
FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "＝1+1",
    "＋1",
    "－1",
    "＠a",
    '=cmd|"/c calc"!A1',
]


def read_csv(data: bytes) -> list[list[str]]:
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def read_xlsx(data: bytes) -> list[list[list[Any]]]:
    """Return the sheets of a workbook, each as rows of values."""
    workbook = load_workbook(io.BytesIO(data), read_only=True)
    return [
        [list(row) for row in sheet.iter_rows(values_only=True)] for sheet in workbook.worksheets
    ]


def save_many(count: int, *, reps: int = 2) -> None:
    """Save sessions at three moments, in no order."""
    Athlete.objects.get_or_create(user_id="42")
    moment = itertools.cycle([0, 2, 1, 1]).__next__
    WorkoutSession.objects.bulk_create(
        WorkoutSession(
            session_id=uuid.uuid4(),
            athlete_id="42",
            exercise_id="squat",
            total_reps=reps,
            started_at=SAVED,
            finished_at=SAVED,
            created_at=SAVED + timedelta(seconds=moment()),
            timeline_ms=list(range(0, reps * 1000, 1000)),
        )
        for _ in range(count)
    )


def make_export(kind: str = "csv", *, token: str = "") -> Export:
    sessions: Any = WorkoutSession.objects.all()
    zone, reporter = ZoneInfo("Asia/Almaty"), ExportProgressReporter("1", token)
    return Export(sessions, FORMATS[kind], False, zone, "en", reporter)


class ExportCase(TestCase):
    def setUp(self) -> None:
        self.coach = get_user_model().objects.create_superuser("coach")
        self.client.force_login(self.coach)

    def download(self, **query: str) -> bytes:
        response = self.client.get(FILE, query)
        assert response.status_code == 200, response.content
        return b"".join(response)  # type: ignore[arg-type]

    def read_csv(self, **query: str) -> list[list[str]]:
        return read_csv(self.download(**query))

    def ids(self, **query: str) -> list[int]:
        return [int(row[0]) for row in self.read_csv(**query)[1:]]

    def listed(self, **query: str) -> list[int]:
        response = self.client.get(LIST, query)
        assert response.status_code == 200
        return [row.pk for row in response.context["cl"].result_list]
