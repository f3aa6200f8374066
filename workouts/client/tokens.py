"""The access token that a client connects with, and when it is time for a fresh one."""

import asyncio
import base64
import binascii
import json
import logging
from collections.abc import Awaitable, Callable
from typing import NoReturn

import websockets

from workouts.client.frames import WorkoutClientError

TokenSource = str | Callable[[], Awaitable[str]]
NOT_LOGGED_IN = 4401
# of fresh tokens in a row: the first refusal may be of one that expired while offline
MAX_REFUSALS = 2
RENEW_BEFORE_S = 60.0
RENEW_BEFORE_SHARE = 0.2  # of the time that is left, if that is short
MIN_WAIT_S = 1.0
# a longer token does not fit into a frame: the client reconnects with it instead
MAX_SENT_LENGTH = 4000
log = logging.getLogger(__name__)


class ClientToken:
    """One token, or a source of fresh ones, which is asked only when it is needed."""

    def __init__(self, source: TokenSource | None) -> None:
        self._source = source
        self._text = source if isinstance(source, str) else ""
        self._refusals = 0

    @property
    def is_renewable(self) -> bool:
        """Whether there is a source of fresh tokens."""
        return callable(self._source)

    async def get(self) -> str:
        """Return the token to connect with, "" for none. Raises what fetch() raises."""
        return self._text or (await self.fetch() if self.is_renewable else "")

    async def fetch(self) -> str:
        """Return a fresh token, and keep it.

        Raises OSError if the source says so by raising one, and WorkoutClientError for its other
        errors.
        """
        assert callable(self._source)  # noqa: S101
        try:
            self._text = await self._source()
        except (OSError, WorkoutClientError):
            raise
        except Exception as error:
            raise WorkoutClientError("token", f"{type(error).__name__}: {error}") from error
        return self._text

    async def keep_fresh(
        self, token: str, server_now_s: Callable[[], float], send: Callable[[str], None]
    ) -> NoReturn:
        """Fetch and send a fresh token each time before the last one expires."""
        while (expires_at := read_token_expiry(token)) is not None:
            await asyncio.sleep(find_renewal_wait_s(expires_at - server_now_s()))
            try:
                fresh = await self.fetch()
            except OSError as error:
                log.warning("no fresh token: %s", error)
                continue
            if fresh != token and len(fresh) <= MAX_SENT_LENGTH:
                send(fresh)
            token = fresh
        # it does not say when: the server closes the socket then, and the client reconnects
        await asyncio.Event().wait()
        raise AssertionError

    def accept(self) -> None:
        """Note that the server took the token."""
        self._refusals = 0

    def survives(self, error: Exception) -> bool:
        """Return whether a connection was lost for a reason that a fresh token may mend."""
        if (
            not self.is_renewable
            or not isinstance(error, websockets.ConnectionClosed)
            or error.rcvd is None
            or error.rcvd.code != NOT_LOGGED_IN
        ):
            return False
        self._text = ""
        self._refusals += 1
        return self._refusals < MAX_REFUSALS


def read_token_expiry(token: str) -> float | None:
    """Return when a JWT expires (Unix time, s), without checking it, or None if it does not say."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return float(claims["exp"])
    except (IndexError, KeyError, TypeError, ValueError, OverflowError, binascii.Error):
        return None


def find_renewal_wait_s(left_s: float) -> float:
    """Return for how long a token with so much time left is good enough."""
    return max(MIN_WAIT_S, left_s - min(RENEW_BEFORE_S, left_s * RENEW_BEFORE_SHARE))
