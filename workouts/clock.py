"""Times as whole milliseconds since 1970 (epoch ms), the form they have in Redis and frames."""

import time
from datetime import UTC, datetime


def now_ms() -> int:
    """Return the current time in epoch ms."""
    return time.time_ns() // 1_000_000


def datetime_from_ms(epoch_ms: int) -> datetime:
    """Return epoch ms as an aware datetime in UTC. No millisecond is lost."""
    seconds, ms = divmod(epoch_ms, 1000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=ms * 1000)


def datetime_to_ms(moment: datetime) -> int:
    """Return an aware datetime as epoch ms, rounded down."""
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000
