"""Which athletes a wall watches."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WatchedAthletes:
    """The athletes a wall watches; `user_ids` is None for everyone, known yet or not."""

    user_ids: frozenset[str] | None

    def includes(self, user_id: str) -> bool:
        """Return whether the athlete is watched."""
        return self.user_ids is None or user_id in self.user_ids


EVERYONE = WatchedAthletes(None)
NO_ONE = WatchedAthletes(frozenset())


def join_watched_athletes(parts: Iterable[WatchedAthletes]) -> WatchedAthletes:
    """Return all athletes that at least one part includes."""
    user_ids: set[str] = set()
    for part in parts:
        if part.user_ids is None:
            return EVERYONE
        user_ids |= part.user_ids
    return WatchedAthletes(frozenset(user_ids))
