"""Sessions as CSV (RFC 4180), in UTF-8 with the mark that Excel knows it by."""

import codecs
import csv
import io
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from workouts.exports.rows import Cell

# what a spreadsheet takes for a formula, also in its full-width form, and what it skips before one (OWASP, CSV injection)
FORMULA_STARTS = tuple("=+-@＝＋－＠\t\r\n")


class CsvFile:
    """Takes rows, and gives the bytes that they are."""

    content_type = "text/csv; charset=utf-8"

    def begin(self, titles: list[str]) -> bytes:
        return codecs.BOM_UTF8 + self.add([titles])

    def add(self, rows: Iterable[list[Any]]) -> bytes:
        text = io.StringIO(newline="")
        csv.writer(text).writerows([write_cell(cell) for cell in row] for row in rows)
        return text.getvalue().encode()

    def end(self) -> bytes:
        return b""

    def abandon(self) -> None:
        pass


def write_cell(cell: Cell) -> str | int | float | None:
    """Return what the cell is in a CSV: a time in ISO 8601, a text that could be a formula with an apostrophe before it."""
    if isinstance(cell, datetime):
        return cell.isoformat()
    if isinstance(cell, str) and cell.startswith(FORMULA_STARTS):
        return f"'{cell}"
    return cell
