"""With LOG_FORMAT=json, all that a process of the service prints is JSON, an object per line.

The log is JSON by itself (senim/logs.py). This is for the rest: what commands print, errors that
nobody caught, and what libraries print. It starts before the settings are read, since they may be
what is wrong.
"""

import io
import logging
import os
import sys
import threading
from typing import Any, TextIO

import structlog

log_stream = sys.stderr  # for the log, which is JSON already
SERVICES = ("start", "sweep")  # the commands whose output is for machines
log = structlog.get_logger(__name__)


class JsonOutput(io.TextIOBase):
    """Stands in for stdout or stderr: each line that is printed becomes an event."""

    def __init__(self, stream: TextIO, level: int) -> None:
        self._stream = stream
        self._level = level
        self._rest = ""
        self._lock = threading.RLock()
        self._events = structlog.wrap_logger(
            structlog.WriteLogger(stream),
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso"),
                structlog.processors.JSONRenderer(),
            ],
            wrapper_class=structlog.make_filtering_bound_logger(logging.NOTSET),
        )

    def write(self, text: str) -> int:
        with self._lock:
            *lines, self._rest = (self._rest + text).split("\n")
            for line in filter(str.strip, lines):
                self._events.log(self._level, line)
        return len(text)

    def flush(self) -> None:
        with self._lock:
            if self._rest.strip():
                self.write("\n")
        self._stream.flush()

    def fileno(self) -> int:
        return self._stream.fileno()

    def writable(self) -> bool:
        return True


def print_only_json() -> None:
    """Have this process print nothing but JSON, if the environment asks for it."""
    if os.environ.get("LOG_FORMAT") != "json":
        return
    # the second name is for Python itself: as it ends, it takes back what stands in
    for name, level in (("stdout", logging.INFO), ("stderr", logging.WARNING)):
        stand_in = JsonOutput(getattr(sys, name), level)
        setattr(sys, name, stand_in)
        setattr(sys, f"__{name}__", stand_in)
    sys.excepthook = log_uncaught_error
    threading.excepthook = log_uncaught_error_in_thread
    sys.unraisablehook = log_unraisable_error


def log_uncaught_error(kind: Any, error: Any, trace: Any) -> None:
    log.critical("error_uncaught", exc_info=(kind, error, trace))


def log_uncaught_error_in_thread(caught: threading.ExceptHookArgs) -> None:
    if caught.exc_type is not SystemExit:  # which ends the thread alone, as in Python's own hook
        log_uncaught_error(caught.exc_type, caught.exc_value, caught.exc_traceback)


def log_unraisable_error(caught: "sys.UnraisableHookArgs") -> None:
    log.error(
        "error_ignored",
        where=caught.err_msg or repr(caught.object),
        exc_info=(caught.exc_type, caught.exc_value, caught.exc_traceback),
    )
