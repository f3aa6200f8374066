"""What an athlete's other devices are told: group names, events, and when they are published.

A rep costs a look into a dictionary: who changed is noted, and a few times a second those whose devices listen are
looked up, their newest state is read, and it is published. Nothing is sent where nobody listens.
"""

import asyncio
import hashlib
import weakref
from collections.abc import Iterable
from typing import Any, NamedTuple

import structlog
from asgiref.sync import async_to_sync, sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings

from workouts.live.runtime import get_layer_client, get_store

PUBLISH_EVERY_S = 0.3
NOBODY = ""
log = structlog.get_logger(__name__)


class Changed(NamedTuple):
    """Whose session of which exercise changed."""

    user_id: str
    exercise_type: str


def athlete_group(user_id: str) -> str:
    """Return the name of the group of an athlete's sockets; a user_id may have characters that a group's name may not."""
    return f"athlete.{hashlib.sha256(user_id.encode()).hexdigest()[:32]}"


def build_update(*, exercise_type: str, count: int, session_id: str, origin: str, workout_id: int | None = None) -> dict[str, Any]:
    """Return the event of a changed session; the socket named `origin` knows already."""
    return {
        "type": "session.update",
        "exercise_type": exercise_type,
        "count": count,
        "session_id": session_id,
        "workout_id": workout_id,
        "origin": origin,
    }


def find_watched(user_ids: Iterable[str]) -> set[str]:
    """Return those of the athletes who have a socket that listens."""
    names = {f"{settings.SENIM_REDIS_PREFIX}__group__{athlete_group(user_id)}": user_id for user_id in user_ids}
    return {names[channel.decode()] for channel, listeners in get_layer_client().pubsub_numsub(*names) if listeners}


def publish_finished(*, user_id: str, exercise_type: str, count: int, session_id: str, workout_id: int, origin: str) -> None:
    """Tell the athlete's sockets that a session is saved. What goes wrong is logged: the row is there all the same."""
    try:
        if find_watched([user_id]):
            event = build_update(exercise_type=exercise_type, count=count, session_id=session_id, workout_id=workout_id, origin=origin)
            async_to_sync(get_channel_layer().group_send)(athlete_group(user_id), event)
    except Exception as error:
        log.warning("update_not_published", error=str(error))


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
            for group, event in await sync_to_async(read_updates, thread_sensitive=False)(origins):
                await get_channel_layer().group_send(group, event)
        except Exception as error:
            log.warning("update_not_published", error=str(error))


def read_updates(origins: dict[Changed, str]) -> list[tuple[str, dict[str, Any]]]:
    """Return the events of the changed sessions that somebody listens for, with their groups, as of now."""
    watched = find_watched({changed.user_id for changed in origins})
    events = []
    for changed, origin in origins.items():
        if changed.user_id in watched:
            for live in get_store().live_sessions(changed.user_id, [changed.exercise_type]):
                event = build_update(exercise_type=live.exercise_type, count=live.reps, session_id=live.session_id, origin=origin)
                events.append((athlete_group(changed.user_id), event))
    return events


_publishers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, UpdatePublisher] = weakref.WeakKeyDictionary()


def get_publisher() -> UpdatePublisher:
    """Return the publisher of the running event loop."""
    return _publishers.setdefault(asyncio.get_running_loop(), UpdatePublisher())
