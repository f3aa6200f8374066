"""The bytes on the wire are those that redis-py would send."""

import hiredis
from django.test import SimpleTestCase

from workouts.live.counting.packing import bulk, pack_call, pack_command, pack_keys
from workouts.live.keys import KeySpace
from workouts.tests.support.cast import gates

SPACE = KeySpace("p")


class PackingTests(SimpleTestCase):
    def test_it_packs_a_call_of_plain_and_device_reps(self) -> None:
        ann, ben = SPACE.live("ann", "squat"), SPACE.live("ben", "push_up")
        memory = SPACE.device("ben", "phone")
        said = b"phone 7 1763839190000 6 0"
        limits = gates(250)
        reps = [
            (pack_keys(ann), limits.of_plain),
            (pack_keys(ben, memory), limits.of_device + bulk(said)),
        ]
        packed = pack_command(b"EVALSHA", b"ab12", pack_call(reps, b"", b"some-id"))
        reader = hiredis.Reader()
        reader.feed(packed)
        command = reader.gets()
        limit = command[18]
        assert bulk(limit) == limits.of_device
        keys = [*ann[:5], ann.mark, *ben[:5], memory]
        args = [b"", b"some-id", ann.member, limit, b"", ben.member, limit, said]
        assert command == [b"EVALSHA", b"ab12", b"12", *keys, *args]

    def test_it_counts_bytes_not_characters(self) -> None:
        assert bulk("ә".encode()) == b"$2\r\n\xd3\x99\r\n"
