"""Random and mutated frames: each message has one answer, and nobody else notices.

TEST_FUZZ_FRAMES makes it longer, and TEST_FUZZ_SEED repeats a run that failed.
"""

import asyncio
import os
import re
import time
from pathlib import Path

import pytest
from django.test import SimpleTestCase

from workouts.clock import now_ms
from workouts.simulation.raw_socket import SimulatedRawSocket, SocketClosed, build_simulated_text
from workouts.tests.support.cast import new_athlete
from workouts.tests.support.fuzz import Fuzzer
from workouts.tests.support.processes import running
from workouts.tests.support.service import Service, fresh_folder

FRAMES = int(os.environ.get("TEST_FUZZ_FRAMES") or 20_000)
SEED = os.environ.get("TEST_FUZZ_SEED") or str(time.time_ns() % 1_000_000)
REPEAT = f"repeat it with TEST_FUZZ_SEED={SEED}"
SOCKETS = 8
BATCHES_A_SOCKET = 100
MESSAGES_A_BATCH = 16  # the last is a good rep: 20 errors in a row would close the socket
GOOD_SHARE = 0.1
GOOD_TYPES, LAST_TYPE = ("push_up", "burpee", "lunge"), "pull_up"
GROWTH_MB = 32  # allocators keep some; a leak of 2 KB a frame in the short run is found


@pytest.mark.slow
@pytest.mark.timeout(1800)
class FuzzTests(SimpleTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.service = Service(SENIM_DATA=str(fresh_folder())).start()
        cls.addClassCleanup(cls.service.stop)

    async def test_each_message_has_one_answer_in_order_and_memory_stays(self) -> None:
        await self.send_frames(f"{SEED} first", FRAMES // 4)
        before_mb = self.read_memory_mb()
        await self.send_frames(SEED, FRAMES * 3 // 4)
        assert self.read_memory_mb() - before_mb < GROWTH_MB, REPEAT
        assert self.service.ask("GET", "/").status == 200
        async with await self.connect(new_athlete()) as socket:
            socket.send(build_simulated_text({"event": "rep_detected"}))
            assert (await socket.hear_answer())["status"] == "counted"

    async def send_frames(self, seed: str, frames: int) -> None:
        """Send this many frames over some sockets at once."""
        fuzzers = [Fuzzer(f"{seed} {number}") for number in range(SOCKETS)]
        async with asyncio.TaskGroup() as group:
            for fuzzer in fuzzers:
                group.create_task(self.fuzz(fuzzer, frames // SOCKETS))

    async def fuzz(self, fuzzer: Fuzzer, frames: int) -> None:
        while fuzzer.frames < frames:
            is_v1 = fuzzer.chance.random() < 0.5
            async with await self.connect(new_athlete(), "senim.v1" if is_v1 else "") as socket:
                if is_v1 and fuzzer.chance.random() < 0.5:
                    socket.send(
                        build_simulated_text({"event": "hello", "device": "d", "now": now_ms()})
                    )
                    assert (await socket.hear_answer())["event"] == "hello"
                for _ in range(BATCHES_A_SOCKET):
                    if fuzzer.frames < frames:
                        await self.ask_batch(fuzzer, socket)
                # an answer too many would come before this one
                socket.send(build_rep(LAST_TYPE))
                assert (await socket.hear_answer())["type"] == LAST_TYPE, REPEAT

    async def ask_batch(self, fuzzer: Fuzzer, socket: SimulatedRawSocket) -> None:
        """Send random messages with good reps among them, and check their answers."""
        good: dict[int, str] = {}
        sent: list[bytes] = []
        for number in range(MESSAGES_A_BATCH):
            if number == MESSAGES_A_BATCH - 1 or fuzzer.chance.random() < GOOD_SHARE:
                good[number] = fuzzer.chance.choice(GOOD_TYPES)
                sent.append(build_rep(good[number]))
            else:
                sent.append(fuzzer.make_frames(fuzzer.make_message()))
        socket.send(b"".join(sent))
        for number, frames in enumerate(sent):
            where = f"{frames[:200]!r}; {REPEAT}"
            try:
                answer = await socket.hear_answer()
            except (SocketClosed, TimeoutError) as error:
                raise AssertionError(f"{error!r} instead of an answer to {where}") from error
            if number in good:
                assert answer["event"] == "rep_ack", f"{answer} answers {where}"
                assert answer["type"] == good[number], f"{answer} answers {where}"

    async def connect(self, user_id: str, subprotocol: str = "") -> SimulatedRawSocket:
        path = f"/ws/workout?user_id={user_id}"
        return await SimulatedRawSocket.connect(self.service.url, path, subprotocol=subprotocol)

    def read_memory_mb(self) -> float:
        status = Path(f"/proc/{running(self.service).pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found
        return int(found[1]) / 1024


def build_rep(exercise: str) -> bytes:
    return build_simulated_text({"event": "rep_detected", "type": exercise})
