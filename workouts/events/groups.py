"""The channel layer's groups: their names, and how many processes are in them."""

import hashlib
from collections.abc import Iterable

from django.conf import settings

from workouts.live.runtime import get_redis_client_of_layer

WALLS = "walls"  # the processes with open walls
REPORTERS = "reporters"  # the processes with phones


def channel_group_of_athlete(user_id: str) -> str:
    """Return the group of an athlete's sockets.

    It is hashed because a user_id may have characters that a group name may not.
    """
    return f"athlete.{hashlib.sha256(user_id.encode()).hexdigest()[:32]}"


def count_channel_group_members(groups: Iterable[str]) -> dict[str, int]:
    """Return the number of processes in each group."""
    names = {f"{settings.SENIM_REDIS_PREFIX}__group__{group}": group for group in groups}
    return {
        names[channel.decode()]: members
        for channel, members in get_redis_client_of_layer().pubsub_numsub(*names)
    }
