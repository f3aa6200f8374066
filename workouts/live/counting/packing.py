"""Calls of rep.lua on the wire (RESP). What reps have in common, most of it, is packed once."""

from collections.abc import Iterable
from typing import NamedTuple

from workouts.live.keys import LiveKeys

KEYS_PER_REP, ARGS_PER_REP, ARGS_PER_CALL = 6, 3, 2


def bulk(value: bytes) -> bytes:
    """Return a value as a RESP bulk string."""
    return b"$%d\r\n%b\r\n" % (len(value), value)


NO_STAMP = bulk(b"")


class Gates(NamedTuple):
    """An exercise's limits, packed: still without a device's stamp, and with an empty one."""

    of_device: bytes
    of_plain: bytes


def pack_gates(*, min_interval_ms: int, max_per_minute: int, max_per_session: int) -> Gates:
    """Pack limits as rep.lua reads them: interval, share of a minute, reps in a session."""
    # the share is rounded down, in the athlete's favour
    limits = bulk(b"%d %d %d" % (min_interval_ms, 60_000 // max_per_minute, max_per_session))
    return Gates(limits, limits + NO_STAMP)


def format_stamp(
    device: str, seq: int, at_ms: int | None, known_seq: int, offset_ms: int | None = None
) -> bytes:
    """Return the stamp of a device's rep, for device.lua: `at_ms` is corrected by `offset_ms`.

    Every seq up to `known_seq` is settled, as far as the device's socket knows.
    """
    time = "-" if at_ms is None else at_ms
    offset = "" if offset_ms is None else f" {offset_ms}"
    return f"{device} {seq} {time} {known_seq}{offset}".encode()


class RepKeys(NamedTuple):
    """The keys and the index member for one exercise on one socket, packed; the athlete's tag."""

    keys: bytes
    member: bytes
    tag: int


def pack_keys(keys: LiveKeys, memory: bytes | None = None) -> RepKeys:
    """Pack the keys of an athlete and exercise; `memory` is the device's, None if plain."""
    return RepKeys(
        b"".join(map(bulk, (*keys[:5], memory or keys.mark))), bulk(keys.member), keys.tag
    )


class PackedCall(NamedTuple):
    """A script call's arguments, starting with the number of keys, and how many they are."""

    arguments: bytes
    size: int


def pack_call(reps: Iterable[tuple[RepKeys, bytes]], now_ms: bytes, new_id: bytes) -> PackedCall:
    """Pack reps into one call of rep.lua, each with its packed limits and stamp."""
    keys: list[bytes] = []
    args: list[bytes] = [bulk(now_ms), bulk(new_id)]
    for rep_keys, limits_and_stamp in reps:
        keys.append(rep_keys.keys)
        args += (rep_keys.member, limits_and_stamp)
    number = len(keys)
    arguments = b"%b%b%b" % (bulk(b"%d" % (number * KEYS_PER_REP)), b"".join(keys), b"".join(args))
    return PackedCall(arguments, 1 + number * (KEYS_PER_REP + ARGS_PER_REP) + ARGS_PER_CALL)


def pack_command(command: bytes, script: bytes, call: PackedCall) -> bytes:
    """Pack EVAL with the script's text, or EVALSHA with its SHA-1."""
    return b"*%d\r\n%b%b%b" % (call.size + 2, bulk(command), bulk(script), call.arguments)
