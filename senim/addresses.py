"""The addresses of Redis and of the database, from the environment; no message repeats one, they hold passwords."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
import psycopg.conninfo
import redis
from django.core.exceptions import ImproperlyConfigured

from senim.environment import read_text
from workouts.live.clients import credentials, is_cluster, read_hosts, service_name

REDIS_TAKES = (
    "it takes redis://user:password@host:port/number, rediss:// for TLS, unix:///path, "
    "redis+cluster://host:port,host:port or redis+sentinel://host:port,host:port/service"
)
DATABASE_TAKES = "it takes postgresql://user:password@host:port/name or sqlite:///path"
POSTGRES_SCHEMES = ("postgresql", "postgres", "postgresql+asyncpg", "postgresql+psycopg")
# redis-py's default of 5 s is as long as the layer's own wait, and idle consumers would die of it
LAYER_TIMEOUT_S = 15


def read_redis_url(name: str, default: str) -> str:
    """Return the address of a Redis: redis, rediss, unix, redis+cluster or redis+sentinel."""
    url = read_text(name, default)
    try:
        understood = is_redis_url(url)
    except (ValueError, TypeError, redis.RedisError):
        understood = False
    if not understood:
        raise ImproperlyConfigured(f"{name} is not the address of a Redis; {REDIS_TAKES}.")
    return url


def is_redis_url(url: str) -> bool:
    """Return whether the address can be used. May raise ValueError, TypeError or redis.RedisError where it cannot."""
    parts = urlsplit(url)
    if parts.scheme in ("redis+cluster", "redis+sentinel"):
        return all(host and 0 < port < 65536 for host, port in read_hosts(url))
    redis.ConnectionPool.from_url(url).make_connection()
    if parts.scheme == "unix":
        return not parts.hostname and len(parts.path) > 1
    return re.fullmatch(r"/?\d*", parts.path) is not None


def read_layer_host(name: str, default: str) -> dict[str, Any]:
    """Return the Redis of the channel layer, which cannot be a cluster."""
    url = read_redis_url(name, default)
    if is_cluster(url):
        raise ImproperlyConfigured(
            f"{name} is a cluster, or unset where REDIS_URL is one; it takes the address of one Redis, or of Sentinels."
        )
    if urlsplit(url).scheme == "redis+sentinel":
        place = {"sentinels": read_hosts(url), "master_name": service_name(url), **credentials(url)}
    else:
        place = {"address": url}
    return {**place, "socket_timeout": LAYER_TIMEOUT_S}


def read_database(name: str, sqlite_path: Path, *, pool_size: int) -> dict[str, Any]:
    """Return Django's settings of the database: PostgreSQL by address, else SQLite at the path."""
    url = read_text(name, "")
    if not url:
        return sqlite_database(sqlite_path)
    scheme, _, rest = url.partition("://")
    try:
        if scheme == "sqlite":
            return sqlite_database(read_sqlite_path(name, rest))
        if scheme in POSTGRES_SCHEMES:
            return postgres_database(name, f"postgresql://{rest}", pool_size=pool_size)
    except ValueError:
        pass
    raise ImproperlyConfigured(f"{name} is not the address of a database; {DATABASE_TAKES}.")


def postgres_database(name: str, url: str, *, pool_size: int) -> dict[str, Any]:
    """Return the settings of a PostgreSQL. Raises ValueError where the address cannot be read."""
    database = dict(environ.Env.db_url_config(url))
    options = dict(database.get("OPTIONS", {}))
    if not database["NAME"] and "service" not in options:
        raise ValueError
    try:
        psycopg.conninfo.make_conninfo(**options)
    except psycopg.ProgrammingError as error:
        raise ImproperlyConfigured(
            f"{name} has an {str(error).strip()}; {DATABASE_TAKES}."
        ) from None
    # a server that hangs, or a network that swallows what is sent, is given up after 10 s
    for option, value in {
        "connect_timeout": 2,
        "tcp_user_timeout": 10_000,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
    }.items():
        options.setdefault(option, value)
    if pool_size:
        # the pool's own default is to try again after 1, 2, 4 … 300 s, long after the database is back
        options["pool"] = {
            "min_size": 0,
            "max_size": pool_size,
            "timeout": 3,
            "max_idle": 60,
            "reconnect_timeout": 2,
        }
    # Django's pool wants no persistent connections, and checks one before it is handed out only if told to
    return {**database, "OPTIONS": options, "CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": True}


def read_sqlite_path(name: str, rest: str) -> Path:
    """Return the path in `sqlite://` and the rest. Raises ValueError where there is none; memory would be each thread's own."""
    if not rest.startswith("/") or rest in ("/", "/:memory:"):
        raise ValueError
    path = Path(environ.Env.db_url_config(f"sqlite://{rest}")["NAME"])
    if path.is_dir() or not path.parent.is_dir():
        raise ImproperlyConfigured(
            f"{name} is a file that cannot be there: {path.absolute()}; {DATABASE_TAKES}."
        )
    return path


def sqlite_database(path: Path) -> dict[str, Any]:
    """Return the settings of a SQLite file: a COMMIT is on disk, and `start` makes it one that is read while it is written."""
    options = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 5,
        "init_command": "PRAGMA synchronous=FULL;",
    }
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": path, "OPTIONS": options}
