"""The channel layer's groups: their names, how many processes are in them, and sending to them."""

import hashlib
from collections.abc import Iterable

from channels.layers import get_channel_layer
from django.conf import settings

from workouts.events.messages import Message, encode_channel_message
from workouts.live.runtime import get_redis_client_of_layer

WALLS = "walls"  # the processes with open walls
REPORTERS = "reporters"  # the processes with phones


def channel_group_of_athlete(user_id: str) -> str:
    """Return the group of an athlete's sockets.

    It is hashed because a user_id may have characters that a group name may not.
    """
    return f"athlete.{hashlib.sha256(user_id.encode()).hexdigest()[:32]}"


def name_redis_channel_of_group(group: str) -> str:
    """Return the name that the channel layer gives a group in Redis."""
    return f"{settings.SENIM_REDIS_PREFIX}__group__{group}"


def count_channel_group_members(groups: Iterable[str]) -> dict[str, int]:
    """Return the number of processes in each group."""
    names = {name_redis_channel_of_group(group): group for group in groups}
    return {
        names[channel.decode()]: members
        for channel, members in get_redis_client_of_layer().pubsub_numsub(*names)
    }


def send_to_channel_groups(messages: Iterable[tuple[str, Message]]) -> None:
    """Send each group its message, all in one round trip, from a thread.

    The layer's own group_send runs in an event loop: a thread would wait for it once a message.
    """
    pipeline = get_redis_client_of_layer().pipeline(transaction=False)
    for group, message in messages:
        packed = get_channel_layer().serialize(encode_channel_message(message))
        pipeline.publish(name_redis_channel_of_group(group), packed)
    pipeline.execute()
