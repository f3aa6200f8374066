"""A wall's socket: a snapshot, then numbered updates; after a gap, the browser asks again.

Before every update the database is asked who is watching and whom they may see, so a logout, a
revoked display link or a change to the team takes effect at once. A socket is never silent for
longer than 4 s, so that a browser notices when its server is gone.
"""

import asyncio
import json
import time
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from functools import partial
from logging import ERROR
from typing import Any, TypeVar
from urllib.parse import parse_qs

import django.db
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.utils.crypto import salted_hmac

from workouts.clock import now_ms
from workouts.close_codes import (
    CLOSE_NORMAL,
    CLOSE_NOT_ALLOWED,
    CLOSE_NOT_LOGGED_IN,
    CLOSE_RESTART,
    CLOSE_TRY_LATER,
)
from workouts.events.messages import WallFinished, WallReport
from workouts.events.watched import EVERYONE, NO_ONE
from workouts.identity.secret_hashes import hash_secret
from workouts.live.clients import REDIS_AWAY
from workouts.live.runtime import get_live_store
from workouts.live.sessions import SessionName
from workouts.log_limits import limit_log
from workouts.metrics import wall_messages
from workouts.models.sort_names import make_sort_name
from workouts.outages import log_outage
from workouts.request_ids import request_id_headers
from workouts.sockets.handshake import SENIM_DISPLAY_V1, find_display_token
from workouts.sockets.socket_record import SocketRecord, explain_socket_end
from workouts.threads import for_walls, in_thread
from workouts.wall.audience import (
    MAX_ATHLETES,
    NotAllowedError,
    NotLoggedInError,
    WallAudience,
    find_display_wall_audience,
    find_wall_audience,
)
from workouts.wall.hub import get_wall_hub
from workouts.wall.tiles import EMPTY_TILE, Json, WallBoard, read_wall_snapshot

UPDATE_EVERY_S = 0.5
CHECK_EVERY_S = 2.0  # even if nothing happens: athletes who left the team disappear
ALIVE_AFTER_S = 2.0  # with nothing to say, the wall says at its next check that it is alive
SNAPSHOT_EVERY_S = 10.0  # in case a change was missed unnoticed
ROLL_CALL_S = 0.3
READ_DEADLINE_S = 5.0
AWAY = (*REDIS_AWAY, django.db.Error, TimeoutError)
NEVER = float("-inf")
NOT_LOGGED_IN = "you are not logged in"
NO_SUCH_LINK, REVOKED_LINK = "there is no such display link", "this display link was revoked"
T = TypeVar("T")


