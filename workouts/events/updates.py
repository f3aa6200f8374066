"""What an athlete's other devices are told: group names, events, when they are published, and who listens.

A rep costs a look into a dictionary: who changed is noted, and a few times a second those whose devices listen are
looked up, their newest state is read, and it is published. Nothing is sent where nobody listens.
"""

import asyncio
import hashlib
import weakref
from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings

from workouts.events.subscription import Event, Subscription
from workouts.events.wall_reports import WALLS, Changed, build_finished
from workouts.live.runtime import get_layer_client, get_store
from workouts.threads import for_redis, in_thread

PUBLISH_EVERY_S = 0.3
READ_DEADLINE_S = 5.0
NOBODY = ""
Hear = Callable[[Event], None]
log = structlog.get_logger(__name__)


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


def count_members(groups: Iterable[str]) -> dict[str, int]:
    """Return how many processes are in each group."""
    names = {f"{settings.SENIM_REDIS_PREFIX}__group__{group}": group for group in groups}
    return {
        names[channel.decode()]: members
        for channel, members in get_layer_client().pubsub_numsub(*names)
    }


def count_listeners(user_ids: Iterable[str]) -> dict[str, int]:
    """Return how many processes have sockets of each athlete that listen."""
    groups = {athlete_group(user_id): user_id for user_id in user_ids}
    return {groups[group]: members for group, members in count_members(groups).items()}


def publish_finished(news: SessionNews, *, origin: str) -> None:
    """Tell the athlete's sockets, and the walls, that a session is saved. What goes wrong is logged: the row is there all the same."""
    events = {
        athlete_group(news.user_id): build_update(news, origin),
        WALLS: build_finished(news.user_id, news.exercise_type, news.reps),
    }
    try:
        for group, members in count_members(events).items():
            if members:
                async_to_sync(get_channel_layer().group_send)(group, events[group])
    except Exception as error:
        log.warning("update_not_published", error=str(error))


class UpdateFeed:
    """Tells, for one event loop, the sockets that listen: it is in the group of each athlete who has any."""

    def __init__(self) -> None:
        self._listeners: dict[str, set[Hear]] = {}
        self._subscription = Subscription(self._hear)

    def join(self, user_id: str, hear: Hear) -> asyncio.Task[None]:
        """Have `hear` called with each event of the athlete. The task ends once they come; it tries until then."""
        self._listeners.setdefault(user_id, set()).add(hear)
        return self._subscription.start(
            self._subscription.join(
                athlete_group(user_id), is_wanted=lambda: user_id in self._listeners
            )
        )

    def leave(self, user_id: str, hear: Hear) -> None:
        """Hear no more."""
        listeners = self._listeners.get(user_id, set())
        listeners.discard(hear)
        if not listeners and self._listeners.pop(user_id, None) is not None:
            self._subscription.start(self._subscription.leave(athlete_group(user_id)))

    def count(self, user_id: str) -> int:
        """Return how many sockets of the athlete listen here."""
        return len(self._listeners.get(user_id, ()))

    def _hear(self, event: Event) -> None:
        for hear in tuple(self._listeners.get(event["user_id"], ())):
            hear(event)


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
            alone = {
                changed
                for changed, origin in origins.items()
                if origin != NOBODY and feed.count(changed.user_id) == 1
            }
            for event in await in_thread(
                for_redis, partial(read_updates, origins, alone), timeout_s=READ_DEADLINE_S
            ):
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
                events.append(
                    build_update(
                        SessionNews(
                            changed.user_id, live.exercise_type, live.reps, live.session_id
                        ),
                        origin,
                    )
                )
    return events


_publishers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, UpdatePublisher] = (
    weakref.WeakKeyDictionary()
)
_feeds: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, UpdateFeed] = (
    weakref.WeakKeyDictionary()
)


def get_publisher() -> UpdatePublisher:
    """Return the publisher of the running event loop."""
    return _publishers.setdefault(asyncio.get_running_loop(), UpdatePublisher())


def get_feed() -> UpdateFeed:
    """Return the feed of the running event loop."""
    return _feeds.setdefault(asyncio.get_running_loop(), UpdateFeed())
