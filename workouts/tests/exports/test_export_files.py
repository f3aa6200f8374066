"""The files of an export: CSV and XLSX read back, batch by batch, cut off, and over HTTP."""

import asyncio
import csv
import http.client
import io
import itertools
import tracemalloc
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import SimpleTestCase, TestCase, TransactionTestCase
from openpyxl import load_workbook

from workouts.exports import rows, xlsx_file
from workouts.exports.csv_file import CsvFile
from workouts.exports.progress import FAILED, ProgressNotes, read_progress
from workouts.exports.rows import Cell, read_batches
from workouts.exports.steps import Export, Steps, send_from_threads
from workouts.exports.xlsx_file import XlsxFile, split_text
from workouts.models import Athlete, WorkoutSession
from workouts.tests.support.cast import save_session
from workouts.tests.support.coaches import Browser, make_team, run_shell
from workouts.tests.support.service import Service, fresh_database, fresh_folder
from workouts.threads import for_exports

FILE = "/admin/workouts/workoutsession/export/file/"
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


def write(
    file: CsvFile | XlsxFile, sheet: list[list[Cell]], titles: list[str] | None = None
) -> bytes:
    return file.begin(titles or ["title"]) + file.add(sheet) + file.end()


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
    """Save sessions that share a few moments, in no order."""
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


def export(
    kind: type[CsvFile] | type[XlsxFile] = CsvFile, *, with_timeline: bool = False, token: str = ""
) -> Export:
    sessions: Any = WorkoutSession.objects.all()
    return Export(
        sessions, kind(), with_timeline, ZoneInfo("Asia/Almaty"), "en", ProgressNotes("1", token)
    )


class CsvTests(SimpleTestCase):
    def test_it_comes_back_as_it_was(self) -> None:
        sheet: list[list[Cell]] = [["a,b", 'say "hi"', "two\nlines", "Ләйлә", 5, 1.5, None, "", -3]]
        assert read_csv(write(CsvFile(), sheet))[1] == [
            "a,b",
            'say "hi"',
            "two\nlines",
            "Ләйлә",
            "5",
            "1.5",
            "",
            "",
            "-3",
        ]

    def test_its_lines_end_as_the_standard_says(self) -> None:
        assert write(CsvFile(), [["a"], ["b"]]) == b"\xef\xbb\xbftitle\r\na\r\nb\r\n"

    def test_no_text_is_a_formula(self) -> None:
        cells = [row[0] for row in read_csv(write(CsvFile(), [[text] for text in FORMULAS]))[1:]]
        assert cells == [f"'{text}" for text in FORMULAS]

    def test_times_have_their_offset(self) -> None:
        at = SAVED.astimezone(ZoneInfo("Asia/Almaty"))
        assert read_csv(write(CsvFile(), [[at]]))[1] == ["2026-01-24T17:30:15+05:00"]


