"""Reps under load while a master that Sentinels watch is killed, hangs or is replaced."""

import asyncio
import time

import pytest

from workouts.live.clients import connect_to_redis
from workouts.live.counting.batching import RepBatcher
from workouts.live.counting.verdicts import COUNTED
from workouts.live.store import LiveStore
from workouts.tests.support.cast import new_athlete
from workouts.tests.support.failovers import (
    ANSWER_S,
    WARM_UP_S,
    FailoverCase,
    count_one,
    wait_for,
)
from workouts.tests.support.senders import SPACE, Crowd
from workouts.tests.support.sentinels import SERVICE, SentinelSet


@pytest.mark.timeout(150)
class SentinelFailoverTests(FailoverCase):
    @classmethod
    def make_fleet(cls) -> SentinelSet:
        return SentinelSet("--min-replicas-to-write", "1", "--min-replicas-max-lag", "2")

    def test_it_goes_on_when_the_master_is_killed(self) -> None:
        async def happen(crowd: Crowd) -> None:
            (master,) = self.fleet.masters()
            await asyncio.sleep(WARM_UP_S)
            master.kill()
            back_s = await crowd.answered_after(time.monotonic(), crowd.senders)
            crowd.tell("Sentinel, killed", back_s=f"{back_s:.1f}")

        crowd = Crowd(self.fleet.url)
        crowd.play(happen)
        assert crowd.lost() == 0
        assert crowd.longest_wait_s() < ANSWER_S

    def test_it_goes_on_when_the_master_hangs(self) -> None:
        async def happen(crowd: Crowd) -> None:
            (master,) = self.fleet.masters()
            await asyncio.sleep(WARM_UP_S)
            master.hang()
            hung_at = time.monotonic()
            try:
                back_s = await crowd.answered_after(hung_at + 1, crowd.senders) + 1
            finally:
                master.wake()
            await asyncio.sleep(WARM_UP_S)
            crowd.tell("Sentinel, hung", back_s=f"{back_s:.1f}")

        crowd = Crowd(self.fleet.url)
        crowd.play(happen)
        assert crowd.longest_wait_s() < ANSWER_S

    def test_it_goes_on_when_the_master_is_replaced_and_does_not_know_yet(self) -> None:
        async def happen(crowd: Crowd) -> None:
            await asyncio.sleep(WARM_UP_S)
            self.fleet.sentinels[0].client.execute_command("SENTINEL FAILOVER", SERVICE)
            # the old master learns it some seconds later; until then it lacks replicas for writes
            await wait_for(lambda: all(sender.unanswered for sender in crowd.senders))
            back_s = await crowd.answered_after(time.monotonic(), crowd.senders)
            crowd.tell("Sentinel, replaced", back_s=f"{back_s:.1f}")

        crowd = Crowd(self.fleet.url)
        crowd.play(happen)
        assert crowd.longest_wait_s() < ANSWER_S

    def test_it_looks_for_the_master_again_if_a_replica_refuses_its_write(self) -> None:
        (master,) = self.fleet.masters()
        athlete = new_athlete()

        async def play() -> None:
            batcher = RepBatcher(self.fleet.url)
            assert (await count_one(batcher, athlete))[0] == COUNTED
            connection = batcher._lanes[0]._calls._connection  # type: ignore[union-attr]
            replica = next(node for node in self.fleet.nodes if node.follows())
            connection.host, connection.port = "127.0.0.1", replica.port
            await connection.disconnect()
            assert await count_one(batcher, athlete) is None  # READONLY
            assert (await count_one(batcher, athlete))[1] == 2
            assert connection.port == master.port
            await batcher.close()

        asyncio.run(play())

    def test_it_finds_the_master_while_sentinels_hang(self) -> None:
        for sentinel in self.fleet.sentinels[:2]:
            sentinel.hang()
            self.addCleanup(sentinel.wake)

        store = LiveStore(connect_to_redis(self.fleet.url), SPACE.prefix)
        self.addCleanup(store.client.close)

        async def play() -> None:
            batcher = RepBatcher(self.fleet.url)
            began = time.monotonic()
            # right away: a Sentinel that was stopped for 2 s does nothing for half a minute
            verdict, _ = await asyncio.gather(
                count_one(batcher, new_athlete()), asyncio.to_thread(store.ping)
            )
            assert time.monotonic() - began < 1.6
            assert verdict[0] == COUNTED
            await batcher.close()

        asyncio.run(play())
        self.doCleanups()
