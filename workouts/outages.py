"""Why Redis or the database cannot be used, for the log: one line a second of each kind."""

from collections.abc import Iterator
from typing import Any

from workouts.log_limits import limit_log
from workouts.metrics import count_outage_metric

DISK_FULL = "the disk is full; free some space on it, and Senim goes on by itself"
DISK_REFUSES = "Redis cannot write to its disk, which may be full: its own log says why"
MEMORY_FULL = "Redis has reached its maxmemory; raise it, or remove what other programs keep there"
POSTGRES_DISK_FULL = "53100"  # the SQLSTATE disk_full
# as the servers word them; a Lua script passes on the error of its command
REASONS = {
    "no space left on device": DISK_FULL,
    "database or disk is full": DISK_FULL,  # SQLite
    "misconf ": DISK_REFUSES,
    "used memory > 'maxmemory'": MEMORY_FULL,
}


def explain_outage(error: BaseException | str) -> str:
    """Return why a part is unavailable and what helps, or "" if its error says enough."""
    errors = [error] if isinstance(error, str) else [*list_outage_causes(error)]
    if any(getattr(each, "sqlstate", None) == POSTGRES_DISK_FULL for each in errors):
        return DISK_FULL
    text = " ".join(str(each) for each in errors).lower()
    return next((reason for words, reason in REASONS.items() if words in text), "")


def log_outage(event: str, error: BaseException, **fields: Any) -> None:
    """Count that a part is unavailable, and log it, at most once a second for each event."""
    count_outage_metric(error)
    fields["error"] = " ".join(str(error).split()) or type(error).__name__
    if reason := explain_outage(error):
        fields["reason"] = reason
    limit_log(event, **fields)


def list_outage_causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and those it was raised from: Django's have the driver's as their cause."""
    while error is not None:
        yield error
        error = error.__cause__