class XlsxTests(SimpleTestCase):
    def cells(self, data: bytes) -> list[Any]:
        return [
            row[0] for row in load_workbook(io.BytesIO(data)).worksheets[0].iter_rows(min_row=2)
        ]

    def test_it_comes_back_as_it_was(self) -> None:
        sheet: list[list[Cell]] = [
            [" a,b ", "two\nlines", "Ләйлә <&>", 5, 1.5, None, "x"],
            [1, "2", 3, "4", 5, 6, "7"],
        ]
        assert read_xlsx(write(XlsxFile(), sheet))[0][1:] == sheet

    def test_no_text_is_a_formula_or_an_error(self) -> None:
        texts = [text for text in FORMULAS if "\r" not in text] + ["#N/A", "#REF!", "="]
        cells = self.cells(write(XlsxFile(), [[text] for text in texts]))
        assert [cell.value for cell in cells] == texts
        assert {cell.data_type for cell in cells} == {"s"}

    def test_what_xml_cannot_hold_is_left_out(self) -> None:
        texts = ["a\0b\x07\x1b\x7f", "\ufffe\uffffz", "💪\ud800", "".join(map(chr, range(32)))]
        cells = self.cells(write(XlsxFile(), [[text] for text in texts]))
        assert [cell.value for cell in cells[:3]] == ["ab\x7f", "z", "💪"]

    def test_times_are_real_ones_of_the_zone(self) -> None:
        at = SAVED.astimezone(ZoneInfo("Asia/Almaty"))
        (cell,) = self.cells(write(XlsxFile(), [[at]]))
        assert (cell.value, cell.number_format, cell.is_date) == (
            datetime(2026, 1, 24, 17, 30, 15),  # noqa: DTZ001
            "yyyy-mm-dd hh:mm:ss",
            True,
        )

    def test_more_rows_than_a_sheet_has_go_on_in_another(self) -> None:
        sheet: list[list[Cell]] = [[number, "x" * 1000] for number in range(50)]
        for name, limit in (("MAX_SHEET_ROWS", 20), ("MAX_SHEET_BYTES", 20_000)):
            with patch.object(xlsx_file, name, limit):
                sheets = read_xlsx(write(XlsxFile(), sheet))
            assert len(sheets) > 2
            assert [each[0][0] for each in sheets] == ["title"] * len(sheets)
            assert [row for each in sheets for row in each[1:]] == sheet

    def test_a_long_timeline_goes_on_in_the_next_columns(self) -> None:
        timeline = " ".join(str(number * 700) for number in range(10_000))
        titles, row = read_xlsx(write(XlsxFile(), [[1, timeline]], ["ID", "timeline_ms"]))[0]
        assert titles == ["ID", "timeline_ms", "timeline_ms 2", "timeline_ms 3"]
        assert all(len(cell) <= 32_767 for cell in row[1:] if cell)
        assert " ".join(cell for cell in row[1:] if cell) == timeline

    def test_a_text_is_parted_at_spaces_and_nothing_is_lost(self) -> None:
        with patch.object(xlsx_file, "MAX_CELL_LENGTH", 5):
            assert split_text("12 34 567 8") == ["12 34", "567 8"]
            assert split_text("123456789") == ["12345", "6789"]
            assert split_text("12345 6") == ["12345", "6"]
            assert split_text("") == [""]

    def test_it_is_sent_as_it_grows(self) -> None:
        file = XlsxFile()
        file.begin(["ID"])
        texts = [[uuid.uuid4().hex] for _ in range(3000)]
        sizes = [len(file.add(texts)) for _ in range(3)]  # type: ignore[arg-type]
        assert min(sizes) > 30_000
        assert len(file.end()) < sum(sizes) / 2


class BatchTests(TestCase):
    def test_it_reads_all_once_and_in_order_though_many_were_saved_at_once(self) -> None:
        save_many(5200)
        expected = list(
            WorkoutSession.objects.order_by("-created_at", "-id").values_list("pk", flat=True)
        )
        batches = list(read_batches(WorkoutSession.objects.all(), with_timeline=False))
        assert [record.id for batch in batches for record in batch] == expected
        assert [len(batch) for batch in batches] == [2000, 2000, 1200]

    def test_batches_that_are_just_full_end(self) -> None:
        save_many(6)
        with patch.object(rows, "BATCH_ROWS", 3):
            assert [
                len(batch)
                for batch in read_batches(WorkoutSession.objects.all(), with_timeline=False)
            ] == [3, 3]

    def test_what_is_saved_meanwhile_is_not_among_them(self) -> None:
        save_many(4)
        with patch.object(rows, "BATCH_ROWS", 2):
            batches = read_batches(WorkoutSession.objects.all(), with_timeline=False)
            first = next(batches)
            save_session("43")
            assert len(first) + sum(map(len, batches)) == 4

    def test_the_memory_is_that_of_a_batch(self) -> None:
        peaks = []
        for count in (500, 2000):
            save_many(count)
            with patch.object(rows, "BATCH_ROWS", 100):
                peaks.append([self.peak(kind) for kind in (CsvFile, XlsxFile)])
        for few, many in zip(*peaks, strict=True):
            assert many < 1.5 * few + 100_000

    def peak(self, kind: type[CsvFile] | type[XlsxFile]) -> int:
        tracemalloc.start()
        for _chunk in Steps(export(kind)):
            pass
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak


