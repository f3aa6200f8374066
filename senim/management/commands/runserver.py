"""Django's own development server, by daphne, with the embedded parts beside it."""

import os
import signal
import sys
from typing import Any

from daphne.management.commands.runserver import Command as DaphneCommand
from django.utils.autoreload import DJANGO_AUTORELOAD_ENV

from senim.development import use_close_codes
from senim.embedded.valkey import embedded_redis


class Command(DaphneCommand):
    def handle(self, *args: Any, **options: Any) -> None:
        use_close_codes()
        if os.environ.get(DJANGO_AUTORELOAD_ENV) == "true":
            # the reloaded child: the parts belong to its parent
            super().handle(*args, **options)
            return
        # until daphne's own handler is there, a SIGTERM must not leave the parts behind either
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        with embedded_redis(share=True):
            super().handle(*args, **options)
