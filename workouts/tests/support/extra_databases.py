"""Databases beside the run's own: made, copied and migrated in this process."""

import shutil
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.core.management import call_command
from django.db import connections
from django.test import SimpleTestCase

from workouts.tests.support.databases import copy_database, fresh_database
from workouts.tests.support.run import fresh_folder

SQLITE = "django.db.backends.sqlite3"


class ExtraDatabase(NamedTuple):
    """A database that Django knows by its alias."""

    alias: str

    def migrate(self, *target: str) -> None:
        call_command("migrate", *target, database=self.alias, verbosity=0)
        connections[self.alias].close()

    def execute(self, sql: str) -> list[Any]:
        """Run the statement in a transaction of its own, and return the rows."""
        with closing(connections[self.alias]) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def as_default(self) -> Iterator[None]:
        """Have the whole application use this database."""
        own = connections["default"]
        connections["default"] = connections[self.alias]
        try:
            yield
        finally:
            connections["default"] = own
            connections[self.alias].close()


class UsesExtraDatabases(SimpleTestCase):
    """Removes the databases at its end, so that other tests do not find them."""

    databases = {"default"}

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.addClassCleanup(cls.remove_databases)

    @classmethod
    def add_postgres(cls) -> ExtraDatabase:
        name = name_of(fresh_database())
        return cls.add_database({**connections.settings["default"], "NAME": name})

    @classmethod
    def add_sqlite(cls) -> ExtraDatabase:
        return cls.add_database({"ENGINE": SQLITE, "NAME": fresh_folder() / "new.sqlite3"})

    @classmethod
    def copy_database(cls, database: ExtraDatabase) -> ExtraDatabase:
        options = connections.settings[database.alias]
        name, is_sqlite = options["NAME"], options["ENGINE"] == SQLITE
        copy = shutil.copy(name, fresh_folder()) if is_sqlite else name_of(copy_database(name))
        return cls.add_database({**options, "NAME": copy})

    @classmethod
    def add_database(cls, options: dict[str, Any]) -> ExtraDatabase:
        alias = f"extra_{uuid.uuid4().hex[:8]}"
        connections.settings[alias] = options
        connections.configure_settings(connections.settings)
        cls.databases = {*cls.databases, alias}
        return ExtraDatabase(alias)

    @classmethod
    def remove_databases(cls) -> None:
        for alias in cls.databases - {"default"}:
            connections[alias].close()
            del connections[alias], connections.settings[alias]


def name_of(url: str) -> str:
    return urlsplit(url).path.removeprefix("/")
