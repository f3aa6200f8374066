"""What a socket tells the script that it knows."""

import asyncio
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from django.test import SimpleTestCase

from workouts.sockets.catalogue import ExerciseLimits, catalogue
from workouts.sockets.reply_queue import ReplyQueue
from workouts.sockets.senim_v1 import DeviceConsumer
from workouts.tests.support.cast import gates


class KnownSeqTests(SimpleTestCase):
    async def test_those_on_their_way_count_as_known(self) -> None:
        """A failover between two calls must not settle a rep without those of the call before."""
        said: list[bytes] = []

        def submit(
            keys: Any, limits: Any, settle: Any, *, said: bytes, told: list[bytes] = said
        ) -> None:
            told.append(said)

        consumer = DeviceConsumer()
        consumer.user_id, consumer.device, consumer.device_keys, consumer.blocked = (
            "ann",
            "phone",
            {},
            [],
        )
        consumer.known_seq, consumer.asked_seq, consumer.clock_offset_ms, consumer.unsettled = (
            3,
            0,
            0,
            0,
        )
        consumer.quiet, consumer.replies = (
            asyncio.Event(),
            ReplyQueue(lambda message: asyncio.sleep(0)),
        )
        consumer.batcher = SimpleNamespace(submit=submit)
        with patch.dict(catalogue.by_slug, {"squat": ExerciseLimits("squat", True, gates())}):
            for seq in (4, 5, 9, 5):
                consumer.count_device_rep("squat", seq, None)
        assert [words.split()[1:4:2] for words in said] == [
            [b"4", b"3"],
            [b"5", b"4"],
            [b"9", b"5"],
            [b"5", b"3"],
        ]
