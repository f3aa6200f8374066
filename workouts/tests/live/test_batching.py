"""Batches of reps while the server goes away, and on a cluster."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest
from asgiref.sync import async_to_sync
from django.test import SimpleTestCase
from redis.crc import key_slot

from senim.embedded.valkey import EmbeddedValkey
from workouts.live.clients import connect_to_redis
from workouts.live.counting.batching import ANSWER_DEADLINE_S, RepBatcher
from workouts.live.counting.packing import PackedRepKeys, pack_rep_keys
from workouts.live.counting.verdicts import COUNTED
from workouts.live.keys import TAGS, RedisKeySpace, hash_tag_of_user
from workouts.tests.support.cast import Result, gates, new_athlete
from workouts.tests.support.redis_servers import shared_cluster
from workouts.tests.support.sentinels import shared_sentinels
from workouts.tests.support.service import free_port, fresh_folder

SPACE = RedisKeySpace("test")


def squat_keys(user_id: str) -> PackedRepKeys:
    return pack_rep_keys(SPACE.live(user_id, "squat"))


async def count_one(batcher: RepBatcher, user_id: str, *, interval_ms: int = 1) -> Result | None:
    await asyncio.sleep(0.002)  # two in a row are further apart than the default interval
    verdicts: list[tuple[int, int, int] | None] = []
    keys = squat_keys(user_id)
    batcher.open_source(keys.tag).submit(keys, gates(interval_ms), verdicts.append)
    await batcher.settled()
    return verdicts[0] and Result._make(verdicts[0])


@pytest.mark.slow
class OwnServerTests(SimpleTestCase):
    """Each test has its own server, which it may kill."""

    options: list[str] = []

    def setUp(self) -> None:
        folder = fresh_folder()
        self.socket = folder / "valkey.sock"
        self.server = EmbeddedValkey(folder, self.socket, self.options)
        self.server.start()
        self.addCleanup(self.server.stop)
        self.athlete = new_athlete()

    def run_with_batcher(self, play: Callable[[RepBatcher], Awaitable[None]]) -> None:
        async def run() -> None:
            batcher = RepBatcher(f"unix://{self.socket}")
            try:
                await play(batcher)
            finally:
                await batcher.close()

        async_to_sync(run)()

    def kill(self) -> None:
        assert self.server.process is not None
        self.server.process.kill()
        self.server.process.wait()

    def test_it_keeps_acknowledged_reps_over_a_kill(self) -> None:
        async def play(batcher: RepBatcher) -> None:
            counts = []
            for _ in range(3):
                await count_one(batcher, self.athlete)
                self.kill()
                await asyncio.to_thread(self.server.start)
                await asyncio.sleep(0.002)
                counts.append(await count_one(batcher, self.athlete))
            # after a kill the first call may still use the old connection: no count, never wrong
            assert [verdict.count for verdict in counts if verdict] == sorted(
                verdict.count for verdict in counts if verdict
            )
            final = await count_one(batcher, self.athlete)
            assert final is not None
            assert final.count >= 4

        self.run_with_batcher(play)

    def test_it_survives_a_restart_while_it_is_idle(self) -> None:
        async def play(batcher: RepBatcher) -> None:
            assert await count_one(batcher, self.athlete) == Result(COUNTED, 1, 0)
            await asyncio.to_thread(self.server.stop)
            await asyncio.to_thread(self.server.start)
            batcher._lanes[0]._calls._used_at = 0.0  # type: ignore[union-attr]  # as if half a second had passed
            assert await count_one(batcher, self.athlete) == Result(COUNTED, 2, 0)

        self.run_with_batcher(play)

    def test_it_gives_no_result_while_the_server_is_down(self) -> None:
        async def play(batcher: RepBatcher) -> None:
            await count_one(batcher, self.athlete)
            self.kill()
            assert await count_one(batcher, self.athlete) is None
            assert await count_one(batcher, self.athlete) is None

        self.run_with_batcher(play)

    def test_it_gives_up_within_two_seconds_on_a_server_that_hangs(self) -> None:
        async def play(batcher: RepBatcher) -> None:
            await count_one(batcher, self.athlete)
            verdicts: list[tuple[int, int, int] | None] = []
            waits = time.monotonic()
            connect_to_redis(f"unix://{self.socket}").execute_command(
                "CLIENT", "PAUSE", "2500", "ALL"
            )
            source = batcher.open_source(hash_tag_of_user(self.athlete))
            for _ in range(3):
                source.submit(squat_keys(self.athlete), gates(1), verdicts.append)
                await asyncio.sleep(0.1)
            await batcher.settled()
            assert verdicts == [None, None, None]
            assert time.monotonic() - waits < 2.3

        self.run_with_batcher(play)

    def test_a_call_takes_no_longer_than_its_oldest_rep_may_wait(self) -> None:
        async def play(batcher: RepBatcher) -> None:
            await count_one(batcher, self.athlete)
            verdicts: list[tuple[int, int, int] | None] = []
            batcher.open_source(hash_tag_of_user(self.athlete)).submit(
                squat_keys(self.athlete), gates(1), verdicts.append
            )
            time.sleep(ANSWER_DEADLINE_S / 2)  # noqa: ASYNC251 - it waits without being sent
            # Redis answers in time for a rep that is new now, and too late for this one
            pause_ms = int(ANSWER_DEADLINE_S * 750)
            connect_to_redis(f"unix://{self.socket}").execute_command(
                "CLIENT", "PAUSE", pause_ms, "ALL"
            )
            await batcher.settled()
            assert verdicts == [None]

        self.run_with_batcher(play)

    def test_it_does_not_take_a_late_answer_for_the_next_ones(self) -> None:
        async def play(batcher: RepBatcher) -> None:
            other = new_athlete()
            await count_one(batcher, other)
            connect_to_redis(f"unix://{self.socket}").execute_command(
                "CLIENT", "PAUSE", "2000", "ALL"
            )
            assert await count_one(batcher, other) is None
            verdict = await count_one(batcher, self.athlete)
            while verdict is None:
                verdict = await count_one(batcher, self.athlete)
            assert verdict.count == 1

        self.run_with_batcher(play)

    def test_it_counts_a_thousand_at_once_in_order(self) -> None:
        async def play(batcher: RepBatcher) -> None:
            verdicts: list[tuple[int, int, int] | None] = []
            source = batcher.open_source(hash_tag_of_user(self.athlete))
            for _ in range(1000):
                source.submit(squat_keys(self.athlete), gates(1), verdicts.append)
            await batcher.settled()
            counts = [verdict[1] for verdict in verdicts if verdict]
            assert len(counts) == 1000
            assert counts == sorted(counts)

        self.run_with_batcher(play)


@pytest.mark.slow
class ClusterTests(SimpleTestCase):
    """A cluster takes one call for each hash tag."""

    def setUp(self) -> None:
        # servers end with the thread that starts them: not the one of an async test
        self.cluster, self.sentinels = shared_cluster(), shared_sentinels()

    async def test_it_counts_for_all_tags_at_once(self) -> None:
        batcher = RepBatcher(self.cluster.url)
        verdicts: list[tuple[int, int, int] | None] = []
        athletes = {
            SPACE.live(athlete, "squat").tag: athlete
            for athlete in (new_athlete() for _ in range(4000))
        }
        assert len(athletes) == TAGS
        for count in (1, 2):
            verdicts.clear()
            for athlete in athletes.values():
                keys = squat_keys(athlete)
                batcher.open_source(keys.tag).submit(keys, gates(1), verdicts.append)
            await batcher.settled()
            assert verdicts == [Result(COUNTED, count, 0)] * TAGS
            await asyncio.sleep(0.01)
        await batcher.close()

    async def test_it_follows_a_tag_to_the_node_that_owns_it(self) -> None:
        batcher = RepBatcher(self.cluster.url)
        athlete = new_athlete()
        await count_one(batcher, athlete)
        topology = batcher._target.topology
        assert topology is not None
        topology._owners.reverse()
        topology._refreshed_at = time.monotonic()
        slot = key_slot(SPACE.live(athlete, "squat").mark)
        assert await count_one(batcher, athlete) == Result(COUNTED, 2, 0)
        assert (await topology.find_owner(slot))[1] == self.cluster.owner_of(
            SPACE.live(athlete, "squat").mark
        ).port
        await batcher.close()

    async def test_it_gives_no_result_if_no_node_answers(self) -> None:
        batcher = RepBatcher(f"redis+cluster://127.0.0.1:{free_port()}")
        assert await count_one(batcher, new_athlete()) is None
        assert await count_one(batcher, new_athlete()) is None
        await batcher.close()

    async def test_it_gives_no_result_if_the_server_is_not_a_cluster(self) -> None:
        node = self.sentinels.nodes[0]
        batcher = RepBatcher(f"redis+cluster://{node.address}")
        assert await count_one(batcher, new_athlete()) is None
        await batcher.close()
