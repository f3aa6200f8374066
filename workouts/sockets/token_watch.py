"""The access tokens of open sockets: each closes its socket when it expires or is revoked.

One watch for a process reads every REFRESH_S who may no longer be in, and says which devices were
seen. It asks nothing for a single socket, and a rep costs nothing.
"""

import asyncio
import time
import uuid
import weakref
from collections.abc import Callable
from contextvars import Context
from functools import partial

import structlog
from django.db import DatabaseError

from workouts.close_codes import CLOSE_NOT_ALLOWED, CLOSE_NOT_LOGGED_IN
from workouts.exceptions import Code, WorkoutError
from workouts.identity.access_tokens import AccessToken
from workouts.outages import log_outage
from workouts.services.revocations import REFRESH_S, revocations
from workouts.services.seen_devices import note_seen_devices
from workouts.sockets.frames import MAX_WHOLE
from workouts.threads import for_revocations, for_seen_devices, in_thread

OLD_S = 2 * REFRESH_S
READ_DEADLINE_S = 3.0
SEEN_EVERY_S = 300.0  # "last seen" is for people
SEEN_DEADLINE_S = 30.0
End = Callable[[int, str], None]
log = structlog.get_logger(__name__)


class SocketToken:
    """The token of one open socket, which `end` closes with a code and a reason."""

    def __init__(self, watch: "TokenWatch", token: AccessToken, end: End) -> None:
        self._watch = watch
        self.end = end
        self._take(token)

    @property
    def expires_at_ms(self) -> int:
        """When the socket will be closed, in epoch ms."""
        return int(min(self._token.expires_at * 1000, MAX_WHOLE))

    def replace(self, token: AccessToken) -> None:
        """Go by a fresh token. Raises WorkoutError(not_allowed) for another athlete's."""
        if token.user_id != self._token.user_id:
            raise WorkoutError(Code.NOT_ALLOWED, "the token is another athlete's")
        self.close()
        self._take(token)

    def close(self) -> None:
        """Forget the socket: it is closed."""
        self._expiry.cancel()
        self._watch.remove(self, self._token)

    def _take(self, token: AccessToken) -> None:
        self._token = token
        expire = partial(self.end, CLOSE_NOT_LOGGED_IN, Code.TOKEN_EXPIRED)
        wait_s = max(0.0, token.expires_at - time.time())
        self._expiry = asyncio.get_running_loop().call_later(wait_s, expire)
        self._watch.add(self, token)


class TokenWatch:
    """Closes the sockets of revoked devices and switched-off athletes in one event loop."""

    def __init__(self) -> None:
        self._sockets: dict[uuid.UUID | str, set[SocketToken]] = {}  # by device and by athlete
        self._arrived: set[uuid.UUID] = set()  # devices not noted as seen yet
        self._seen_at = float("-inf")
        self._read_at = float("-inf")
        self._reading: asyncio.Task[None] | None = None
        self._noting: asyncio.Task[None] | None = None
        self._task: asyncio.Task[None] | None = None

    def open(self, token: AccessToken, end: End) -> SocketToken:
        """Watch a socket's token until it is closed."""
        if self._task is None or self._task.done():
            loop = asyncio.get_running_loop()
            # not under the request ID of the socket that came first
            self._task = loop.create_task(self._keep_watch(), context=Context())
        return SocketToken(self, token, end)

    def add(self, socket: SocketToken, token: AccessToken) -> None:
        for key in list_token_keys(token):
            self._sockets.setdefault(key, set()).add(socket)
        if token.device_id is not None:
            self._arrived.add(token.device_id)

    def remove(self, socket: SocketToken, token: AccessToken) -> None:
        for key in list_token_keys(token):
            sockets = self._sockets.get(key, set())
            sockets.discard(socket)
            if not sockets:
                self._sockets.pop(key, None)

    async def refresh_if_old(self) -> None:
        """Read who may no longer be in, unless that is known well enough.

        Raises WorkoutError(unavailable) if it was never read.
        """
        if not revocations.is_known or time.monotonic() - self._read_at > OLD_S:
            await self._refresh()
        if not revocations.is_known:
            raise WorkoutError(Code.UNAVAILABLE, "the database cannot be reached")

    async def _keep_watch(self) -> None:
        while self._sockets:
            try:
                await self._refresh()
                self._close_revoked()
                self._note_seen_soon()
            except Exception:
                log.exception("tokens_not_watched")
            await asyncio.sleep(REFRESH_S)
        self._note_seen_soon()

    async def _refresh(self) -> None:
        if self._reading is None:  # however many sockets ask, one thread is busy
            self._reading = asyncio.get_running_loop().create_task(self._read(), context=Context())
        await asyncio.wait({self._reading})

    async def _read(self) -> None:
        try:
            await in_thread(for_revocations, revocations.refresh, timeout_s=READ_DEADLINE_S)
        except (DatabaseError, TimeoutError) as error:
            log_outage("revocations_not_read", error)
        finally:
            self._reading, self._read_at = None, time.monotonic()

    def _close_revoked(self) -> None:
        for key in self._sockets.keys() & (revocations.devices | revocations.athletes):
            is_device = isinstance(key, uuid.UUID)
            for socket in [*self._sockets[key]]:
                socket.end(
                    CLOSE_NOT_ALLOWED, Code.DEVICE_REVOKED if is_device else Code.NOT_ALLOWED
                )

    def _note_seen_soon(self) -> None:
        if self._noting is not None:
            return
        seen, self._arrived = self._arrived, set()
        if time.monotonic() - self._seen_at > SEEN_EVERY_S:
            self._seen_at = time.monotonic()
            seen |= {key for key in self._sockets if isinstance(key, uuid.UUID)}
        if seen:
            loop = asyncio.get_running_loop()
            self._noting = loop.create_task(self._note_seen(seen), context=Context())

    async def _note_seen(self, devices: set[uuid.UUID]) -> None:
        try:
            note = partial(note_seen_devices, devices)
            await in_thread(for_seen_devices, note, timeout_s=SEEN_DEADLINE_S)
        except (DatabaseError, TimeoutError) as error:
            log_outage("devices_seen_not_noted", error)
        finally:
            self._noting = None


def list_token_keys(token: AccessToken) -> list[uuid.UUID | str]:
    return [token.user_id] if token.device_id is None else [token.user_id, token.device_id]


_watches: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, TokenWatch] = (
    weakref.WeakKeyDictionary()
)


def get_token_watch() -> TokenWatch:
    """Return the running event loop's watch."""
    return _watches.setdefault(asyncio.get_running_loop(), TokenWatch())
