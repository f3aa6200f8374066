"""A socket's one log line, and its place in the metrics."""

import time
from typing import Any, Self

import structlog

from workouts.close_codes import CLOSE_ABNORMAL, CLOSE_RESTART
from workouts.metrics import count_socket_end_metric, sockets_open

# why a socket ends that this side did not close; the rest are the client's close frames
ENDS = {CLOSE_ABNORMAL: "the connection was lost", CLOSE_RESTART: ""}
log = structlog.get_logger(__name__)


def explain_socket_end(code: int) -> str:
    """Return the reason that a log line gives for a disconnect."""
    return ENDS.get(code, "by the client")


class SocketRecord:
    """Counts a socket as open for as long as the block runs; then counts and logs its end."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._code: int | None = None
        self._fields: dict[str, Any] = {}

    def note_end(self, code: int, reason: str | None = None, **fields: Any) -> None:
        """Note why the socket ends, unless that is known already, and more for its log line."""
        if self._code is None:
            self._code = code
            self._fields["reason"] = reason or ""
        self.note_fields(**fields)

    def note_fields(self, **fields: Any) -> None:
        """Note more for the log line, instead of what was noted before."""
        self._fields |= fields

    def __enter__(self) -> Self:
        self._opened_at = time.monotonic()
        sockets_open.labels(self._kind).inc()
        return self

    def __exit__(self, *error: object) -> None:
        code = CLOSE_ABNORMAL if self._code is None else self._code
        count_socket_end_metric(self._kind, code)
        seconds = round(time.monotonic() - self._opened_at, 3)
        log.info("socket_closed", kind=self._kind, code=code, seconds=seconds, **self._fields)
