"""How far a live session is in its sets, from its times and as the walls of a process read it."""

import asyncio
from itertools import accumulate, pairwise
from statistics import median

import pytest
from asgiref.sync import async_to_sync
from django.test import SimpleTestCase, override_settings
from hypothesis import given
from hypothesis import strategies as st

from workouts.clock import now_ms
from workouts.fairness.sets import find_sets
from workouts.live.runtime import get_live_store, get_redis_key_space
from workouts.live.sessions import LiveTail, SessionName, Training
from workouts.tests.support.backends import forget_store
from workouts.tests.support.cast import count_reps_async, new_athlete, seal
from workouts.tests.support.redis_servers import Node, wait_until
from workouts.tests.support.run import fresh_folder
from workouts.wall.set_progress import (
    NO_TIMELINE,
    SetProgress,
    SetProgressReader,
    find_set_progress,
)

times_of_sets = (
    st.lists(st.one_of(st.integers(450, 4000), st.integers(20_000, 90_000)), max_size=60)
    .map(lambda intervals: list(accumulate(intervals, initial=0)))
    .flatmap(st.permutations)
)
TWO_SETS = [0, 2000, 4000, 6000, 66_000, 67_000, 68_500]


class SetProgressTests(SimpleTestCase):
    def test_it_counts_the_reps_since_the_last_rest(self) -> None:
        assert find_set_progress(TWO_SETS) == SetProgress(2, 3, 1250)

    def test_a_single_rep_has_no_interval(self) -> None:
        assert find_set_progress([0]) == SetProgress(1, 1, None)
        assert find_set_progress([*TWO_SETS[:4], 66_000]) == SetProgress(2, 1, None)

    def test_the_tempo_is_that_of_the_last_five_reps(self) -> None:
        times = accumulate([0, 4000, 4000, 4000, 4000, 2000, 2000, 2200, 2200])
        assert find_set_progress(times) == SetProgress(1, 9, 2100)

    @given(times_of_sets, st.lists(st.integers(1, 20), max_size=60))
    def test_read_in_any_parts_it_is_what_the_whole_timeline_says(
        self, times_ms: list[int], sizes: list[int]
    ) -> None:
        timeline, read = NO_TIMELINE, 0
        for size in [*sizes, len(times_ms)]:
            timeline = timeline.extend(LiveTail("id", times_ms[read : read + size]), 0)
            read += size
        *earlier, current = find_sets(times_ms)
        last = current.times_ms[-5:]
        intervals = [later - before for before, later in pairwise(last)]
        assert timeline.progress == SetProgress(
            len(earlier) + 1,
            len(current.times_ms),
            round(median(intervals)) if intervals else None,
        )


@pytest.mark.slow
class SetProgressReaderTests(SimpleTestCase):
    """On a Redis of its own, which can be hung, killed and asked how often it was read."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.node = Node(fresh_folder())
        cls.node.start()
        cls.addClassCleanup(cls.node.kill)
        cls.addClassCleanup(cls.node.client.close)
        wait_until(cls.node.answers, "the server to answer")
        forget_store()
        cls.enterClassContext(override_settings(REDIS_URL=f"redis://{cls.node.address}/0"))
        cls.addClassCleanup(forget_store)

    def setUp(self) -> None:
        self.athlete = new_athlete()
        self.name = SessionName(self.athlete, "squat")
        self.reps = 0

    async def train(self, *times_ms: int) -> Training:
        """Count reps, and return what a wall hears of it."""
        await count_reps_async(self.athlete, [1_763_839_190_000 + time for time in times_ms])
        self.reps += len(times_ms)
        return Training(self.athlete, "squat", self.reps, now_ms())

    def finish(self) -> None:
        seal(self.athlete)
        get_live_store().client.delete(get_redis_key_space().live(self.athlete, "squat").mark)
        self.reps = 0

    def count_calls(self) -> int:
        stats = self.node.client.info("commandstats")
        return int(stats.get("cmdstat_lrange", {}).get("calls", 0))

    @async_to_sync
    async def test_it_follows_a_session_rep_by_rep(self) -> None:
        reader = SetProgressReader()
        for number, time in enumerate(TWO_SETS, 1):
            found = await reader.read([await self.train(time)])
            assert found == {self.name: find_set_progress(TWO_SETS[:number])}

    @async_to_sync
    async def test_ten_walls_take_one_read(self) -> None:
        reader, training = SetProgressReader(), await self.train(*TWO_SETS)
        before = self.count_calls()
        found = await asyncio.gather(*(reader.read([training]) for _ in range(10)))
        assert found == [{self.name: SetProgress(2, 3, 1250)}] * 10
        assert self.count_calls() == before + 1

    @async_to_sync
    async def test_a_session_that_began_anew_is_not_mixed_with_the_old_one(self) -> None:
        reader = SetProgressReader()
        await reader.read([await self.train(*TWO_SETS)])
        await asyncio.to_thread(self.finish)
        again = await self.train(0, 3000)
        assert await reader.read([again]) == {self.name: SetProgress(1, 2, 3000)}

    @async_to_sync
    async def test_a_finished_session_has_no_progress(self) -> None:
        reader = SetProgressReader()
        training = await self.train(*TWO_SETS)
        await reader.read([training])
        await asyncio.to_thread(self.finish)
        assert await reader.read([training._replace(last_rep_ms=now_ms() + 60_000)]) == {}

    @async_to_sync
    async def test_it_forgets_the_sessions_that_nobody_watches(self) -> None:
        reader, training = SetProgressReader(), await self.train(*TWO_SETS)
        await reader.read([training])
        before = self.count_calls()
        reader.keep_only({self.name})
        await reader.read([training])
        assert self.count_calls() == before
        reader.keep_only(())
        await reader.read([training])
        assert self.count_calls() == before + 1

    @async_to_sync
    async def test_while_redis_hangs_it_knows_what_it_had_read_and_afterwards_the_rest(
        self,
    ) -> None:
        reader, known = SetProgressReader(), await self.train(0, 2000)
        await reader.read([known])
        newer = await self.train(4000)
        self.node.hang()
        try:
            assert await reader.read([newer]) == {}
            assert await reader.read([known]) == {self.name: SetProgress(1, 2, 2000)}
        finally:
            self.node.wake()
        async with asyncio.timeout(60):
            while not (found := await reader.read([newer])):
                pass
        assert found == {self.name: SetProgress(1, 3, 2000)}

    @async_to_sync
    async def test_a_damaged_timeline_is_left_out(self) -> None:
        training = await self.train(0, 2000)
        key = get_redis_key_space().live(self.athlete, "squat").timeline
        await asyncio.to_thread(get_live_store().client.rpush, key, "junk")
        assert await SetProgressReader().read([training]) == {}
