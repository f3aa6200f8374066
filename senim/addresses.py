"""The addresses of Redis and the database. They hold passwords, so no error repeats one."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote, unquote_plus, urlsplit

import redis
from environs import ValidationError
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from workouts.live.clients import (
    is_redis_cluster,
    read_redis_credentials,
    read_redis_hosts,
    read_sentinel_name,
)

REDIS_TAKES = (
    "it takes redis://user:password@host:port/number, rediss:// for TLS, unix:///path, "
    "redis+cluster://host:port,host:port or redis+sentinel://host:port,host:port/service"
)
DATABASE_TAKES = "it takes postgresql://user:password@host:port/name?option=value or sqlite:///path"
POSTGRES_SCHEMES = ("postgresql", "postgres", "postgresql+asyncpg", "postgresql+psycopg")
# give up on a server that hangs, or a network that drops packets, after about 10 s
POSTGRES_TIMEOUTS = {
    "connect_timeout": 2,
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
}
# by default the pool waits longer between its attempts, up to 300 s after the database is back
POOL = {"min_size": 0, "timeout": 3, "max_idle": 60, "reconnect_timeout": 2}
# redis-py's default of 5 s is as long as the layer's own wait, and would kill idle consumers
LAYER_TIMEOUT_S = 15


def check_redis_url_setting(url: str) -> None:
    """Raise ValidationError unless the URL is the address of a Redis, a cluster or Sentinels."""
    try:
        understood = is_redis_url_setting(url)
    except (ValueError, TypeError, redis.RedisError):
        understood = False
    if not understood:
        raise ValidationError(f"is not the address of a Redis; {REDIS_TAKES}.")


def is_redis_url_setting(url: str) -> bool:
    """Return whether the URL can be used. Raises ValueError, TypeError or RedisError if not."""
    parts = urlsplit(url)
    if parts.scheme in ("redis+cluster", "redis+sentinel"):
        return all(host and 0 < port < 65536 for host, port in read_redis_hosts(url))
    redis.ConnectionPool.from_url(url).make_connection()
    if parts.scheme == "unix":
        return not parts.hostname and len(parts.path) > 1
    return re.fullmatch(r"/?\d*", parts.path) is not None


def parse_layer_host_setting(url: str) -> dict[str, Any]:
    """Return the channel layer's Redis, which cannot be a cluster."""
    check_redis_url_setting(url)
    if is_redis_cluster(url):
        raise ValidationError(
            "is a cluster, or unset while REDIS_URL is one; "
            "it takes the address of a single Redis, or of Sentinels."
        )
    if urlsplit(url).scheme == "redis+sentinel":
        place = {
            "sentinels": read_redis_hosts(url),
            "master_name": read_sentinel_name(url),
            **read_redis_credentials(url),
        }
    else:
        place = {"address": url}
    return {**place, "socket_timeout": LAYER_TIMEOUT_S}


def parse_database_setting(url: str, *, pool_size: int) -> dict[str, Any]:
    """Return Django's settings for the PostgreSQL or SQLite database at the URL.

    A pool_size of 0 means no pool: each request then opens a connection of its own.
    """
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite":
        return build_sqlite_settings(parse_sqlite_path_setting(rest))
    if scheme not in POSTGRES_SCHEMES:
        raise ValidationError(f"is not the address of a database; {DATABASE_TAKES}.")
    return build_postgres_settings(rest, pool_size=pool_size)


def build_postgres_settings(rest: str, *, pool_size: int) -> dict[str, Any]:
    # user and password apart: libpq refuses an unquoted @ or %, which people do paste
    authority, slash, name = rest.partition("/")
    login, _, hosts = authority.rpartition("@")
    try:
        options = conninfo_to_dict(f"postgresql://{hosts}{slash}{name}")
    except (ValueError, ProgrammingError):
        options = {}
    ports = str(options.pop("port", ""))
    if not {"dbname", "service"} & options.keys() or not are_ports_in_setting(ports):
        raise ValidationError(f"is not the address of a PostgreSQL database; {DATABASE_TAKES}.")
    user, _, password = login.partition(":")
    database = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": options.pop("dbname", ""),
        "USER": unquote(user) or options.pop("user", ""),
        "PASSWORD": unquote(password) or options.pop("password", ""),
        "HOST": options.pop("host", ""),
        "PORT": ports,
        # Django's pool allows no persistent connections, and checks one that it hands out only
        # if told to
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,
    }
    pool = {"pool": {**POOL, "max_size": pool_size}} if pool_size else {}
    return {**database, "OPTIONS": {**POSTGRES_TIMEOUTS, **options, **pool}}


def are_ports_in_setting(text: str) -> bool:
    """Return whether libpq can use the ports, one for each host; it checks them only on connect."""
    return all(not port or (port.isdigit() and 0 < int(port) < 65536) for port in text.split(","))


def parse_sqlite_path_setting(rest: str) -> Path:
    """Return the path after `sqlite://`."""
    # in memory, each thread would have a database of its own
    if not rest.startswith("/") or rest in ("/", "/:memory:"):
        raise ValidationError(f"is not the address of a database file; {DATABASE_TAKES}.")
    path = Path(unquote_plus(urlsplit(f"sqlite://{rest}").path[1:]))
    try:
        is_usable = path.parent.is_dir() and not path.is_dir()
    except OSError:  # such as a name that is too long
        is_usable = False
    if not is_usable:
        raise ValidationError(f"cannot be a file at {path.absolute()}; {DATABASE_TAKES}.")
    return path


def build_sqlite_settings(path: Path) -> dict[str, Any]:
    """Return the settings for a SQLite file in which a COMMIT is on disk; `start` turns on WAL."""
    options = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 5,
        "init_command": "PRAGMA synchronous=FULL;",
    }
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": path, "OPTIONS": options}
