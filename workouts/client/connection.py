"""Where to connect, when to try again, and when to give up."""

import secrets
import time
from collections.abc import Callable
from urllib.parse import quote, urlsplit

import websockets

from workouts.client.frames import WorkoutClientError

BACKOFF_MIN_S, BACKOFF_MAX_S = 0.1, 5.0
FATAL_CLOSE_CODES = (1008, 1009, 4401, 4403)
FATAL_STATUSES = (400, 401, 403, 404, 410, 426)


def full_jitter(failures: int) -> float:
    """Return a random wait in seconds.

    Its limit is 0.1 s after the first failure and doubles with each further one, up to 5 s: "full
    jitter" in https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    limit_s: float = min(BACKOFF_MAX_S, BACKOFF_MIN_S * 2 ** min(failures - 1, 16))
    return limit_s * secrets.randbelow(1_000_001) / 1_000_000


class Backoff:
    """Counts failures in a row, and says how long to wait after them."""

    def __init__(self, wait: Callable[[int], float]) -> None:
        self._wait = wait
        self.failures = 0

    def wait_s(self) -> float:
        return self._wait(self.failures)


def wall_clock_ms() -> int:
    return time.time_ns() // 1_000_000


def start_clock() -> Callable[[], int]:
    """Return a clock in epoch ms that ignores changes to the system's time.

    A rep's `at` and the hello's `now` must come from the same clock: the server corrects one by the
    other.
    """
    # CLOCK_BOOTTIME, where it exists, goes on while the machine sleeps
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    started_ms = wall_clock_ms() - time.clock_gettime_ns(clock) // 1_000_000
    return lambda: started_ms + time.clock_gettime_ns(clock) // 1_000_000


def socket_address(url: str, user_id: str) -> str:
    """Return the WebSocket address of the service at `url`. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https", "ws", "wss") or not parts.netloc:
        raise ValueError(f"{url!r} is not an address like http://127.0.0.1:8000")
    scheme, path = parts.scheme.replace("http", "ws"), parts.path.rstrip("/")
    return f"{scheme}://{parts.netloc}{path}/ws/workout?user_id={quote(user_id, safe='')}"


def raise_fatal(error: Exception) -> None:
    """Raise WorkoutClientError if retrying would not help."""
    if (
        isinstance(error, websockets.ConnectionClosed)
        and error.rcvd is not None
        and error.rcvd.code in FATAL_CLOSE_CODES
    ):
        raise WorkoutClientError(str(error.rcvd.code), error.rcvd.reason) from error
    if isinstance(error, websockets.InvalidStatus) and error.response.status_code in FATAL_STATUSES:
        raise WorkoutClientError(
            str(error.response.status_code), "the handshake was refused"
        ) from error
