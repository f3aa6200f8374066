"""What is looked at before a migration touches the database."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder

from workouts.models import WorkoutSession


@register(Tags.database)
def check_table_is_ours(*, databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
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
    """Return whether there is a table of our name that no migration of ours made."""
    connection = connections[alias]
    if WorkoutSession._meta.db_table not in connection.introspection.table_names():
        return False
    return ("workouts", "0001_initial") not in MigrationRecorder(connection).applied_migrations()
