"""Sessions as XLSX (ECMA-376), generated as they are sent.

The usual libraries write each sheet to a temporary file, a gigabyte for 1,000,000 sessions, and
send nothing until it is complete: a proxy gives up long before. Here the rows of a sheet go
straight into the archive, and stream-zip hands the archive out as it grows.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain, count, islice
from string import ascii_uppercase
from xml.sax.saxutils import escape

from stream_zip import ZIP_AUTO, MemberFile, stream_zip

from workouts.exports.rows import NAME_COLUMNS, TIME_COLUMNS, TIMELINE_TITLE, Cell, Row
from workouts.exports.xlsx_parts import SPREADSHEET, TIME_STYLE, XML, write_xlsx_parts

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAX_SHEET_ROWS = 1_048_576  # Excel's limits
MAX_CELL_LENGTH = 32_767
# some readers use 31 bits for a part's size, and Excel reports one in zip64 as damaged
MAX_SHEET_BYTES = 1_500_000_000
TIMELINE_CELLS = 3  # with a title: enough for 10,000 reps in two hours
COMPRESSION_LEVEL = 3  # 6 takes a third longer and saves a tenth
MODIFIED_AT = datetime(1980, 1, 1, tzinfo=UTC)  # the earliest that a zip can hold
FILE_MODE = 0o600
DAY_0 = datetime(1899, 12, 30)  # noqa: DTZ001  # a spreadsheet's times have no zone
FORBIDDEN_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Excel reads _x0041_ as "A" (ECMA-376-1, ST_Xstring)
READ_AS_CHARACTER = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
COLUMNS = [*ascii_uppercase, *(one + two for one in ascii_uppercase for two in ascii_uppercase)]
# in characters: a Kazakh full name, and a time
WIDTHS = {**dict.fromkeys(NAME_COLUMNS, 32), **dict.fromkeys(TIME_COLUMNS, 20)}
SHEET_HEAD = (
    f'{XML}<worksheet xmlns="{SPREADSHEET}"><sheetViews><sheetView workbookViewId="0">'
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
    '<selection pane="bottomLeft"/></sheetView></sheetViews>'
    "<cols>"
    + "".join(
        f'<col min="{column}" max="{column}" width="{width}" customWidth="1"/>'
        for column, width in sorted(WIDTHS.items())
    )
    + "</cols><sheetData>"
)
SHEET_TAIL = "</sheetData></worksheet>"


def write_xlsx(titles: list[str], batches: Iterable[list[Row]]) -> Iterator[bytes]:
    """Yield a workbook in pieces of 64 KiB. A sheet that is full continues in another."""
    if titles[-1] == TIMELINE_TITLE:
        more = range(2, TIMELINE_CELLS + 1)
        titles = titles + [f"{TIMELINE_TITLE} {number}" for number in more]
    parts = make_xlsx_parts(titles, chain.from_iterable(batches))
    # without extra fields, which some readers of packages do not expect
    yield from stream_zip(parts, extended_timestamps=False)


def make_xlsx_parts(titles: list[str], rows: Iterator[Row]) -> Iterator[MemberFile]:
    """Yield the files of the archive, each to be read to its end before the next is taken."""
    next_row: list[Row] = []
    for number in count(1):
        sheet = write_xlsx_sheet(titles, chain(next_row, rows))
        yield make_xlsx_part(f"xl/worksheets/sheet{number}.xml", sheet)
        next_row = list(islice(rows, 1))
        if not next_row:
            break
    for name, text in write_xlsx_parts(sheets=number).items():
        yield make_xlsx_part(name, [text.encode()])


def make_xlsx_part(name: str, chunks: Iterable[bytes]) -> MemberFile:
    method = ZIP_AUTO(MAX_SHEET_BYTES, level=COMPRESSION_LEVEL)
    return name, MODIFIED_AT, FILE_MODE, method, chunks


def write_xlsx_sheet(titles: list[str], rows: Iterable[Row]) -> Iterator[bytes]:
    """Yield a sheet with the rows that fit, and leave the rest in the iterator."""
    yield SHEET_HEAD.encode()
    size = 0
    for number, row in enumerate(chain([titles], rows), 1):
        chunk = write_xlsx_row(number, row)
        yield chunk
        size += len(chunk)
        if number >= MAX_SHEET_ROWS or size >= MAX_SHEET_BYTES:
            break
    yield SHEET_TAIL.encode()


def write_xlsx_row(number: int, row: Row) -> bytes:
    *cells, last = row
    if isinstance(last, str):
        row = [*cells, *split_xlsx_cell_text(last)]
    written = [
        write_xlsx_cell(f"{column}{number}", cell)
        for column, cell in zip(COLUMNS, row, strict=False)
        if cell is not None
    ]
    return f'<row r="{number}">{"".join(written)}</row>'.encode()


def write_xlsx_cell(place: str, cell: Cell) -> str:
    """Return a cell as XML. Any text stays a text: only an `<f>` would make it a formula."""
    if isinstance(cell, str):
        text = READ_AS_CHARACTER.sub("_x005F_", FORBIDDEN_IN_XML.sub("", cell))
        text = escape(text, {"\r": "&#13;"})  # a bare one is read as a line feed
        return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
    if isinstance(cell, datetime):
        days = (cell.replace(tzinfo=None) - DAY_0) / timedelta(days=1)
        return f'<c r="{place}" s="{TIME_STYLE}"><v>{days}</v></c>'
    return f'<c r="{place}"><v>{cell}</v></c>'


def split_xlsx_cell_text(text: str) -> list[str]:
    """Return the text in parts that fit a cell each, split at spaces if it has any."""
    parts = []
    while len(text) > MAX_CELL_LENGTH:
        part, _, rest = text[: MAX_CELL_LENGTH + 1].rpartition(" ")
        part = part or rest[:MAX_CELL_LENGTH]
        parts.append(part)
        text = text[len(part) :].removeprefix(" ")
    return [*parts, text]
