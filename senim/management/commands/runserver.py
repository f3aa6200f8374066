"""The development server: daphne's, with the embedded parts beside it."""

import os
import signal
import sys
from typing import Any

from daphne.management.commands.runserver import Command as DaphneCommand
from django.utils.autoreload import DJANGO_AUTORELOAD_ENV

from senim.development import use_development_server_protocol
from senim.embedded.valkey import run_embedded_redis


class Command(DaphneCommand):
    def handle(self, *args: Any, **options: Any) -> None:
        use_development_server_protocol()
        if os.environ.get(DJANGO_AUTORELOAD_ENV) == "true":
            # the autoreloader's child: its parent runs the parts
            super().handle(*args, **options)
            return
        # until daphne installs its own handler, SIGTERM would leave the parts running
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        with run_embedded_redis(share=True):
            super().handle(*args, **options)
