"""The sweeper as a process of its own, or a single sweep."""

import signal
import sys
from argparse import ArgumentParser
from typing import Any, NoReturn

import django.db
from django.core.management.base import BaseCommand, CommandError

from senim.embedded.valkey import run_embedded_redis
from senim.server import EXIT_DEADLINE_S, end_server_by_force
from senim.startup import limit_statements_at_startup
from workouts.live.clients import REDIS_AWAY
from workouts.services.sweeping import Sweeper


def exit_sweeper_process(sweeper: Sweeper) -> NoReturn:
    # a rollback on a hanging connection may swallow the SystemExit; then the sweeper stops anyway
    sweeper.stop()
    end_server_by_force(EXIT_DEADLINE_S)
    sys.exit(0)


class Command(BaseCommand):
    help = "Save sealed sessions and finish those idle for SENIM_IDLE_MINUTES."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--once",
            action="store_true",
            help="sweep once and exit, with status 1 if a session could not be saved",
        )

    def handle(self, *, once: bool, **options: Any) -> None:
        sweeper = Sweeper()
        for signal_number in (signal.SIGTERM, signal.SIGINT):
            # the next sweep finishes an interrupted one
            signal.signal(signal_number, lambda *_: exit_sweeper_process(sweeper))
        limit_statements_at_startup()
        with run_embedded_redis(share=True):
            if once:
                self.sweep_once(sweeper)
                return
            sweeper.run()

    def sweep_once(self, sweeper: Sweeper) -> None:
        try:
            result = sweeper.sweep_once()
        except (*REDIS_AWAY, django.db.Error) as error:
            raise CommandError(f"the sweep was interrupted: {str(error).strip()}") from None
        self.stdout.write(f"saved {result.saved}, left {result.left}")
        if result.left:
            raise CommandError(
                f"{result.left} sealed sessions could not be saved; the log says why"
            )
