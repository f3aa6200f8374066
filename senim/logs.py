"""The format of log events: lines for people, or JSON for machines; and how many there may be."""

import logging
import logging.config
import time
from collections.abc import Callable
from typing import Any

import structlog
from structlog.typing import Processor

SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso"),
]


EVERY_S = 1.0


class LibraryLogFilter(logging.Filter):
    """Lets pass one line a second from each place in a library's code that logs.

    Every 503, every request that is not HTTP and every handshake that fails would make one. Senim's
    own lines have limits where they are written.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._next_at: dict[tuple[str, int, int], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        # one of Senim's events, or a warning, which Python itself shows once
        if isinstance(record.msg, dict) or record.name == "py.warnings":
            return True
        # Django logs all its answers from one place
        place = (record.pathname, record.lineno, getattr(record, "status_code", 0))
        now = self._clock()
        if now < self._next_at.get(place, now):
            return False
        self._next_at[place] = now + EVERY_S
        return True


class LogFormatter(structlog.stdlib.ProcessorFormatter):
    def __init__(self, style_name: str) -> None:
        renderer = (
            structlog.processors.JSONRenderer()
            if style_name == "json"
            # its own tracebacks show local variables, where access tokens may be
            else structlog.dev.ConsoleRenderer(
                colors=False, exception_formatter=structlog.dev.plain_traceback
            )
        )
        super().__init__(
            foreign_pre_chain=SHARED,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info
                if style_name == "json"
                else structlog.dev.set_exc_info,
                renderer,
            ],
        )


structlog.configure(
    processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)


def configure_logs(config: dict[str, Any]) -> None:
    """Set up logging, warnings included; Django calls this, as LOGGING_CONFIG."""
    logging.config.dictConfig(config)
    logging.captureWarnings(True)


def build_logging_config(level: str, style_name: str) -> dict[str, Any]:
    """Return the setting LOGGING: everything to stderr, in the style of LOG_FORMAT."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "events": {
                "()": "senim.logs.LogFormatter",
                "style_name": style_name,
            },
        },
        "filters": {"libraries": {"()": "senim.logs.LibraryLogFilter"}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                # with JSON, sys.stderr makes an event of each line: see senim/json_output.py
                "stream": "ext://senim.json_output.log_stream"
                if style_name == "json"
                else "ext://sys.stderr",
                "formatter": "events",
                "filters": ["libraries"],
            },
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django.server": {"handlers": ["stderr"], "propagate": False},
            "uvicorn": {"level": "WARNING", "propagate": True},
            # services/lockouts.py logs what matters
            "axes": {"level": "ERROR"},
            # a 4xx answer is the client's business
            "django.request": {"level": "ERROR"},
            # otherwise anybody could fill the log with tracebacks
            "django.security": {"level": "CRITICAL"},
        },
    }
