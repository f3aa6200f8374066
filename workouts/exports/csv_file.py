"""Sessions as CSV (RFC 4180), in UTF-8 with the byte order mark by which Excel recognises it."""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime

from workouts.exports.rows import Cell, Row

CONTENT_TYPE = "text/csv; charset=utf-8"
BYTE_ORDER_MARK = "\ufeff"
# how a formula starts, full-width forms and skipped white space included (OWASP, CSV injection)
FORMULA_STARTS = tuple("=+-@＝＋－＠\t\r\n")


def write_csv(titles: list[str], batches: Iterable[list[Row]]) -> Iterator[bytes]:
    """Yield the titles, then each batch of rows."""
    yield f"{BYTE_ORDER_MARK}{write_csv_rows([titles])}".encode()
    for batch in batches:
        yield write_csv_rows(batch).encode()


def write_csv_rows(rows: Iterable[Iterable[Cell]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([write_csv_cell(cell) for cell in row] for row in rows)
    return text.getvalue()


def write_csv_cell(cell: Cell) -> str | int | float | None:
    """Return the cell's value in CSV: times in ISO 8601, an apostrophe before a formula."""
    if isinstance(cell, datetime):
        return cell.isoformat()
    if isinstance(cell, str) and cell.startswith(FORMULA_STARTS):
        return f"'{cell}"
    return cell
