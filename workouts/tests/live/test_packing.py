"""The bytes on the wire are those that redis-py would send."""

import hiredis
from django.test import SimpleTestCase

from workouts.live.counting.packing import (
    pack_bulk_string,
    pack_rep_call,
    pack_rep_keys,
    pack_script_command,
)
from workouts.live.counting.settling import CallbackRep
from workouts.live.keys import RedisKeySpace
from workouts.tests.support.cast import gates

SPACE = RedisKeySpace("p")


class PackingTests(SimpleTestCase):
    def test_it_packs_a_call_of_plain_and_device_reps(self) -> None:
        ann, ben = SPACE.live("ann", "squat"), SPACE.live("ben", "push_up")
        memory = SPACE.device("ben", "phone")
        said = b"phone 7 1763839190000 6 0"
        limits = gates(250)
        reps = [
            CallbackRep(pack_rep_keys(ann), limits, print, b""),
            CallbackRep(pack_rep_keys(ben, memory), limits, print, said),
        ]
        packed = pack_script_command(b"EVALSHA", b"ab12", pack_rep_call(reps, b"", b"some-id"))
        reader = hiredis.Reader()
        reader.feed(packed)
        command = reader.gets()
        limit = command[19]
        assert pack_bulk_string(limit) == limits.of_device
        keys = [*ann[:5], *ben[:5], memory, ben.others, ben.times]
        args = [b"", b"some-id", ann.member, limit, b"", ben.member, limit, said]
        assert command == [b"EVALSHA", b"ab12", b"13", *keys, *args]

    def test_it_counts_bytes_not_characters(self) -> None:
        assert pack_bulk_string("ә".encode()) == b"$2\r\n\xd3\x99\r\n"
