"""Names of the Redis keys.

An athlete's keys, and the indexes that list the athlete's sessions, share one of 256 hash tags: so
in a cluster they are all on one server, and a script can use them together.
"""

import zlib
from typing import NamedTuple

from redis.crc import key_slot

TAGS = 256  # never change it: existing state would be looked for under other tags
# kinds of keys whose names end with the user_id of their athlete, but for `devices` behind an
# exercise or a device
KINDS_BY_ATHLETE = frozenset(
    {"mark", "session", "timeline", "refused", "others", "times", "waiting", "device", "devices"}
)


class LiveKeys(NamedTuple):
    """An athlete's keys for one exercise, in rep.lua's order; `member` is the pair in indexes."""

    mark: bytes
    session: bytes
    timeline: bytes
    refusals: bytes
    live_index: bytes
    others: bytes
    times: bytes
    sealed_index: bytes
    waiting: bytes
    sealed_prefix: bytes
    member: bytes
    tag: int


class SealedKeys(NamedTuple):
    """A sealed session's keys."""

    session: bytes
    timeline: bytes
    refusals: bytes
    others: bytes


def hash_tag_of_user(user_id: str) -> int:
    """Return the number of an athlete's hash tag."""
    return zlib.crc32(user_id.encode()) % TAGS


def slot_of_hash_tag(tag: int) -> int:
    """Return the cluster slot that holds a hash tag's keys."""
    return key_slot(f"{{{tag:02x}}}".encode())


class RedisKeySpace:
    """Builds every key of one deployment; all begin with its prefix."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    def live_index(self, tag: int) -> bytes:
        return self._key(tag, "live")

    def sealed_index(self, tag: int) -> bytes:
        return self._key(tag, "sealed")

    def parked(self, tag: int) -> bytes:
        return self._key(tag, "parked")

    def live(self, user_id: str, exercise_type: str) -> LiveKeys:
        # the exercise comes first: it has no colon, while a user_id may
        member = f"{exercise_type}:{user_id}"
        tag = hash_tag_of_user(user_id)
        return LiveKeys(
            mark=self._key(tag, f"mark:{member}"),
            session=self._key(tag, f"session:{member}"),
            timeline=self._key(tag, f"timeline:{member}"),
            refusals=self._key(tag, f"refused:{member}"),
            live_index=self.live_index(tag),
            others=self._key(tag, f"others:{member}"),
            times=self._key(tag, f"times:{member}"),
            sealed_index=self.sealed_index(tag),
            waiting=self._key(tag, f"waiting:{member}"),
            sealed_prefix=self._key(tag, "sealed:"),
            member=member.encode(),
            tag=tag,
        )

    def sealed(self, keys: LiveKeys, session_id: str) -> SealedKeys:
        session = keys.sealed_prefix + session_id.encode()
        return SealedKeys(
            session, session + b":timeline", session + b":refused", session + b":others"
        )

    def device(self, user_id: str, device: str) -> bytes:
        """A device's memory: its last settled seq and rep time, across exercises and sessions."""
        # the device comes first: it has no colon, while a user_id may
        return self._key(hash_tag_of_user(user_id), f"device:{device}:{user_id}")

    def devices(self, user_id: str) -> bytes:
        """When each of the athlete's devices said hello last: greeting/devices.lua."""
        return self._key(hash_tag_of_user(user_id), f"devices:{user_id}")

    def belongs_to(self, key: bytes, user_id: str) -> bool:
        """Return whether a key of the athlete's tag is theirs by its name."""
        kind, _, rest = key.decode(errors="replace").partition("}:")[2].partition(":")
        owner = rest if kind == "devices" else rest.partition(":")[2]
        return kind in KINDS_BY_ATHLETE and owner == user_id

    def pattern_of_tag(self, tag: int) -> bytes:
        """Return the pattern, for SCAN, of all keys with this hash tag."""
        prefix = "".join(f"\\{letter}" if letter in "*?[]\\^" else letter for letter in self.prefix)
        return f"{prefix}:{{{tag:02x}}}:*".encode()

    def progress(self, owner: str, token: str) -> bytes:
        """How far an export has got; `token` has no colon."""
        return self._key(hash_tag_of_user(owner), f"progress:{token}:{owner}")

    def failed_tries(self, network: str) -> bytes:
        """How many codes of invitations an address got wrong within the minute."""
        return self._key(hash_tag_of_user(network), f"failed-tries:{network}")

    def start_of_tag(self, tag: int) -> bytes:
        """Return what all keys with this hash tag begin with."""
        return f"{self.prefix}:{{{tag:02x}}}:".encode()

    def _key(self, tag: int, rest: str) -> bytes:
        return self.start_of_tag(tag) + rest.encode()
