"""What an athlete's other devices are told: group names, events, when they are published, and who listens.

A rep costs a look into a dictionary: who changed is noted, and a few times a second those whose devices listen are
looked up, their newest state is read, and it is published. Nothing is sent where nobody listens.
"""

import asyncio
import hashlib
import weakref
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings

from workouts.live.clients import REDIS_AWAY
from workouts.live.runtime import get_layer_client, get_store
from workouts.threads import for_redis, in_thread

PUBLISH_EVERY_S = 0.3
READ_DEADLINE_S = 5.0
LISTEN_AGAIN_S = 1.0
NOBODY = ""
Event = dict[str, Any]
Hear = Callable[[Event], None]
log = structlog.get_logger(__name__)


class Changed(NamedTuple):
    """Whose session of which exercise changed."""

    user_id: str
    exercise_type: str


class SessionNews(NamedTuple):
    """The state of a session; `workout_id` is the row of a finished one."""

    user_id: str
    exercise_type: str
    reps: int
    session_id: str
    workout_id: int | None = None


def athlete_group(user_id: str) -> str:
    """Return the name of the group of an athlete's sockets; a user_id may have characters that a group's name may not."""
    return f"athlete.{hashlib.sha256(user_id.encode()).hexdigest()[:32]}"


def build_update(news: SessionNews, origin: str) -> Event:
    """Return the event of a changed session; the socket named `origin` knows already."""
    return {"type": "session.update", **news._asdict(), "origin": origin}


def count_listeners(user_ids: Iterable[str]) -> dict[str, int]:
    """Return how many processes have sockets of each athlete that listen."""
    names = {f"{settings.SENIM_REDIS_PREFIX}__group__{athlete_group(user_id)}": user_id for user_id in user_ids}
    return {names[channel.decode()]: listeners for channel, listeners in get_layer_client().pubsub_numsub(*names)}


def publish_finished(news: SessionNews, *, origin: str) -> None:
    """Tell the athlete's sockets that a session is saved. What goes wrong is logged: the row is there all the same."""
    try:
        if count_listeners([news.user_id])[news.user_id]:
            async_to_sync(get_channel_layer().group_send)(athlete_group(news.user_id), build_update(news, origin))
    except Exception as error:
        log.warning("update_not_published", error=str(error))


class UpdateFeed:
    """Tells, for one event loop, the sockets that listen: one channel for all, in the group of each athlete who has any."""

    def __init__(self) -> None:
        self._listeners: dict[str, set[Hear]] = {}
        self._channel = ""
        self._opening = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def join(self, user_id: str, hear: Hear) -> asyncio.Task[None]:
        """Have `hear` called with each event of the athlete. The task ends once they come; it tries until then."""
        self._listeners.setdefault(user_id, set()).add(hear)
        return self._start(self._join(user_id))

    def leave(self, user_id: str, hear: Hear) -> None:
        """Hear no more."""
        listeners = self._listeners.get(user_id, set())
        listeners.discard(hear)
        if not listeners and self._listeners.pop(user_id, None) is not None and self._channel:
            self._start(self._leave(user_id))

    def count(self, user_id: str) -> int:
        """Return how many sockets of the athlete listen here."""
        return len(self._listeners.get(user_id, ()))

    def _start(self, coroutine: Any) -> asyncio.Task[None]:
        # none is cancelled: a subscription that is cut off would leave the channel layer's connection half made
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _join(self, user_id: str) -> None:
        while user_id in self._listeners:
            try:
                await get_channel_layer().group_add(athlete_group(user_id), await self._open())
            except (*REDIS_AWAY, OSError, TimeoutError) as error:
                log.warning("updates_not_heard", error=str(error))
                await asyncio.sleep(LISTEN_AGAIN_S)
            else:
                break
        if user_id not in self._listeners:
            await self._leave(user_id)  # which came in between

    async def _leave(self, user_id: str) -> None:
        try:
            await get_channel_layer().group_discard(athlete_group(user_id), self._channel)
        except (*REDIS_AWAY, OSError, TimeoutError) as error:
            log.warning("group_not_left", error=str(error))

    async def _open(self) -> str:
        async with self._opening:
            if not self._channel:
                self._channel = await get_channel_layer().new_channel()
                self._start(self._relay())
        return self._channel

    async def _relay(self) -> None:
        while True:
            try:
                event = await get_channel_layer().receive(self._channel)
                for hear in tuple(self._listeners.get(event["user_id"], ())):
                    hear(event)
            except Exception:
                log.exception("update_not_relayed")
                await asyncio.sleep(LISTEN_AGAIN_S)


class UpdatePublisher:
    """Publishes, for one event loop, the newest state of what changed."""

    def __init__(self) -> None:
        self._origins: dict[Changed, str] = {}
        self._task: asyncio.Task[None] | None = None

    def note(self, changed: Changed, origin: str) -> None:
        """Note that a session changed, by the socket named `origin`."""
        before = self._origins.get(changed, origin)
        self._origins[changed] = origin if before == origin else NOBODY
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._publish_soon())

    async def _publish_soon(self) -> None:
        await asyncio.sleep(PUBLISH_EVERY_S)
        origins, self._origins, self._task = self._origins, {}, None
        try:
            feed = get_feed()
            alone = {changed for changed, origin in origins.items() if origin != NOBODY and feed.count(changed.user_id) == 1}
            for event in await in_thread(for_redis, partial(read_updates, origins, alone), timeout_s=READ_DEADLINE_S):
                await get_channel_layer().group_send(athlete_group(event["user_id"]), event)
        except Exception as error:
            log.warning("update_not_published", error=str(error))


def read_updates(origins: dict[Changed, str], alone: set[Changed]) -> list[Event]:
    """Return the events of the changed sessions that somebody else listens for, as of now.

    Those in `alone` were changed by the only socket of this process that listens.
    """
    listeners = count_listeners({changed.user_id for changed in origins})
    events = []
    for changed, origin in origins.items():
        if listeners[changed.user_id] > (changed in alone):
            for live in get_store().live_sessions(changed.user_id, [changed.exercise_type]):
                events.append(build_update(SessionNews(changed.user_id, live.exercise_type, live.reps, live.session_id), origin))
    return events


_publishers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, UpdatePublisher] = weakref.WeakKeyDictionary()
_feeds: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, UpdateFeed] = weakref.WeakKeyDictionary()


def get_publisher() -> UpdatePublisher:
    """Return the publisher of the running event loop."""
    return _publishers.setdefault(asyncio.get_running_loop(), UpdatePublisher())


def get_feed() -> UpdateFeed:
    """Return the feed of the running event loop."""
    return _feeds.setdefault(asyncio.get_running_loop(), UpdateFeed())