class WallConsumer(AsyncWebsocketConsumer):
    """Shows coaches their athletes' training as it happens, and screens their team's."""

    channel_layer_alias = ""  # messages come through the hub
    showing: asyncio.Task[None] | None = None
    display_hash = ""  # of a screen's token; a coach has none

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        with SocketRecord("wall") as self.record:
            await super().__call__(scope, receive, send)

    async def connect(self) -> None:
        token = find_display_token(self.scope)
        if token is not None:
            self.display_hash = hash_secret(token)
        await self.accept(
            SENIM_DISPLAY_V1 if self.display_hash else None, headers=request_id_headers()
        )
        self.session_key = self.scope["cookies"].get(settings.SESSION_COOKIE_NAME)
        if not (self.display_hash or self.session_key):
            await self.close(CLOSE_NOT_LOGGED_IN, NOT_LOGGED_IN)
            return
        self.team = parse_qs(self.scope["query_string"].decode("latin1")).get("team", [""])[0]
        self.board = WallBoard()
        self.watched, self.team_name = NO_ONE, ""
        self.number = 0  # of the last update; 0: the next message is a snapshot
        self.snapshot_requested = False
        self.read_at = self.sent_at = NEVER
        self.update_due = asyncio.Event()
        self.showing = asyncio.get_running_loop().create_task(self.show())

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Take any message as a request for a snapshot: a browser has nothing else to say."""
        self.snapshot_requested = True
        self.update_due.set()

    async def close(self, code: int | None = None, reason: str | None = None) -> None:
        self.record.note_end(code or CLOSE_NORMAL, reason)
        await super().close(code, reason)

    async def disconnect(self, code: int) -> None:
        self.record.note_end(code, explain_socket_end(code))
        if self.showing is not None:
            self.showing.cancel()
        if code == CLOSE_RESTART:  # this server is stopping
            await self.close(CLOSE_RESTART)

    # --- called by the hub

    def apply(self, message: WallReport | WallFinished) -> None:
        self.board.apply(message, self.watched)
        if self.board.changed:
            self.update_due.set()

    def list_live(self) -> Iterable[SessionName]:
        return self.board.list_live()

    def invalidate(self) -> None:
        self.snapshot_requested, self.read_at = True, NEVER
        self.update_due.set()

    # --- what the coach sees

    async def show(self) -> None:
        """Send changes until the coach leaves or may no longer watch."""
        try:
            # strangers must not make this process subscribe, or announce anything to others
            self.watched = (await self.find_audience(())).watched
            await self.show_subscribed()
        except NotLoggedInError:
            reason = NO_SUCH_LINK if self.display_hash else NOT_LOGGED_IN
            await self.close(CLOSE_NOT_LOGGED_IN, reason)
        except NotAllowedError:
            reason = REVOKED_LINK if self.display_hash else "you may not watch these athletes"
            await self.close(CLOSE_NOT_ALLOWED, reason)
        except AWAY:
            await self.close(CLOSE_TRY_LATER, "the database cannot be reached")
        except Exception:
            limit_log("wall_failed", level=ERROR, exc_info=True)
            await self.close(CLOSE_RESTART)

    async def show_subscribed(self) -> None:
        hub = get_wall_hub()
        hub.open(self)
        try:
            # subscribe first, then read the snapshot: a change in between is applied to it
            await asyncio.sleep(ROLL_CALL_S)
            while True:
                self.update_due.clear()
                await self.show_changes()
                await asyncio.sleep(UPDATE_EVERY_S)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.update_due.wait(), CHECK_EVERY_S - UPDATE_EVERY_S)
        finally:
            hub.close(self)

    async def show_changes(self) -> None:
        try:
            changed = self.board.take_changed()
            if self.snapshot_requested:
                self.snapshot_requested, self.number = False, 0
            audience = await self.find_audience(
                changed if self.number else changed | self.board.tiles.keys()
            )
            self.watch(audience)
            if time.monotonic() - self.read_at > SNAPSHOT_EVERY_S:
                changed |= await self.read_snapshot()
                if self.watched == EVERYONE:
                    audience = await self.find_audience(self.board.tiles)
        except AWAY as error:
            log_outage("wall_not_updated", error)
            self.number = 0
            await self.send_event("unavailable")
            return
        await self.read_set_progress(changed)
        await self.send_changes(audience, changed)

    async def find_audience(self, named: Collection[str]) -> WallAudience:
        if self.display_hash:
            return await self.ask(partial(find_display_wall_audience, self.display_hash))
        if not self.session_key:
            raise NotLoggedInError
        return await self.ask(partial(find_wall_audience, self.session_key, self.team, named))

    async def ask(self, question: Callable[[], T]) -> T:
        return await in_thread(for_walls, question, timeout_s=READ_DEADLINE_S)

    def watch(self, audience: WallAudience) -> None:
        """Watch whom the coach may see now, and no one else."""
        if audience.watched != self.watched:
            self.watched = audience.watched
            get_wall_hub().announce()
            self.number, self.read_at = 0, NEVER
        if audience.team != self.team_name:
            self.team_name, self.number = audience.team, 0  # only a snapshot has it

    async def read_snapshot(self) -> set[str]:
        """Read all tiles anew, and return whose changed."""
        self.read_at = time.monotonic()
        put = await self.ask(
            partial(read_wall_snapshot, get_live_store(), self.watched, limit=MAX_ATHLETES)
        )
        was_cut = self.board.is_cut
        if self.board.changed:
            # a change applied during the read may be newer than the snapshot or older: read again
            self.read_at = NEVER
        put(self.board)
        if self.board.is_cut != was_cut:
            self.number = 0  # only a snapshot says whether the wall is cut
        return self.board.take_changed()

    async def read_set_progress(self, changed: set[str]) -> None:
        due = self.board.take_progress_due()
        found = await get_wall_hub().set_progress.read(due)
        others = self.board.put_progress(due, found) - changed
        if self.number:
            self.board.changed |= others  # the next update has them: their names were not asked for

    async def send_changes(self, audience: WallAudience, changed: set[str]) -> None:
        if not self.number:
            self.number, self.snapshot_requested = 1, False
            await self.send_event(
                "snapshot",
                number=1,
                is_cut=audience.is_cut or self.board.is_cut,
                team=audience.team,
                tiles=self.describe(audience, self.find_shown(audience)),
            )
        elif changed:
            self.number += 1
            await self.send_event(
                "update", number=self.number, tiles=self.describe(audience, sorted(changed))
            )
        elif time.monotonic() - self.sent_at > ALIVE_AFTER_S:
            await self.send_event("alive")

    def find_shown(self, audience: WallAudience) -> Collection[str]:
        """Return whose tiles a snapshot has.

        An alias has one only while something happens under it: the athlete has one already.
        """
        if audience.watched == EVERYONE:
            return self.board.tiles
        is_online, tiles, aliases = get_wall_hub().is_online, self.board.tiles, audience.aliases
        return [
            user_id
            for user_id in audience.names
            if user_id not in aliases or user_id in tiles or is_online(user_id)
        ]

    def describe(self, audience: WallAudience, user_ids: Iterable[str]) -> list[Json]:
        is_online, tiles = get_wall_hub().is_online, self.board.tiles
        described = []
        for user_id in user_ids:
            name = audience.names.get(user_id, user_id)
            described.append(
                {
                    **self.identify(audience, user_id),
                    "name": name,
                    "sort_name": make_sort_name(name).decode(),
                    "online": is_online(user_id),
                    **tiles.get(user_id, EMPTY_TILE).describe(),
                }
            )
        return described

    def identify(self, audience: WallAudience, user_id: str) -> Json:
        """Return what tells a tile from the others: on a screen, something that leads nowhere."""
        if self.display_hash:
            return {"key": salted_hmac(self.display_hash, user_id).hexdigest()}
        return {"user_id": user_id, "athlete": audience.athlete_keys.get(user_id)}

    async def send_event(self, event: str, **fields: Any) -> None:
        wall_messages.labels(event).inc()
        self.sent_at = time.monotonic()
        await self.send(
            json.dumps({"event": event, "server_time": now_ms(), **fields}, ensure_ascii=False)
        )
