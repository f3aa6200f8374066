"""The application in a worker process, which exits with the process that started it."""

import contextlib
import multiprocessing
import sys
import threading

from senim.embedded.processes import die_with_parent_now

if multiprocessing.parent_process() is not None:
    die_with_parent_now()

from django.db import DatabaseError, connection

from senim.asgi import application
from workouts.sockets.catalogue import catalogue

__all__ = ["application"]
# how long the event loop waits for a thread that computes; Python's 5 ms would be felt by each rep
SWITCH_INTERVAL_S = 0.001


def load_exercises_into_worker() -> None:
    """Load the exercises before the first socket: reps count even if the database then fails."""
    with contextlib.suppress(DatabaseError):
        catalogue.refresh()
    connection.close()


sys.setswitchinterval(SWITCH_INTERVAL_S)
# in a thread: the server imports this module inside its event loop, where Django forbids queries
thread = threading.Thread(target=load_exercises_into_worker)
thread.start()
thread.join()
