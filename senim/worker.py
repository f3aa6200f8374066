"""The application as a server's worker process runs it: it ends with the process that started it."""

import contextlib
import multiprocessing
import threading

from senim.embedded.processes import die_with_parent_now

if multiprocessing.parent_process() is not None:
    die_with_parent_now()

from django.db import DatabaseError, connection

from senim.asgi import application
from workouts.sockets.catalogue import catalogue

__all__ = ["application"]


def look_at_exercises() -> None:
    """Have the exercises in memory before the first socket: later the database may be away, and reps still count."""
    with contextlib.suppress(DatabaseError):
        catalogue.refresh()
    connection.close()


# the server imports this module inside its event loop, where Django lets nobody ask the database
thread = threading.Thread(target=look_at_exercises)
thread.start()
thread.join()
