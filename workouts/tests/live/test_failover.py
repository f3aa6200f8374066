"""Reps under load while a master of a cluster is killed, hangs or is cut off."""

import asyncio
import time

import pytest

from workouts.live.clients import REDIS_AWAY, connect_to_redis
from workouts.live.counting.batching import RepBatcher
from workouts.live.counting.verdicts import COUNTED
from workouts.live.store import LiveStore
from workouts.tests.support.cast import new_athlete
from workouts.tests.support.failovers import (
    ANSWER_S,
    CUT_OFF_S,
    WARM_UP_S,
    FailoverCase,
    count_one,
    wait_for,
)
from workouts.tests.support.redis_servers import (
    Cluster,
    Node,
)
from workouts.tests.support.senders import SPACE, Crowd, Sender


@pytest.mark.timeout(150)
class ClusterFailoverTests(FailoverCase):
    @classmethod
    def make_fleet(cls) -> Cluster:
        return Cluster()

    def split(self, crowd: Crowd, victim: Node) -> tuple[list[Sender], list[Sender]]:
        """Return the senders whose state is on the node, and the others."""
        owners = {
            sender.user_id: self.fleet.owner_of(SPACE.live(sender.user_id, "squat").mark)
            for sender in crowd.senders
        }
        hit = [sender for sender in crowd.senders if owners[sender.user_id] is victim]
        return hit, [sender for sender in crowd.senders if owners[sender.user_id] is not victim]

    def find_replica(self, master: Node) -> Node:
        return next(
            node
            for node in self.fleet.nodes
            if node.replication().get("master_port") == master.port
        )

    async def cut_off(self, master: Node, replica: Node) -> None:
        """Let the master go on for a while with its replica cut off.

        The replica hangs meanwhile, since it would reconnect at once.
        """
        replica.hang()
        master.client.client_kill_filter(_type="replica")
        await asyncio.sleep(CUT_OFF_S)

    def test_it_goes_on_when_a_master_is_killed(self) -> None:
        idle_id = new_athlete()

        async def happen(crowd: Crowd) -> None:
            victim = self.fleet.owner_of(SPACE.live(idle_id, "squat").mark)
            idle = RepBatcher(crowd.url)
            assert (await count_one(idle, idle_id))[0] == COUNTED
            hit, others = await asyncio.to_thread(self.split, crowd, victim)
            await asyncio.sleep(WARM_UP_S)
            victim.kill()
            killed_at = time.monotonic()
            for _ in range(5):  # before another server takes over
                await crowd.answered_after(time.monotonic(), others, 1)
            back_s = await crowd.answered_after(killed_at, hit)
            # an athlete who sent nothing meanwhile notices nothing
            assert (await count_one(idle, idle_id))[1] == 2
            await idle.close()
            assert sum(sender.unanswered for sender in others) == 0
            worst_s = max(sender.longest_wait_s for sender in others)
            crowd.tell(
                "cluster, killed",
                hit=len(hit),
                back_s=f"{back_s:.1f}",
                others_longest_s=f"{worst_s:.2f}",
            )
            assert worst_s < 1

        crowd = Crowd(self.fleet.url)
        crowd.play(happen)
        assert crowd.longest_wait_s() < ANSWER_S

    def test_it_goes_on_when_a_master_hangs(self) -> None:
        async def happen(crowd: Crowd) -> None:
            victim = self.fleet.masters()[0]
            hit, others = await asyncio.to_thread(self.split, crowd, victim)
            await asyncio.sleep(WARM_UP_S)
            victim.hang()
            hung_at = time.monotonic()
            try:
                back_s = await crowd.answered_after(hung_at + 2, hit) + 2
            finally:
                victim.wake()
            await asyncio.sleep(WARM_UP_S)  # it wakes as a master, and is corrected
            assert sum(sender.unanswered for sender in others) == 0
            worst_s = max(sender.longest_wait_s for sender in others)
            crowd.tell(
                "cluster, hung",
                hit=len(hit),
                back_s=f"{back_s:.1f}",
                others_longest_s=f"{worst_s:.2f}",
            )
            assert worst_s < 1

        crowd = Crowd(self.fleet.url)
        crowd.play(happen)
        assert crowd.longest_wait_s() < ANSWER_S

    def test_it_counts_reps_once_that_were_acknowledged_and_lost(self) -> None:
        async def happen(crowd: Crowd) -> None:
            victim = self.fleet.masters()[0]
            replica = self.find_replica(victim)
            hit, _ = await asyncio.to_thread(self.split, crowd, victim)
            await asyncio.sleep(WARM_UP_S)
            await self.cut_off(victim, replica)
            victim.kill()
            replica.wake()
            await crowd.answered_after(time.monotonic(), hit)

        crowd = Crowd(self.fleet.url)
        crowd.play(happen)
        crowd.tell("cluster, cut off from its replica, then killed")
        assert crowd.lost() > 0
        assert all(sender.forgotten or not sender.lost for sender in crowd.senders)
        assert crowd.longest_wait_s() < ANSWER_S

    def test_it_loses_nothing_if_a_replica_is_told_to_take_over(self) -> None:
        async def happen(crowd: Crowd) -> None:
            master = self.fleet.masters()[0]
            replica = self.find_replica(master)
            await asyncio.sleep(WARM_UP_S)
            replica.client.execute_command("CLUSTER FAILOVER")
            await wait_for(replica.is_master)
            await asyncio.sleep(WARM_UP_S)

        crowd = Crowd(self.fleet.url)
        crowd.play(happen)
        crowd.tell("cluster, handed over")
        assert crowd.lost() == 0
        assert crowd.longest_wait_s() < ANSWER_S

    def test_with_min_replicas_it_acknowledges_next_to_nothing_that_no_replica_gets(self) -> None:
        self.set_min_replicas(1)
        self.addCleanup(self.set_min_replicas, 0)

        async def happen(crowd: Crowd) -> None:
            victim = self.fleet.masters()[0]
            replica = self.find_replica(victim)
            hit, _ = await asyncio.to_thread(self.split, crowd, victim)
            await asyncio.sleep(WARM_UP_S)
            await self.cut_off(victim, replica)
            victim.kill()
            replica.wake()
            killed_at = time.monotonic()
            await wait_for(replica.is_master)
            victim.start()  # the new master needs a replica
            await crowd.answered_after(killed_at + 1, hit)

        crowd = Crowd(self.fleet.url)
        crowd.play(happen)
        crowd.tell("cluster, the same with min-replicas-to-write 1")
        # reps acknowledged in the very turn of the server's loop that dropped the replica
        assert all(sender.lost <= 1 for sender in crowd.senders)

    def test_it_lists_sealed_sessions_on_the_masters_that_answer(self) -> None:
        store = self.connect_new()
        athletes = [new_athlete() for _ in range(30)]

        async def train_all() -> None:
            batcher = RepBatcher(self.fleet.url)
            for athlete in athletes:
                await count_one(batcher, athlete)
            await batcher.close()

        asyncio.run(train_all())
        sealed = {store.seal(athlete, "squat")[0]: athlete for athlete in athletes}
        victim = self.fleet.owner_of(SPACE.live(athletes[0], "squat").mark)
        reachable = {
            one
            for one, athlete in sealed.items()
            if self.fleet.owner_of(SPACE.live(athlete, "squat").mark) is not victim
        }
        victim.kill()
        seen = set()
        with pytest.raises(REDIS_AWAY):  # noqa: PT012
            for name in store.sealed_sessions():
                seen.add(name.session_id)
        assert reachable <= seen
        # as a process that was there before, and as one that starts now
        for asked in (store, self.connect_new()):
            asked.ping()
            assert (
                "a master of the Redis Cluster does not answer: its settings are unknown"
                in asked.durability_gaps()
            )

    def connect_new(self) -> LiveStore:
        store = LiveStore(connect_to_redis(self.fleet.url), SPACE.prefix)
        self.addCleanup(store.client.close)
        return store
