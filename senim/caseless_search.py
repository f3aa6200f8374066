"""Searches that ignore case in Cyrillic too: icontains, iexact, istartswith and iendswith.

SQLite's LIKE knows no case beyond ASCII. Nor does PostgreSQL's UPPER() in a cluster that was made
with the locale C, and not every PostgreSQL has a collation that does.

Searching the user IDs of 100,000 athletes takes SQLite under 0.1 s with our LIKE. Their names are
searched as workouts/models/sort_names.py has them, which is faster on both.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.db.backends.signals import connection_created
from django.db.models import Field
from django.db.models.lookups import IContains, IEndsWith, IExact, IStartsWith, Lookup
from django.dispatch import receiver

from workouts.models import Athlete
from workouts.models.sort_names import ALPHABET

KEPT_PATTERNS = 64
WILDCARDS = {"%": ".*", "_": "."}


@receiver(connection_created)
def add_caseless_like(connection: Any, **kwargs: Any) -> None:
    """Replace LIKE on a new SQLite connection, as SQLite's documentation suggests."""
    if connection.vendor == "sqlite":
        for arguments in (2, 3):
            connection.connection.create_function("like", arguments, is_like, deterministic=True)


def is_like(pattern: object, text: object, escape: str = "") -> bool | None:
    """Return what `text LIKE pattern ESCAPE escape` says: None if one of them is NULL."""
    if pattern is None or text is None:
        return None
    return compile_like(str(pattern), escape)(str(text).upper()) is not None


@lru_cache(KEPT_PATTERNS)
def compile_like(pattern: str, escape: str) -> Callable[[str], object]:
    """Return a search for the pattern in text that is in upper case."""
    characters = iter(pattern.upper())
    regex = "".join(
        re.escape(next(characters, ""))
        if character == escape
        else WILDCARDS.get(character) or re.escape(character)
        for character in characters
    )
    # a search for "%name%" is much faster without its ends
    begin = "" if regex.startswith(".*") else r"\A"
    end = "" if regex.endswith(".*") else r"\Z"
    return re.compile(begin + regex.removeprefix(".*").removesuffix(".*") + end, re.DOTALL).search


class CaselessLookup(Lookup):
    """Has PostgreSQL translate the letters that its UPPER() may not know."""

    def process_lhs(self, compiler: Any, connection: Any, lhs: Any = None) -> Any:
        sql, params = super().process_lhs(compiler, connection, lhs)
        return uppercase_cyrillic_sql(sql, connection), params

    def get_rhs_op(self, connection: Any, rhs: str) -> Any:
        sql = uppercase_cyrillic_sql(rhs, connection)
        return super().get_rhs_op(connection, sql)  # type: ignore[misc]  # BuiltinLookup has it


def uppercase_cyrillic_sql(sql: str, connection: Any) -> str:
    if connection.vendor != "postgresql":
        return sql
    return f"TRANSLATE({sql}, '{ALPHABET}', '{ALPHABET.upper()}')"


def register_caseless_lookups() -> None:
    user_id = Athlete._meta.get_field("user_id")
    for lookup in (IContains, IEndsWith, IExact, IStartsWith):
        Field.register_lookup(type(lookup.__name__, (CaselessLookup, lookup), {}))
        # ASCII alone: translating it would take ten times as long as the rest of the search
        user_id.register_lookup(lookup)
