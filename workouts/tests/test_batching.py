"""The hot path when its server goes away, and on a cluster."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from asgiref.sync import async_to_sync
from django.test import SimpleTestCase

from workouts.live.batching import COUNTED, RepBatcher
from workouts.live.clients import connect
from workouts.live.keys import KeySpace
from workouts.live.store import LiveStore, SessionName
from workouts.tests.cast import Verdict, new_athlete
from workouts.tests.servers import ValkeyServer
from workouts.tests.service import free_port, fresh_folder

SPACE = KeySpace("test")


async def count_one(batcher: RepBatcher, user_id: str, *, interval_ms: int = 1) -> Verdict | None:
    verdicts: list[tuple[int, int, int] | None] = []
    batcher.submit(SPACE.live(user_id, "squat"), interval_ms, verdicts.append)
    await batcher.settled()
    return verdicts[0] and Verdict._make(verdicts[0])


class OwnServerTests(SimpleTestCase):
    """Each test has a server that it may kill."""

    options: list[str] = []

    def setUp(self) -> None:
        folder = fresh_folder()
        self.socket = folder / "valkey.sock"
        self.server = ValkeyServer(folder, self.socket, self.options)
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
            # after a kill the first call may still find the old connection: never a wrong count, at worst none
            assert [verdict.count for verdict in counts if verdict] == sorted(verdict.count for verdict in counts if verdict)
            final = await count_one(batcher, self.athlete)
            assert final is not None
            assert final.count >= 4

        self.run_with_batcher(play)

    def test_it_survives_a_restart_while_it_is_idle(self) -> None:
        async def play(batcher: RepBatcher) -> None:
            assert await count_one(batcher, self.athlete) == Verdict(COUNTED, 1, 0)
            await asyncio.to_thread(self.server.stop)
            await asyncio.to_thread(self.server.start)
            batcher._calls._used_at = 0.0  # type: ignore[union-attr]  # as after half a second
            assert await count_one(batcher, self.athlete) == Verdict(COUNTED, 2, 0)

        self.run_with_batcher(play)

    def test_it_gives_no_verdict_where_the_server_is_away(self) -> None:
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
            connect(f"unix://{self.socket}").execute_command("CLIENT", "PAUSE", "2500", "ALL")
            for _ in range(3):
                batcher.submit(SPACE.live(self.athlete, "squat"), 1, verdicts.append)
                await asyncio.sleep(0.1)
            await batcher.settled()
            assert verdicts == [None, None, None]
            assert time.monotonic() - waits < 2.3

        self.run_with_batcher(play)

    def test_it_takes_no_late_answer_for_the_next_ones(self) -> None:
        async def play(batcher: RepBatcher) -> None:
            other = new_athlete()
            await count_one(batcher, other)
            connect(f"unix://{self.socket}").execute_command("CLIENT", "PAUSE", "2000", "ALL")
            assert await count_one(batcher, other) is None
            verdict = await count_one(batcher, self.athlete)
            while verdict is None:
                verdict = await count_one(batcher, self.athlete)
            assert verdict.count == 1

        self.run_with_batcher(play)

    def test_it_counts_a_thousand_at_once_in_their_order(self) -> None:
        async def play(batcher: RepBatcher) -> None:
            verdicts: list[tuple[int, int, int] | None] = []
            for _ in range(1000):
                batcher.submit(SPACE.live(self.athlete, "squat"), 1, verdicts.append)
            await batcher.settled()
            counts = [verdict[1] for verdict in verdicts if verdict]
            assert len(counts) == 1000
            assert counts == sorted(counts)

        self.run_with_batcher(play)


class ClusterTests(SimpleTestCase):
    """One server in cluster mode refuses what touches keys of two slots, as a large cluster does."""

    def setUp(self) -> None:
        port = free_port()
        folder = fresh_folder()
        server = ValkeyServer(folder, folder / "valkey.sock", cluster_options(port, folder))
        server.start()
        self.addCleanup(server.stop)
        direct = connect(f"unix://{folder / 'valkey.sock'}")
        direct.execute_command("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
        deadline = time.monotonic() + 20
        while b"cluster_state:ok" not in bytes(direct.execute_command("CLUSTER", "INFO")) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.url = f"redis+cluster://127.0.0.1:{port}"

    def test_it_counts_seals_reads_and_clears(self) -> None:
        athletes = [new_athlete() for _ in range(40)]

        async def count_all() -> list[tuple[int, int, int] | None]:
            batcher = RepBatcher(self.url)
            verdicts: list[tuple[int, int, int] | None] = []
            for athlete in athletes:
                batcher.submit(SPACE.live(athlete, "squat"), 1, verdicts.append)
            await batcher.close()
            return verdicts

        assert async_to_sync(count_all)() == [Verdict(COUNTED, 1, 0)] * 40
        store = LiveStore(connect(self.url), "test")
        self.addCleanup(store.client.close)
        for athlete in athletes:
            (session_id,) = store.seal(athlete, "squat")
            name = SessionName(athlete, "squat", session_id)
            sealed = store.read(name)
            assert sealed is not None
            assert len(sealed.reps) == 1
            store.clear(name)
        assert list(store.sealed_sessions()) == []


def cluster_options(port: int, folder: Path) -> list[str]:
    return ["--port", str(port), "--bind", "127.0.0.1", "--cluster-enabled", "yes", "--cluster-config-file", str(folder / "nodes.conf")]
