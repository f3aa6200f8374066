"""Where to connect, when to try again, and when to give up."""

import re
import secrets
import time
from collections.abc import Callable
from urllib.parse import quote, urlsplit

import websockets

from workouts.client.frames import WorkoutClientError

BACKOFF_MIN_S, BACKOFF_MAX_S = 0.1, 5.0
# a full server that is given back all its clients at the same moment would be full again
RETRY_AFTER_SPREAD = 0.5
RETRY_AFTER_MAX_S = 300.0  # a proxy's maintenance page may ask for hours
TRY_LATER = 1013
FATAL_CLOSE_CODES = (1008, 1009, 4401, 4403)
FATAL_STATUSES = (400, 401, 403, 404, 410, 426)


def jittered_reconnect_s(failures: int) -> float:
    """Return a random wait in seconds.

    Its limit is 0.1 s after the first failure and doubles with each further one, up to 5 s: "full
    jitter" in https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    limit_s: float = min(BACKOFF_MAX_S, BACKOFF_MIN_S * 2 ** min(failures - 1, 16))
    return limit_s * secrets.randbelow(1_000_001) / 1_000_000


class ReconnectBackoff:
    """Counts failures in a row, and says how long to wait after them."""

    def __init__(self, wait: Callable[[int], float]) -> None:
        self._wait = wait
        self.failures = 0

    def wait_s(self, *, at_least_s: float = 0.0) -> float:
        spread = RETRY_AFTER_SPREAD * secrets.randbelow(1_000_001) / 1_000_000
        return at_least_s * (1 + spread) + self._wait(self.failures)


def read_client_clock_ms() -> int:
    return time.time_ns() // 1_000_000


def start_client_clock() -> Callable[[], int]:
    """Return a clock in epoch ms that ignores changes to the system's time.

    A rep's `at` and the hello's `now` must come from the same clock: the server corrects one by the
    other.
    """
    # CLOCK_BOOTTIME, where it exists, goes on while the machine sleeps
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    started_ms = read_client_clock_ms() - time.clock_gettime_ns(clock) // 1_000_000
    return lambda: started_ms + time.clock_gettime_ns(clock) // 1_000_000


def build_client_socket_url(url: str, user_id: str | None) -> str:
    """Return the WebSocket address of the service at `url`. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https", "ws", "wss") or not parts.netloc:
        raise ValueError(f"{url!r} is not an address like http://127.0.0.1:8000")
    scheme, path = parts.scheme.replace("http", "ws"), parts.path.rstrip("/")
    query = "" if user_id is None else f"?user_id={quote(user_id, safe='')}"
    return f"{scheme}://{parts.netloc}{path}/ws/workout{query}"


def read_reconnect_after_s(error: Exception) -> float:
    """Return for how long the server asked to be left alone, or 0 if it did not say.

    It says so by `retry_after_ms=N` in the reason of a close with 1013, or by the header
    Retry-After, in seconds, of a refused handshake.
    """
    asked_s = 0.0
    if isinstance(error, websockets.ConnectionClosed) and error.rcvd is not None:
        found = re.search(r"retry_after_ms=(\d{1,9})\b", error.rcvd.reason)
        asked_s = int(found[1]) / 1000 if found and error.rcvd.code == TRY_LATER else 0.0
    elif isinstance(error, websockets.InvalidStatus):
        header = error.response.headers.get("Retry-After", "")
        asked_s = float(header) if re.fullmatch(r"[0-9]{1,9}", header) else 0.0
    return min(asked_s, RETRY_AFTER_MAX_S)


def raise_fatal_client_error(error: Exception) -> None:
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
