"""What a spreadsheet reads from a CSV."""

from zoneinfo import ZoneInfo

from django.test import SimpleTestCase

from workouts.exports.csv_file import write_csv
from workouts.exports.rows import Row
from workouts.tests.support.exports import FORMULAS, SAVED, read_csv


def write(rows: list[Row]) -> bytes:
    return b"".join(write_csv(["title"], [rows]))


class CsvTests(SimpleTestCase):
    def test_cells_come_back_unchanged(self) -> None:
        rows: list[Row] = [["a,b", 'say "hi"', "two\nlines", "Ләйлә", 5, 1.5, None, "", -3]]
        cells = ["a,b", 'say "hi"', "two\nlines", "Ләйлә", "5", "1.5", "", "", "-3"]
        assert read_csv(write(rows))[1] == cells

    def test_its_lines_end_with_crlf(self) -> None:
        assert write([["a"], ["b"]]) == b"\xef\xbb\xbftitle\r\na\r\nb\r\n"

    def test_no_text_is_a_formula(self) -> None:
        cells = [row[0] for row in read_csv(write([[text] for text in FORMULAS]))[1:]]
        assert cells == [f"'{text}" for text in FORMULAS]

    def test_times_have_their_offset(self) -> None:
        at = SAVED.astimezone(ZoneInfo("Asia/Almaty"))
        assert read_csv(write([[at]]))[1] == ["2026-01-24T17:30:15+05:00"]

    def test_it_sends_each_batch_before_it_asks_for_the_next(self) -> None:
        batches = iter([[["a"]], [["b"]]])
        chunks = write_csv(["title"], batches)
        assert next(chunks).endswith(b"title\r\n")
        assert next(chunks) == b"a\r\n"
        assert next(batches) == [["b"]]
