"""Who is measured: each time a fresh process, with a fresh Redis and a fresh database."""

import contextlib
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from bench.services import (
    LIFT_LIMITS,
    PROJECT,
    Service,
    clean_environment,
    run_manage,
    running_echo,
    running_peer,
    running_senim,
)
from senim.embedded.postgres import EmbeddedPostgres, create_embedded_database
from senim.embedded.valkey import EmbeddedValkey

ECHO, SENIM, SENIM_NO_FILE = "echo", "senim", "senim-no-file"
FASTAPI, CHANNELS = "fastapi", "channels"
PEERS = {FASTAPI: "fastapi_peer", CHANNELS: "channels_peer"}
NAMES = (ECHO, SENIM, SENIM_NO_FILE, *PEERS)
NO_FILE = ["--appendonly", "no"]


class Stage:
    """Starts services inside the context, with their data in a folder.

    `also` are other checkouts of the project, by the names that they are given.
    """

    def __init__(self, folder: Path, also: dict[str, Path] | None = None) -> None:
        folder.chmod(0o755)  # PostgreSQL may run as another user
        self.folder = folder
        self.projects = {SENIM: PROJECT, SENIM_NO_FILE: PROJECT, **(also or {})}
        self._stack = contextlib.ExitStack()
        self._started = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    @contextlib.contextmanager
    def running(self, name: str, *, with_postgres: bool = False) -> Iterator[Service]:
        """Run a service by its name."""
        with self.restarting(name, with_postgres=with_postgres) as start, start() as service:
            yield service

    @contextlib.contextmanager
    def restarting(
        self, name: str, *, with_postgres: bool = False
    ) -> Iterator[Callable[[], contextlib.AbstractContextManager[Service]]]:
        """Yield what runs a service by its name, again and again on the same data."""
        self._started += 1
        data = self.folder / f"{self._started}-{name}"
        data.mkdir(mode=0o700)
        if name == ECHO:
            yield lambda: running_echo(data)
            return
        database_url = self._make_database(name) if with_postgres else ""
        is_durable = name in self.projects and name != SENIM_NO_FILE
        valkey = EmbeddedValkey(data / "valkey", data / "redis.sock", [] if is_durable else NO_FILE)
        valkey.start()
        try:
            if name in PEERS:
                yield lambda: running_peer(
                    name, data, PEERS[name], redis_socket=valkey.socket, database_url=database_url
                )
            else:
                yield lambda: running_senim(
                    name,
                    data,
                    project=self.projects[name],
                    redis_socket=valkey.socket,
                    database_url=database_url,
                )
        finally:
            valkey.stop()

    @cached_property
    def _postgres(self) -> EmbeddedPostgres:
        server = EmbeddedPostgres(self.folder / "postgres", is_durable=True)
        server.start()
        self._stack.callback(server.stop)
        self._templates: set[str] = set()
        return server

    def _make_database(self, name: str) -> str:
        """Return the address of a database with the service's tables."""
        server, database = self._postgres, f"{name}-{self._started}"
        if name in PEERS:
            url = server.create_database(database)
            with psycopg.connect(url, autocommit=True) as connection:
                # it waits for no fsync
                connection.execute(f'ALTER DATABASE "{database}" SET synchronous_commit = off')
            return url
        if name not in self._templates:
            self._migrate(name, server.create_database(name))
            self._templates.add(name)
        return create_embedded_database(server.url, database, template=name)

    def _migrate(self, name: str, url: str) -> None:
        environment = clean_environment(self.folder / "migrate") | {"DATABASE_URL": url}
        for arguments in (["migrate", "-v", "0"], ["shell", "-v", "0", "-c", LIFT_LIMITS]):
            run_manage(self.projects[name], environment, *arguments)
