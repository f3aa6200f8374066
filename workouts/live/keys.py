"""Names of the Redis keys. All keys of an athlete, and the indexes they stand in, share one of 256 hash tags."""

import zlib
from typing import NamedTuple

from redis.crc import key_slot

TAGS = 256  # fixed for good: another number would look for the athletes' state elsewhere


class LiveKeys(NamedTuple):
    """The keys of one athlete and exercise, those of rep.lua first; `member` is how the indexes name the pair."""

    mark: bytes
    session: bytes
    timeline: bytes
    refusals: bytes
    live_index: bytes
    sealed_index: bytes
    waiting: bytes
    sealed_prefix: bytes
    member: bytes
    tag: int


class SealedKeys(NamedTuple):
    """The keys of one sealed session."""

    session: bytes
    timeline: bytes
    refusals: bytes


def tag_of(user_id: str) -> int:
    """Return the number of the athlete's hash tag."""
    return zlib.crc32(user_id.encode()) % TAGS


def slot_of(tag: int) -> int:
    """Return the slot of a cluster in which all keys of a hash tag are."""
    return key_slot(f"{{{tag:02x}}}".encode())


class KeySpace:
    """Every key of one deployment, under its prefix."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    def live_index(self, tag: int) -> bytes:
        return self._key(tag, "live")

    def sealed_index(self, tag: int) -> bytes:
        return self._key(tag, "sealed")

    def parked(self, tag: int) -> bytes:
        return self._key(tag, "parked")

    def live(self, user_id: str, exercise_type: str) -> LiveKeys:
        # the exercise goes first: it has no colon, a user_id may
        member = f"{exercise_type}:{user_id}"
        tag = tag_of(user_id)
        return LiveKeys(
            mark=self._key(tag, f"gate:{member}"),
            session=self._key(tag, f"session:{member}"),
            timeline=self._key(tag, f"timeline:{member}"),
            refusals=self._key(tag, f"refused:{member}"),
            live_index=self.live_index(tag),
            sealed_index=self.sealed_index(tag),
            waiting=self._key(tag, f"waiting:{member}"),
            sealed_prefix=self._key(tag, "sealed:"),
            member=member.encode(),
            tag=tag,
        )

    def sealed(self, keys: LiveKeys, session_id: str) -> SealedKeys:
        session = keys.sealed_prefix + session_id.encode()
        return SealedKeys(session, session + b":timeline", session + b":refused")

    def device(self, user_id: str, device: str) -> bytes:
        """The memory of a device: the highest seq settled and its last time, for every exercise and session."""
        # the device goes first: it has no colon, a user_id may
        return self._key(tag_of(user_id), f"device:{device}:{user_id}")

    def progress(self, owner: str, token: str) -> bytes:
        """How far an export is; `token` has no colon."""
        return self._key(tag_of(owner), f"progress:{token}:{owner}")

    def _key(self, tag: int, rest: str) -> bytes:
        return f"{self.prefix}:{{{tag:02x}}}:{rest}".encode()
