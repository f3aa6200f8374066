"""News for an athlete's other devices: when it is published, and who listens.

Changes are noted as they happen and published a few times a second: if another device listens, the
newest state is read and sent to it. Noting a counted rep costs one dictionary lookup, and if nobody
listens, nothing is read or sent.
"""

import asyncio
import weakref
from collections.abc import Callable, Iterable
from functools import partial

from channels.layers import get_channel_layer

from workouts.clock import now_ms
from workouts.events.groups import (
    WALLS,
    channel_group_of_athlete,
    count_channel_group_members,
    send_to_channel_groups,
)
from workouts.events.messages import (
    NOBODY,
    Message,
    SessionNews,
    WallFinished,
    encode_channel_message,
)
from workouts.events.subscription import ChannelSubscription
from workouts.events.wall_reports import Changed
from workouts.live.runtime import get_live_store
from workouts.outages import log_outage
from workouts.threads import for_notes, in_thread

PUBLISH_EVERY_S = 0.3
READ_DEADLINE_S = 5.0
# a phone that lost its connection is back within this time, and joining costs as much as ten reps
LINGER_S = 2.0
Listener = Callable[[SessionNews], None]


def count_listening_processes(user_ids: Iterable[str]) -> dict[str, int]:
    """Return, by athlete, the number of processes that have sockets listening."""
    groups = {channel_group_of_athlete(user_id): user_id for user_id in user_ids}
    return {
        groups[group]: members for group, members in count_channel_group_members(groups).items()
    }


def broadcast_finished_sessions(*finished: SessionNews) -> None:
    """Tell the athletes' sockets and the walls that sessions were saved.

    Errors are logged and not raised: the sessions are saved either way.
    """
    messages: list[tuple[str, Message]] = []
    for news in finished:
        messages.append((channel_group_of_athlete(news.user_id), news))
        messages.append((WALLS, build_wall_news(news)))
    try:
        send_to_channel_groups(messages)
    except Exception as error:
        log_outage("news_not_published", error)


def build_wall_news(news: SessionNews) -> WallFinished:
    return WallFinished(news.user_id, news.exercise_type, news.reps, now_ms())


class ChannelUpdateFeed:
    """Passes news to an event loop's sockets; joined to the group of every athlete who has one."""

    def __init__(self) -> None:
        self._listeners: dict[str, set[Listener]] = {}
        self._joins: dict[str, asyncio.Future[None]] = {}  # of all groups that are not left yet
        self._joined = asyncio.get_running_loop().create_future()  # most of them: a task is larger
        self._joined.set_result(None)
        self._subscription = ChannelSubscription(self._receive)

    def join(self, user_id: str, listener: Listener) -> asyncio.Future[None]:
        """Call `listener` with all news of the athlete.

        The returned future is done once the subscription, one for all of the athlete's sockets, is
        in place.
        """
        self._listeners.setdefault(user_id, set()).add(listener)
        joining = self._joins.get(user_id)
        if joining is None:
            task = self._subscription.start(
                self._subscription.join(
                    channel_group_of_athlete(user_id), is_wanted=lambda: user_id in self._joins
                )
            )
            joining = self._joins[user_id] = task
            task.add_done_callback(partial(self._end_join, user_id))
        return joining

    def _end_join(self, user_id: str, joining: asyncio.Future[None]) -> None:
        if self._joins.get(user_id) is not joining:
            return
        if joining.cancelled() or joining.exception():
            del self._joins[user_id]  # the next socket tries again
        else:
            self._joins[user_id] = self._joined

    def leave(self, user_id: str, listener: Listener) -> None:
        """Stop calling `listener`, and leave the group if nobody listens for a while."""
        listeners = self._listeners.get(user_id, set())
        listeners.discard(listener)
        if not listeners and self._listeners.pop(user_id, None) is not None:
            asyncio.get_running_loop().call_later(LINGER_S, self._leave_group, user_id)

    def _leave_group(self, user_id: str) -> None:
        if user_id not in self._listeners and self._joins.pop(user_id, None) is not None:
            self._subscription.start(self._subscription.leave(channel_group_of_athlete(user_id)))

    def count(self, user_id: str) -> int:
        """Return the number of the athlete's sockets that listen in this event loop."""
        return len(self._listeners.get(user_id, ()))

    def is_alone(self, user_id: str, origin: str) -> bool:
        """Return whether this event loop is in the athlete's group for nobody but `origin`.

        After the last socket has left it is there for nobody at all, for a while.
        """
        others = self.count(user_id) - (origin != NOBODY)
        return user_id in self._joins and others <= 0

    def _receive(self, message: Message) -> None:
        if isinstance(message, SessionNews):
            for listener in tuple(self._listeners.get(message.user_id, ())):
                listener(message)


class ChannelUpdatePublisher:
    """Publishes the newest state of an event loop's changed sessions."""

    def __init__(self) -> None:
        self._origins: dict[Changed, str] = {}
        self._task: asyncio.Task[None] | None = None

    def note(self, changed: Changed, origin: str) -> None:
        """Note that the socket named `origin` changed a session."""
        before = self._origins.get(changed, origin)
        self._origins[changed] = origin if before == origin else NOBODY
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._publish_soon())

    async def _publish_soon(self) -> None:
        await asyncio.sleep(PUBLISH_EVERY_S)
        origins, self._origins, self._task = self._origins, {}, None
        try:
            feed = get_channel_update_feed()
            alone = {
                changed
                for changed, origin in origins.items()
                if feed.is_alone(changed.user_id, origin)
            }
            for news in await in_thread(
                for_notes,
                partial(read_news_to_broadcast, origins, alone),
                timeout_s=READ_DEADLINE_S,
            ):
                await get_channel_layer().group_send(
                    channel_group_of_athlete(news.user_id), encode_channel_message(news)
                )
        except Exception as error:
            log_outage("news_not_published", error)


def read_news_to_broadcast(origins: dict[Changed, str], alone: set[Changed]) -> list[SessionNews]:
    """Return the current state of each changed session that somebody else listens for.

    `alone` has the sessions that nobody in this process has to hear of, though it listens.
    """
    listeners = count_listening_processes({changed.user_id for changed in origins})
    return [
        SessionNews(changed.user_id, live.exercise_type, live.reps, live.session_id, origin=origin)
        for changed, origin in origins.items()
        if listeners[changed.user_id] > (changed in alone)
        for live in get_live_store().live_sessions(changed.user_id, [changed.exercise_type])
    ]


_publishers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, ChannelUpdatePublisher] = (
    weakref.WeakKeyDictionary()
)
_feeds: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, ChannelUpdateFeed] = (
    weakref.WeakKeyDictionary()
)


def get_channel_update_publisher() -> ChannelUpdatePublisher:
    """Return the running event loop's publisher."""
    loop = asyncio.get_running_loop()
    publisher = _publishers.get(loop)
    if publisher is None:
        publisher = _publishers[loop] = ChannelUpdatePublisher()
    return publisher


def get_channel_update_feed() -> ChannelUpdateFeed:
    """Return the running event loop's feed."""
    loop = asyncio.get_running_loop()
    feed = _feeds.get(loop)
    if feed is None:
        feed = _feeds[loop] = ChannelUpdateFeed()
    return feed
