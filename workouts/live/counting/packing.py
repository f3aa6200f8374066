"""Calls of rep.lua on the wire (RESP). What reps have in common, most of it, is packed once."""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from workouts.live.keys import LiveKeys

ARGS_PER_REP, ARGS_PER_CALL = 3, 2


def pack_bulk_string(value: bytes) -> bytes:
    """Return a value as a RESP bulk string."""
    return b"$%d\r\n%b\r\n" % (len(value), value)


NO_STAMP = pack_bulk_string(b"")


class PackedGates(NamedTuple):
    """An exercise's limits, packed: still without a device's stamp, and with an empty one."""

    of_device: bytes
    of_plain: bytes

    def with_stamp(self, stamp: bytes) -> bytes:
        return self.of_device + pack_bulk_string(stamp)


def write_rep_limits(
    *,
    min_interval_ms: int,
    max_per_minute: int,
    max_per_session: int,
    typical_ms_low: int,
    typical_ms_high: int,
) -> bytes:
    """Return limits as rep.lua reads them.

    They are the smallest interval, a rep's share of a minute, reps in a session, and the fastest
    and the slowest typical rep.
    """
    # the share is rounded down, in the athlete's favour
    share_ms = 60_000 // max_per_minute
    return b"%d %d %d %d %d" % (
        min_interval_ms,
        share_ms,
        max_per_session,
        typical_ms_low,
        typical_ms_high,
    )


def pack_gates(**limits: int) -> PackedGates:
    """Pack limits, by the names of write_rep_limits()."""
    packed = pack_bulk_string(write_rep_limits(**limits))
    return PackedGates(packed, packed + NO_STAMP)


def pack_rep_stamp(
    device: str, seq: int, at_ms: int | None, known_seq: int, offset_ms: int | None = None
) -> bytes:
    """Return the stamp of a device's rep, for device.lua: `at_ms` is corrected by `offset_ms`.

    Every seq up to `known_seq` is settled, as far as the device's socket knows.
    """
    time = "-" if at_ms is None else at_ms
    offset = "" if offset_ms is None else f" {offset_ms}"
    return f"{device} {seq} {time} {known_seq}{offset}".encode()


class PackedRepKeys(NamedTuple):
    """The keys and the index member for one exercise on one socket, packed; the athlete's tag."""

    keys: bytes
    member: bytes
    tag: int
    size: int  # how many keys


def pack_rep_keys(keys: LiveKeys, memory: bytes | None = None) -> PackedRepKeys:
    """Pack the keys of an athlete and exercise; `memory` is the device's, None if plain."""
    names = [keys.mark, keys.session, keys.timeline, keys.refusals, keys.live_index]
    if memory is not None:
        names += [memory, keys.others, keys.times]
    return PackedRepKeys(
        b"".join(map(pack_bulk_string, names)), pack_bulk_string(keys.member), keys.tag, len(names)
    )


class PackedRep(Protocol):
    """What is sent of a rep."""

    keys: PackedRepKeys
    limits_and_stamp: bytes


class PackedCall(NamedTuple):
    """A script call's arguments, starting with the number of keys, and how many they are."""

    arguments: bytes
    size: int


def pack_rep_call(reps: Iterable[PackedRep], now_ms: bytes, new_id: bytes) -> PackedCall:
    """Pack reps into one call of rep.lua, each with its packed limits and stamp."""
    keys: list[bytes] = []
    size = 0
    args: list[bytes] = [pack_bulk_string(now_ms), pack_bulk_string(new_id)]
    for rep in reps:
        rep_keys = rep.keys
        keys.append(rep_keys.keys)
        size += rep_keys.size
        args += (rep_keys.member, rep.limits_and_stamp)
    arguments = b"%b%b%b" % (
        pack_bulk_string(b"%d" % size),
        b"".join(keys),
        b"".join(args),
    )
    return PackedCall(arguments, 1 + size + len(keys) * ARGS_PER_REP + ARGS_PER_CALL)


def pack_script_command(command: bytes, script: bytes, call: PackedCall) -> bytes:
    """Pack EVAL with the script's text, or EVALSHA with its SHA-1."""
    return b"*%d\r\n%b%b%b" % (
        call.size + 2,
        pack_bulk_string(command),
        pack_bulk_string(script),
        call.arguments,
    )
