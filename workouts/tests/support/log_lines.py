"""Log lines as a test sees them: without those that earlier tests logged in the same second."""

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

from structlog.testing import capture_logs

from workouts.log_limits import limit_log


@contextmanager
def capture_unlimited_logs() -> Iterator[list[MutableMapping[str, Any]]]:
    """Capture events as structlog does, whatever was logged before."""
    limit_log.__self__._next_at.clear()
    with capture_logs() as logs:
        yield logs