class ThreadTests(TransactionTestCase):
    """As it is sent under ASGI: each batch in whichever thread is free."""

    serialized_rollback = True

    def setUp(self) -> None:
        save_many(7)
        self.enterContext(patch.object(rows, "BATCH_ROWS", 2))

    @contextmanager
    def watched(self) -> Iterator[list[bool]]:
        """Note of each batch whether this thread's connection was asked."""
        seen: list[bool] = []
        own = connection.connection
        describe = rows.describe

        def note(*args: Any, **kwargs: Any) -> Any:
            seen.append(connection.connection is own)
            return describe(*args, **kwargs)

        with patch("workouts.exports.steps.describe", note):
            yield seen

    async def test_it_sends_everything_from_other_threads(self) -> None:
        with self.watched() as seen:
            data = b"".join([chunk async for chunk in send_from_threads(Steps(export()))])
        assert len(read_csv(data)) == 8
        assert seen == [False] * 7

    async def test_an_error_in_the_middle_breaks_it_off(self) -> None:
        chunks = send_from_threads(Steps(export(token="a-word-of-mine")))
        await anext(chunks)
        await anext(chunks)
        with (
            patch("workouts.exports.steps.describe", side_effect=RuntimeError("no")),
            pytest.raises(RuntimeError, match="no"),
        ):
            await anext(chunks)
        assert read_progress("1", "a-word-of-mine").state == FAILED

    async def test_who_leaves_ends_the_work(self) -> None:
        for kind in (CsvFile, XlsxFile):
            steps = Steps(export(kind))
            chunks = send_from_threads(steps)
            await anext(chunks)
            with patch("workouts.exports.steps.log") as log:
                await chunks.aclose()  # type: ignore[attr-defined]
                await asyncio.wrap_future(for_exports.submit(steps.close))
            assert [call.args for call in log.info.call_args_list] == [("export_left",)]
            assert list(steps) == []

    async def test_a_step_that_is_under_way_is_ended_after_it(self) -> None:
        steps = Steps(export())
        task = asyncio.ensure_future(anext(send_from_threads(steps)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wrap_future(for_exports.submit(steps.close))
        assert list(steps) == []


SAVE_MANY = """
from datetime import timedelta
from django.utils import timezone
from workouts.models import Athlete, WorkoutSession
import uuid
now = timezone.now()
def save(user_id, at, **more):
    WorkoutSession.objects.create(session_id=uuid.uuid4(), athlete_id=user_id, exercise_id="squat", total_reps=2, started_at=at,
        finished_at=at, created_at=at, timeline_ms=[0, 900], **more)
Athlete.objects.create(user_id="stranger")
for number in range(30):
    save("ana", now)
    save("stranger", now)
save("broken", now - timedelta(days=1), flags=[5])
"""


class ServiceTests(SimpleTestCase):
    """Over HTTP, from a service of its own."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.service = Service(SENIM_DATA=str(fresh_folder()), DATABASE_URL=fresh_database()).start()
        cls.addClassCleanup(cls.service.stop)
        make_team(cls.service, "aliya", "ana")
        make_team(cls.service, "berik", "broken")
        run_shell(cls.service, SAVE_MANY)

    def download(self, coach: str, query: str) -> bytes:
        with (
            Browser(self.service)
            .log_in(coach)
            .opener.open(f"{self.service.url}{FILE}?{query}", timeout=20) as response
        ):
            assert response.headers["Transfer-Encoding"] == "chunked"
            return bytes(response.read())

    def test_a_coach_gets_both_kinds_of_file(self) -> None:
        for query in ("format=csv&timeline=on", "format=xlsx&timeline=on"):
            data = self.download("aliya", query)
            sheet = read_csv(data) if "csv" in query else read_xlsx(data)[0]
            assert len(sheet) == 31
            assert {row[2] for row in sheet[1:]} == {"ana"}
            assert {row[15] for row in sheet[1:]} == {"0 900"}

    def test_a_file_that_is_not_whole_does_not_look_so(self) -> None:
        for query in ("format=csv", "format=xlsx"):
            with pytest.raises(http.client.IncompleteRead):
                self.download("berik", query)
        assert "export_failed" in self.service.output()
        assert self.service.ask("GET", "/").status == 200
