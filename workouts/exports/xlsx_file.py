"""Sessions as XLSX, by openpyxl's write-only mode.

It would keep each sheet in a file of its own, a GB for 1,000,000 sessions, and begin to send only once that is whole: a proxy gives
up long before. So its rows go straight into the archive, and what is ready of that is sent.
"""

import contextlib
import io
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.utils.datetime import to_excel
from openpyxl.worksheet._writer import WorksheetWriter
from openpyxl.writer.excel import ExcelWriter

from workouts.exports.rows import TIME_COLUMNS, TIMELINE_TITLE, Cell

MAX_SHEET_ROWS = 1_048_576  # Excel's limits
MAX_CELL_LENGTH = 32_767
# above 2 GiB a part of the archive needs what not every Excel reads
MAX_SHEET_BYTES = 1_500_000_000
TIMELINE_CELLS = 3  # that have a title: 10,000 reps of two hours
COMPRESSION = 3  # 6 takes a third longer for a tenth less
TIME_FORMAT = "yyyy-mm-dd hh:mm:ss"
TIME_WIDTH = 20
NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Outlet:
    """Keeps what the archive writes until it is taken; it cannot be gone back in."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass

    def take(self) -> bytes:
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


class Part(io.BufferedIOBase):
    """A file in the archive, and its size so far."""

    def __init__(self, archive: ZipFile, name: str) -> None:
        self._file = archive.open(name, "w")
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.size += len(data)
        return self._file.write(data)

    def close(self) -> None:
        self._file.close()
        super().close()


class PartWriter(WorksheetWriter):
    """Writes a row at once, and leaves no temporary file behind, having made none."""

    def write_row(self, xf: Any, row: Any, row_idx: int) -> None:
        write = getattr(xf, "_file", None)
        if write is None:  # it is lxml's, which is fast by itself
            super().write_row(xf, row, row_idx)
        else:
            # element by element takes three times as long
            write(
                f'<row r="{row_idx}">{"".join([write_cell(cell) for cell in row if cell.value is not None])}</row>'
            )

    def cleanup(self) -> None:
        pass


def write_cell(cell: Any) -> str:
    """Return a cell of openpyxl as XML."""
    style = f' s="{cell.style_id}"' if cell.has_style else ""
    if cell.data_type == "s":
        return f'<c r="{cell.coordinate}"{style} t="inlineStr"><is><t xml:space="preserve">{escape(cell.value)}</t></is></c>'
    value = to_excel(cell.value) if cell.data_type == "d" else cell.value
    return f'<c r="{cell.coordinate}"{style}><v>{value}</v></c>'


class Archive(ZipFile):
    """Has the sheets by the time that openpyxl brings them."""

    def write(self, *args: Any, **kwargs: Any) -> None:
        pass


class Sheet:
    """A sheet that grows at its end. Texts stay texts, and times have their format."""

    def __init__(self, workbook: Any, archive: Archive, titles: list[str]) -> None:
        number = len(workbook.worksheets) + 1
        self._sheet: Any = workbook.create_sheet(str(number))
        self._sheet._id = number
        self._sheet.freeze_panes = "A2"
        for column in TIME_COLUMNS:
            self._sheet.column_dimensions[column].width = TIME_WIDTH
        self._part = Part(archive, self._sheet.path[1:])
        self._sheet._writer = PartWriter(self._sheet, self._part)
        self._sheet._writer.write_top()
        self._cells: dict[
            tuple[int, type], Any
        ] = {}  # made once: a row is written before the next comes
        self._rows = 0
        self.append(list(titles))

    @property
    def is_full(self) -> bool:
        return self._rows >= MAX_SHEET_ROWS or self._part.size >= MAX_SHEET_BYTES

    def append(self, row: list[Cell]) -> None:
        self._sheet.append([self._prepare(column, cell) for column, cell in enumerate(row)])
        self._rows += 1

    def close(self) -> None:
        self._sheet.close()
        self._part.close()

    def _prepare(self, column: int, cell: Cell) -> Any:
        if isinstance(cell, datetime):
            time = self._cell(column, datetime)
            time.value = cell.replace(tzinfo=None)
            return time
        if isinstance(cell, str):
            cell = NOT_IN_XML.sub("", cell)
            if cell.startswith(("=", "#")):  # openpyxl would take it for a formula, or an error
                text = self._cell(column, str)
                text.value, text.data_type = cell, "s"
                return text
        return cell

    def _cell(self, column: int, kind: type) -> Any:
        if (column, kind) not in self._cells:
            cell = self._cells[column, kind] = WriteOnlyCell(self._sheet)
            if kind is datetime:
                cell.number_format = TIME_FORMAT
        return self._cells[column, kind]


class XlsxFile:
    """Takes rows, and gives what is ready of the bytes that they are."""

    content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

    def __init__(self) -> None:
        self._outlet = Outlet()
        self._archive = Archive(self._outlet, "w", ZIP_DEFLATED, compresslevel=COMPRESSION)
        self._workbook = Workbook(write_only=True)

    def begin(self, titles: list[str]) -> bytes:
        if titles[-1] == TIMELINE_TITLE:
            titles = titles + [
                f"{TIMELINE_TITLE} {number}" for number in range(2, TIMELINE_CELLS + 1)
            ]
        self._titles = titles
        self._sheet = Sheet(self._workbook, self._archive, titles)
        return self._outlet.take()

    def add(self, rows: Iterable[list[Cell]]) -> bytes:
        for row in rows:
            if self._sheet.is_full:
                self._sheet.close()
                self._sheet = Sheet(self._workbook, self._archive, self._titles)
            *cells, last = row
            self._sheet.append([*cells, *split_text(last)] if isinstance(last, str) else row)
        return self._outlet.take()

    def end(self) -> bytes:
        self._sheet.close()
        ExcelWriter(self._workbook, self._archive).save()
        return self._outlet.take()

    def abandon(self) -> None:
        """Let go of what openpyxl has begun: left to the collector, it would complain."""
        with contextlib.suppress(Exception):
            self.end()


def split_text(text: str) -> list[str]:
    """Return the text in parts that a cell can hold, parted at spaces."""
    parts = []
    while len(text) > MAX_CELL_LENGTH:
        part, _, rest = text[: MAX_CELL_LENGTH + 1].rpartition(" ")
        part = part or rest[:MAX_CELL_LENGTH]
        parts.append(part)
        text = text[len(part) :].removeprefix(" ")
    return [*parts, text]
