"""The application in a worker process, which exits with the process that started it."""

import contextlib
import multiprocessing
import sys
import threading
from typing import Any

from senim.embedded.processes import die_with_parent_now

if multiprocessing.parent_process() is not None:
    die_with_parent_now()

from django.conf import settings
from django.db import DatabaseError, connection
from django.urls import get_resolver

from senim import asgi
from senim.garbage import spare_event_loop
from senim.middleware.forwarded import ForwardedClientMiddleware
from workouts.services.revocations import revocations
from workouts.sockets.catalogue import catalogue

__all__ = ["application"]
# How long the event loop waits for a thread that computes. It waits for each socket that has data,
# so with Python's 5 ms, or even 1 ms, reps would wait for as long as all of them together.
SWITCH_INTERVAL_S = 0.0001


def load_database_into_worker() -> None:
    """Read what every socket needs before the first one: reps count even if the database fails."""
    with contextlib.suppress(DatabaseError):
        catalogue.refresh()
        if settings.SENIM_AUTH == "token":
            revocations.refresh()
    connection.close()


application: Any = asgi.application
if settings.TRUSTED_PROXIES:
    application = ForwardedClientMiddleware(application, settings.TRUSTED_PROXIES)

sys.setswitchinterval(SWITCH_INTERVAL_S)
# in a thread: the server imports this module inside its event loop, where Django forbids queries
thread = threading.Thread(target=load_database_into_worker)
thread.start()
thread.join()

get_resolver().url_patterns  # noqa: B018 (loads all views)
spare_event_loop()
