"""Checks before a migration touches the database."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder

from workouts.models import WorkoutSession

# another program's table of this name is unlikely to have these
OWN_COLUMNS = {"session_id", "timeline_ms", "total_reps"}


@register(Tags.database)
def check_table_is_ours(
    *, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Refuse a database in which another program has a table of the same name."""
    return [
        Error(
            f"The database already has a table {WorkoutSession._meta.db_table} of another program;"
            " nothing was changed. Point DATABASE_URL at a database for Senim alone.",
            id="workouts.E001",
        )
        for alias in databases or []
        if has_foreign_table(alias)
    ]


def has_foreign_table(alias: str) -> bool:
    """Return whether the database has a table or view of this name that is not Senim's.

    The name is compared in lower case. Migrations without the table are another program's too.
    """
    connection = connections[alias]
    migrated = ("workouts", "0001_initial") in MigrationRecorder(connection).applied_migrations()
    with connection.cursor() as cursor:
        names = {
            table.name.lower(): table.name
            for table in connection.introspection.get_table_list(cursor)
        }
        name = names.get(WorkoutSession._meta.db_table)
        if name is None:
            return migrated
        columns = {
            column.name for column in connection.introspection.get_table_description(cursor, name)
        }
    return not (migrated and columns >= OWN_COLUMNS)
