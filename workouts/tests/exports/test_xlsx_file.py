"""What a spreadsheet reads from an XLSX, and how the file is streamed."""

import io
import uuid
import zipfile
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from typing import Any
from unittest.mock import patch
from xml.etree.ElementTree import fromstring as parse
from zoneinfo import ZoneInfo

from django.test import SimpleTestCase
from openpyxl import load_workbook

from workouts.exports import xlsx_file
from workouts.exports.rows import TITLES, Row
from workouts.exports.xlsx_file import split_xlsx_cell_text, write_xlsx
from workouts.tests.support.exports import FORMULAS, SAVED, read_xlsx


def write(rows: list[Row], titles: list[str] | None = None) -> bytes:
    return b"".join(write_xlsx(titles or ["title"], [rows]))


def read_cells(data: bytes) -> list[Any]:
    """Return the first cell of each row."""
    sheet = load_workbook(io.BytesIO(data)).worksheets[0]
    return [row[0] for row in sheet.iter_rows(min_row=2)]


class CellTests(SimpleTestCase):
    def test_cells_come_back_unchanged(self) -> None:
        rows: list[Row] = [
            [" a,b ", "two\nlines", "Ләйлә <&>", 5, 1.5, None, "x"],
            [1, "2", 3, "4\r5", 5, 6, "]]>"],
        ]
        assert read_xlsx(write(rows))[0][1:] == rows

    def test_no_text_is_a_formula_or_an_error(self) -> None:
        texts = [*FORMULAS, "#N/A", "#REF!", "="]
        cells = read_cells(write([[text] for text in texts]))
        assert [cell.value for cell in cells] == texts
        assert {cell.data_type for cell in cells} == {"s"}

    def test_characters_that_xml_forbids_are_left_out(self) -> None:
        texts = ["a\0b\x07\x1b\x7f", "\ufffe\uffffz", "💪\ud800", "".join(map(chr, range(32)))]
        cells = read_cells(write([[text] for text in texts]))
        assert [cell.value for cell in cells] == ["ab\x7f", "z", "💪", "\t\n\r"]

    def test_excel_does_not_read_a_character_code_into_a_user_id(self) -> None:
        with zipfile.ZipFile(io.BytesIO(write([["max_x2024_pro"], ["_x1"]]))) as archive:
            sheet = archive.read("xl/worksheets/sheet1.xml").decode()
        assert ">max_x005F_x2024_pro<" in sheet
        assert ">_x1<" in sheet

    def test_times_are_times_of_the_zone(self) -> None:
        at = SAVED.astimezone(ZoneInfo("Asia/Almaty"))
        (cell,) = read_cells(write([[at]]))
        assert cell.value == datetime(2026, 1, 24, 17, 30, 15)  # noqa: DTZ001
        assert (cell.number_format, cell.is_date) == ("yyyy-mm-dd hh:mm:ss", True)

    def test_a_long_timeline_continues_in_the_next_columns(self) -> None:
        timeline = " ".join(str(number * 700) for number in range(10_000))
        titles, row = read_xlsx(write([[1, timeline]], ["ID", "timeline_ms"]))[0]
        assert titles == ["ID", "timeline_ms", "timeline_ms 2", "timeline_ms 3"]
        assert all(len(cell) <= 32_767 for cell in row[1:] if cell)
        assert " ".join(cell for cell in row[1:] if cell) == timeline

    def test_a_text_is_split_at_spaces_and_nothing_is_lost(self) -> None:
        with patch.object(xlsx_file, "MAX_CELL_LENGTH", 5):
            assert split_xlsx_cell_text("12 34 567 8") == ["12 34", "567 8"]
            assert split_xlsx_cell_text("123456789") == ["12345", "6789"]
            assert split_xlsx_cell_text("12345 6") == ["12345", "6"]
            assert split_xlsx_cell_text("") == [""]


class SheetTests(SimpleTestCase):
    def test_the_titles_stay_in_view_and_names_and_times_have_room(self) -> None:
        sheet = load_workbook(io.BytesIO(write([["a"]]))).worksheets[0]
        assert sheet.freeze_panes == "A2"
        widths = {name: column.width for name, column in sheet.column_dimensions.items()}
        assert widths == {"D": 32, "F": 32, "H": 20, "I": 20, "J": 20}
        named = [str(TITLES[ord(name) - ord("A")]) for name in widths]
        assert named == ["name", "name of the exercise", "first rep", "last rep", "saved"]

    def test_rows_that_do_not_fit_a_sheet_continue_in_another(self) -> None:
        rows: list[Row] = [[number, "x" * 1000] for number in range(50)]
        for name, limit in (("MAX_SHEET_ROWS", 20), ("MAX_SHEET_BYTES", 20_000)):
            with patch.object(xlsx_file, name, limit):
                sheets = read_xlsx(write(rows))
            assert len(sheets) == 3
            assert [sheet[0] for sheet in sheets] == [["title"]] * 3
            assert [row for sheet in sheets for row in sheet[1:]] == rows

    def test_a_sheet_that_is_just_full_is_the_last(self) -> None:
        with patch.object(xlsx_file, "MAX_SHEET_ROWS", 3):
            assert read_xlsx(write([["a"], ["b"]])) == [[["title"], ["a"], ["b"]]]

    def test_without_rows_there_is_a_sheet_of_titles(self) -> None:
        assert read_xlsx(write([])) == [[["title"]]]


class ArchiveTests(SimpleTestCase):
    def test_every_part_is_well_formed_and_has_a_content_type(self) -> None:
        with patch.object(xlsx_file, "MAX_SHEET_ROWS", 2):
            data = write([["a"], ["b"]])
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = {name: parse(archive.read(name)) for name in archive.namelist()}  # noqa: S314
        types = parts.pop("[Content_Types].xml")
        named = {each.get("PartName", "")[1:] for each in types} - {""}
        assert named == {name for name in parts if not name.endswith(".rels")}
        assert {"xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"} < named

    def test_no_part_is_in_zip64_which_excel_takes_for_damaged(self) -> None:
        with zipfile.ZipFile(io.BytesIO(write([["a"]]))) as archive:
            for part in archive.infolist():
                assert (part.extract_version, part.extra) == (20, b""), part.filename

    def test_the_same_rows_give_the_same_bytes(self) -> None:
        assert write([["a", 1]]) == write([["a", 1]])

    def test_it_is_sent_as_it_grows(self) -> None:
        taken: list[int] = []

        def make_batches() -> Iterator[list[Row]]:
            for number in range(10):
                taken.append(number)
                yield [[uuid.uuid4().hex] for _ in range(3000)]

        sent = [(len(taken), len(chunk)) for chunk in write_xlsx(["ID"], make_batches())]
        batches, sizes = zip((0, 0), *sent, strict=True)
        assert max(after - before for before, after in pairwise(batches)) <= 2
        assert batches[-1] == 10
        assert max(sizes) == 65_536

    def test_closing_it_early_closes_the_rows(self) -> None:
        is_closed = False

        def make_batches() -> Iterator[list[Row]]:
            nonlocal is_closed
            try:
                while True:
                    yield [[uuid.uuid4().hex] for _ in range(3000)]
            finally:
                is_closed = True

        chunks: Any = write_xlsx(["ID"], make_batches())
        next(chunks)
        next(chunks)
        chunks.close()
        assert is_closed
