"""Calls of rep.lua on the wire (RESP). What a rep says again and again is packed once: that is the most of it."""

from collections.abc import Iterable
from typing import NamedTuple

from workouts.live.keys import LiveKeys

KEYS_A_REP, ARGS_A_REP, ARGS_A_CALL = 6, 3, 2


def bulk(value: bytes) -> bytes:
    """Return a value as RESP's bulk string."""
    return b"$%d\r\n%b\r\n" % (len(value), value)


NOTHING = bulk(b"")


class Gates(NamedTuple):
    """An exercise's limits, packed: before what a device says, and for a plain socket, which says nothing."""

    of_device: bytes
    of_plain: bytes


def pack_gates(*, min_interval_ms: int, max_per_minute: int, max_per_session: int) -> Gates:
    """Pack limits as rep.lua takes them: the smallest interval, a rep's share of the minute, and the most reps of a session."""
    # rounded down, in the athlete's favour
    limits = bulk(b"%d %d %d" % (min_interval_ms, 60_000 // max_per_minute, max_per_session))
    return Gates(limits, limits + NOTHING)


class RepKeys(NamedTuple):
    """Six keys and the index member, packed, of the reps of one exercise on one socket; and the athlete's hash tag."""

    keys: bytes
    member: bytes
    tag: int


def pack_keys(keys: LiveKeys, memory: bytes | None = None) -> RepKeys:
    """Pack the keys of an athlete and exercise; `memory` is the device's, None of a plain socket."""
    return RepKeys(
        b"".join(map(bulk, (*keys[:5], memory or keys.mark))), bulk(keys.member), keys.tag
    )


class PackedCall(NamedTuple):
    """The arguments of a script call, the number of keys first, and how many they are."""

    arguments: bytes
    size: int


def pack_call(reps: Iterable[tuple[RepKeys, bytes]], now_ms: bytes, new_id: bytes) -> PackedCall:
    """Pack reps, each with what its Gates and its device say, into one call of rep.lua."""
    keys: list[bytes] = []
    args: list[bytes] = [bulk(now_ms), bulk(new_id)]
    for names, said in reps:
        keys.append(names.keys)
        args += (names.member, said)
    number = len(keys)
    arguments = b"%b%b%b" % (bulk(b"%d" % (number * KEYS_A_REP)), b"".join(keys), b"".join(args))
    return PackedCall(arguments, 1 + number * (KEYS_A_REP + ARGS_A_REP) + ARGS_A_CALL)


def pack_command(command: bytes, script: bytes, call: PackedCall) -> bytes:
    """Pack EVAL with the script's text, or EVALSHA with its SHA-1."""
    return b"*%d\r\n%b%b%b" % (call.size + 2, bulk(command), bulk(script), call.arguments)
