"""The whole service in one command: `manage.py start`."""

import resource
import signal
import socket
import sys
from argparse import ArgumentParser
from typing import Any, NoReturn

import structlog
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from senim import startup
from senim.embedded.valkey import run_embedded_redis
from senim.environment import find_unknown_settings
from senim.private_files import warn_of_open_files
from senim.server import run_server
from workouts.identity.networks import is_loopback_host
from workouts.services.sweeping import Sweeper

OTHER_FILES = 200
log = structlog.get_logger(__name__)


class Command(BaseCommand):
    help = (
        "Run the service: the embedded parts for unset addresses, migrations, the first coach, "
        "the server and the sweeper."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--workers", type=int, default=settings.SENIM_WORKERS)

    def handle(self, *, host: str, port: int, workers: int, **options: Any) -> None:
        check_auth_setting(host)
        for name in find_unknown_settings():
            log.warning("variable_ignored", name=name, reason="not a setting")
        if settings.NEEDS_DATA:
            warn_of_open_files(settings.SENIM_DATA)
        if workers < 1:
            raise CommandError(f"--workers is {workers}; it takes a whole number from 1.")
        raise_open_files_limit(settings.SENIM_MAX_CONNECTIONS + OTHER_FILES)
        signal.signal(signal.SIGTERM, exit_after_server)
        signal.signal(signal.SIGINT, exit_after_server)
        with listen_for_server(host, port) as listener, run_embedded_redis(share=False):
            startup.wait_for_parts_at_startup()
            first_coach = startup.prepare_database_at_startup()
            connection.close()
            startup.limit_statements_at_startup()
            with Sweeper().running():
                run_server(
                    listener, workers=workers, announce=lambda: self.announce(listener, first_coach)
                )

    def announce(self, listener: socket.socket, first_coach: str | None) -> None:
        host, port = listener.getsockname()[:2]
        url = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
        lines = [f"Senim answers on {url}", f"The admin is at  {url}admin/"]
        if first_coach:
            lines.append(f"The first coach: {first_coach}")
        self.stdout.write("\n".join(lines))
        self.stdout.flush()


def raise_open_files_limit(wanted: int) -> None:
    """Raise the limit on open files, which covers sockets, as far as this user may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def check_auth_setting(host: str) -> None:
    """Raise CommandError if SENIM_AUTH is unset off loopback."""
    if not settings.SENIM_AUTH and not is_loopback_host(host):
        raise CommandError(
            f"SENIM_AUTH is unset and --host {host} is not loopback; "
            "set SENIM_AUTH=token to let in only those with an access token, "
            "or SENIM_AUTH=open to let clients say who they are, unchecked."
        )


def listen_for_server(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises CommandError if the address is taken or not ours."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        raise CommandError(
            f"cannot listen on {host}:{port}: {error}; choose another with --host and --port."
        ) from None


def exit_after_server(signal_number: int, frame: object) -> NoReturn:
    # the server handles the signals itself, and raises them again once it has stopped
    sys.exit(0)
