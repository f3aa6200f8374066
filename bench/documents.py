"""The parts of documents that benchmarks write."""

from collections.abc import Iterable, Sequence
from pathlib import Path


def write_between(doc: Path, begin: str, end: str, text: str) -> None:
    """Put a text between two marks in a file. Raises ValueError if one of them is missing."""
    before, found, rest = doc.read_text().partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"{doc} has no {begin.strip()} … {end.strip()}")
    doc.write_text(f"{before}{begin}\n{text}\n\n{end}{after}")


def make_markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a table whose columns are also aligned in the terminal."""
    table = [head, *rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = [
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))} |"
        for row in table
    ]
    return [lines[0], f"| {' | '.join('-' * width for width in widths)} |", *lines[1:]]
