"""Servers of a test class's own that may be killed, and reps to count meanwhile."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from django.test import SimpleTestCase

from workouts.live.counting.batching import RepBatcher
from workouts.live.counting.packing import pack_rep_keys
from workouts.tests.support.cast import gates
from workouts.tests.support.redis_servers import (
    FAILOVER_DEADLINE_S,
    Fleet,
    wait_until,
)
from workouts.tests.support.senders import SPACE

ANSWER_S = 2.3  # the deadline of 2 s, and what two busy cores add
WARM_UP_S = 0.7
CUT_OFF_S = 0.4


async def count_one(batcher: RepBatcher, user_id: str) -> Any:
    verdicts: list[Any] = []
    keys = pack_rep_keys(SPACE.live(user_id, "squat"))
    batcher.open_source(keys.tag).submit(keys, gates(1), verdicts.append)
    await batcher.settled()
    return verdicts[0]


async def wait_for(holds: Callable[[], bool]) -> None:
    await asyncio.to_thread(wait_until, holds, "a failover", deadline_s=FAILOVER_DEADLINE_S)


@pytest.mark.slow
class FailoverCase(SimpleTestCase):
    """Each class starts servers of its own, and each test leaves them whole."""

    fleet: Any

    @classmethod
    def make_fleet(cls) -> Fleet:
        raise NotImplementedError

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.fleet = cls.make_fleet()
        cls.addClassCleanup(cls.fleet.stop)
        cls.fleet.start()

    def tearDown(self) -> None:
        for node in self.fleet.nodes:
            if node.process is None:
                node.start()
        self.fleet.mend()

    def set_min_replicas(self, number: int) -> None:
        """Let masters refuse writes unless this many replicas follow.

        Replicas count if they answered within the last 2 s.
        """
        for node in self.fleet.nodes:
            node.client.config_set("min-replicas-to-write", number)
            node.client.config_set("min-replicas-max-lag", 2)
