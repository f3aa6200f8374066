"""Bulk inserts, in the fastest way each database has. The database assigns the ids."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

Row = Sequence[Any]


def insert_seed_rows(table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Insert rows of plain values, JSON as text, with COPY on PostgreSQL."""
    quote = connection.ops.quote_name
    names = ", ".join(map(quote, columns))
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {quote(table)} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(columns))
            # the names are the models', and quoted
            statement = f"INSERT INTO {quote(table)} ({names}) VALUES ({marks})"  # noqa: S608  # nosec B608
            cursor.executemany(statement, [[*map(adapt_seed_value, row)] for row in rows])


def adapt_seed_value(value: Any) -> Any:
    """Return the value as the database stores it."""
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return value.hex if isinstance(value, UUID) else value


def analyze_seeded_tables() -> None:
    """Update the planner's statistics; on PostgreSQL also vacuum, as autovacuum soon would."""
    tidies = connection.vendor == "postgresql" and not connection.in_atomic_block
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)" if tidies else "ANALYZE")
