"""What is looked at before a migration touches the database."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder

from workouts.models import WorkoutSession

OWN_COLUMNS = {
    "session_id",
    "timeline_ms",
    "total_reps",
}  # which another program's table of this name has not


@register(Tags.database)
def check_table_is_ours(
    *, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Refuse a database in which another program keeps a table of our name."""
    return [
        Error(
            f"The database already has a table {WorkoutSession._meta.db_table} of another program; "
            "nothing was touched. Give Senim a database of its own in DATABASE_URL.",
            id="workouts.E001",
        )
        for alias in databases or []
        if has_foreign_table(alias)
    ]


def has_foreign_table(alias: str) -> bool:
    """Return whether there is a table or view of our name, in whatever case, that is not ours, or another program's migrations."""
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
