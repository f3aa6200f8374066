"""Typed readers of the environment: a wrong value names its variable and says what it takes."""

import os
import re
import secrets
from collections.abc import Collection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

MIN_SECRET_KEY_LENGTH = 32
KNOWN_SECRET_KEYS = re.compile(r"django-insecure|change.?me|your.?secret|^secret|^test", re.IGNORECASE)
REDIS_SCHEMES = ("redis", "rediss", "unix", "redis+cluster", "redis+sentinel")
POSTGRES_SCHEMES = ("postgresql", "postgres", "postgresql+asyncpg", "postgresql+psycopg")


def read_text(name: str, default: str) -> str:
    """Return the variable, or the default where it is unset or blank."""
    return os.environ.get(name, "").strip() or default


def read_number(name: str, default: int, *, low: int, high: int) -> int:
    """Return a whole number between low and high, both included."""
    text = read_text(name, str(default))
    if not re.fullmatch(r"-?\d{1,12}", text) or not low <= int(text) <= high:
        raise ImproperlyConfigured(f"{name} is {text!r}; it takes a whole number from {low} to {high}.")
    return int(text)


def read_flag(name: str, *, default: bool) -> bool:
    """Return a yes or no."""
    text = read_text(name, "on" if default else "off").lower()
    if text not in ("1", "0", "true", "false", "yes", "no", "on", "off"):
        raise ImproperlyConfigured(f"{name} is {text!r}; it takes on or off.")
    return text in ("1", "true", "yes", "on")


def read_choice(name: str, default: str, choices: Collection[str]) -> str:
    """Return one of the choices."""
    text = read_text(name, default)
    if text not in choices:
        raise ImproperlyConfigured(f"{name} is {text!r}; it takes one of: {', '.join(c for c in choices if c)}.")
    return text


def read_list(name: str, default: list[str]) -> list[str]:
    """Return the items of a comma-separated list."""
    text = os.environ.get(name, "").strip()
    return [item.strip() for item in text.split(",") if item.strip()] if text else default


def read_origins(name: str) -> list[str]:
    """Return web origins, each a scheme and a host, with a port where it is not the scheme's own."""
    origins = read_list(name, [])
    for origin in origins:
        if not re.fullmatch(r"https?://[A-Za-z0-9.\[\]:-]+", origin):
            raise ImproperlyConfigured(f"{name} has {origin!r}; it takes origins like https://coach.example.org, separated by commas.")
    return origins


def read_redis_url(name: str, default: str) -> str:
    """Return the address of a Redis: redis, rediss, unix, redis+cluster or redis+sentinel."""
    url = read_text(name, default)
    if urlsplit(url).scheme not in REDIS_SCHEMES:
        raise ImproperlyConfigured(f"{name} is {url!r}; it takes an address that begins with {', '.join(s + '://' for s in REDIS_SCHEMES)}.")
    return url


def read_database(name: str, sqlite_path: Path, *, pool_size: int) -> dict[str, Any]:
    """Return Django's settings of the database: PostgreSQL by address, else SQLite at the path."""
    url = read_text(name, f"sqlite:///{sqlite_path}")
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite":
        return sqlite_database(url)
    if scheme not in POSTGRES_SCHEMES:
        raise ImproperlyConfigured(f"{name} begins with {scheme!r}; it takes postgresql://user:password@host:port/name or sqlite:///path.")
    try:
        database = dict(environ.Env.db_url_config(f"postgresql://{rest}"))
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} cannot be read ({error}); it takes postgresql://user:password@host:port/name.") from None
    options = dict(database.get("OPTIONS", {}))
    options.setdefault("connect_timeout", 2)
    if pool_size:
        options["pool"] = {"min_size": 0, "max_size": pool_size, "timeout": 3, "max_idle": 60}
    # Django's pool wants no persistent connections, and checks one before it is handed out only if told to
    return {**database, "OPTIONS": options, "CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": True}


def sqlite_database(url: str) -> dict[str, Any]:
    """Return the settings of a SQLite file: readers beside one writer, and a COMMIT that is on disk."""
    options = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 5,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
    return {**environ.Env.db_url_config(url), "OPTIONS": options}


def read_secret_key(name: str, path: Path) -> str:
    """Return the given key, else the one kept in the file, which is made on the first start."""
    key = os.environ.get(name)
    if key is None:
        return keep_secret_key(path)
    if len(key) < MIN_SECRET_KEY_LENGTH or KNOWN_SECRET_KEYS.search(key):
        raise ImproperlyConfigured(
            f"{name} is empty, short or a known one; it takes at least {MIN_SECRET_KEY_LENGTH} random characters, or leave it unset."
        )
    return key


def keep_secret_key(path: Path) -> str:
    """Return the key in the file; of two processes that make it at once, both get the first one's."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(50))
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()
