"""The socket of a wall: a snapshot, then numbered updates; whoever misses one asks for a snapshot again.

Every update is preceded by a look at who watches and whom they may see, so that leaving a team, or logging out, ends it at once.
"""

import asyncio
import json
import time
from collections.abc import Collection, Iterable
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import parse_qs

import django.db
import structlog
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings

from workouts.clock import now_ms
from workouts.close_codes import CLOSE_NOT_ALLOWED, CLOSE_NOT_LOGGED_IN, CLOSE_RESTART
from workouts.events.subscription import Event
from workouts.events.wall_reports import EVERYONE
from workouts.live.clients import REDIS_AWAY
from workouts.live.runtime import get_store
from workouts.threads import for_database, in_thread
from workouts.wall.audience import (
    MAX_ATHLETES,
    Audience,
    NotAllowedError,
    NotLoggedInError,
    find_audience,
)
from workouts.wall.hub import get_hub
from workouts.wall.tiles import Board, Json, Tile, read_board

UPDATE_EVERY_S = 0.5
CHECK_EVERY_S = 2.0  # where nothing happens: who left the team goes all the same
READ_AGAIN_EVERY_S = 10.0  # whatever may have been missed
ROLL_CALL_S = 0.3
READ_DEADLINE_S = 5.0
AWAY = (*REDIS_AWAY, django.db.Error, TimeoutError)
NOTHING = Tile()
log = structlog.get_logger(__name__)


class WallConsumer(AsyncWebsocketConsumer):
    """Shows a coach their team as it trains."""

    channel_layer_alias = ""  # it hears through the hub

    async def connect(self) -> None:
        await self.accept()
        self.session_key = self.scope["cookies"].get(settings.SESSION_COOKIE_NAME)
        self.team = parse_qs(self.scope["query_string"].decode("latin1")).get("team", [""])[0]
        self.board = Board()
        self.user_ids: Collection[str] = ()
        self.number = 0  # of the last update; 0: a snapshot is due
        self.is_lost = False  # something was missed since the last look
        self.read_at = float("-inf")
        self.is_stirred = asyncio.Event()
        self.showing = asyncio.get_running_loop().create_task(self.show())

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Take the only thing that a wall says: that it missed an update."""
        self.is_lost = True
        self.is_stirred.set()

    async def disconnect(self, code: int) -> None:
        self.showing.cancel()
        if code == CLOSE_RESTART:  # from this server, which stops
            await self.close(CLOSE_RESTART)

    # --- what the hub tells

    def hear(self, event: Event) -> None:
        self.board.take(event, self.user_ids)
        if self.board.changed:
            self.is_stirred.set()

    def look_again(self) -> None:
        self.is_lost, self.read_at = True, float("-inf")
        self.is_stirred.set()

    # --- what the coach sees

    async def show(self) -> None:
        """Show what changes until the coach leaves, or may not watch any more."""
        hub = get_hub()
        hub.open(self)
        try:
            # first listen, then look
            await asyncio.sleep(ROLL_CALL_S)
            while True:
                self.is_stirred.clear()
                await self.show_changes()
                await asyncio.sleep(UPDATE_EVERY_S)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.is_stirred.wait(), CHECK_EVERY_S - UPDATE_EVERY_S)
        except NotLoggedInError:
            await self.close(CLOSE_NOT_LOGGED_IN)
        except NotAllowedError:
            await self.close(CLOSE_NOT_ALLOWED)
        except Exception:
            log.exception("wall_failed")
            await self.close(CLOSE_RESTART)
        finally:
            hub.close(self)

    async def show_changes(self) -> None:
        try:
            changed = self.board.take_changed()
            if self.is_lost:
                self.is_lost, self.number = False, 0
            asked = changed if self.number else changed | self.board.tiles.keys()
            audience = await self.ask(partial(find_audience, self.session_key, self.team, asked))
            self.follow(audience)
            if time.monotonic() - self.read_at > READ_AGAIN_EVERY_S:
                changed |= await self.read_again(audience)
                if audience.is_everyone:
                    audience = await self.ask(
                        partial(find_audience, self.session_key, self.team, self.board.tiles)
                    )
        except AWAY as error:
            log.warning("wall_not_shown", error=str(error).strip() or type(error).__name__)
            self.number = 0
            await self.say("unavailable")
            return
        await self.tell(audience, changed)

    async def ask(self, question: Any) -> Any:
        return await in_thread(for_database, question, timeout_s=READ_DEADLINE_S)

    def follow(self, audience: Audience) -> None:
        """Watch whom the coach may see now, and nobody else."""
        user_ids: Collection[str] = EVERYONE if audience.is_everyone else frozenset(audience.names)
        if user_ids != self.user_ids:
            self.user_ids = user_ids
            get_hub().announce()
            self.number, self.read_at = 0, float("-inf")

    async def read_again(self, audience: Audience) -> set[str]:
        self.read_at = time.monotonic()
        user_ids = None if audience.is_everyone else audience.names.keys()
        put = await self.ask(partial(read_board, get_store(), user_ids, limit=MAX_ATHLETES))
        # what was heard meanwhile may be newer, or older: it is read again soon where anything was
        self.read_at = float("-inf") if self.board.changed else self.read_at
        put(self.board)
        return self.board.take_changed()

    async def tell(self, audience: Audience, changed: set[str]) -> None:
        if not self.number:
            self.number, self.is_lost = 1, False
            await self.say(
                "snapshot",
                number=1,
                is_cut=audience.is_cut,
                tiles=self.describe(audience, self.find_shown(audience)),
            )
        elif changed:
            self.number += 1
            await self.say(
                "update", number=self.number, tiles=self.describe(audience, sorted(changed))
            )

    def find_shown(self, audience: Audience) -> Collection[str]:
        """Return whose tiles a snapshot has: an alias has one only while it does something, as the athlete has one already."""
        if audience.is_everyone:
            return self.board.tiles
        is_online, tiles, aliases = get_hub().is_online, self.board.tiles, audience.aliases
        return [
            user_id
            for user_id in audience.names
            if user_id not in aliases or user_id in tiles or is_online(user_id)
        ]

    def describe(self, audience: Audience, user_ids: Iterable[str]) -> list[Json]:
        is_online, tiles = get_hub().is_online, self.board.tiles
        return [
            {
                "user_id": user_id,
                "name": audience.names.get(user_id, user_id),
                "online": is_online(user_id),
                **tiles.get(user_id, NOTHING).describe(),
            }
            for user_id in user_ids
        ]

    async def say(self, event: str, **fields: Any) -> None:
        await self.send(
            json.dumps({"event": event, "server_time": now_ms(), **fields}, ensure_ascii=False)
        )
