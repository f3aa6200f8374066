"""The service's memory: what a crowd of sockets took goes back to the system."""

import asyncio
import platform
import re
import time
from pathlib import Path

import pytest
from django.test import SimpleTestCase

from workouts.simulation.raw_socket import SimulatedRawSocket
from workouts.tests.support.service import Service, fresh_folder

CROWD = 800
AT_ONCE = 50
BACK_WITHIN_S = 240.0  # a collection that took long on a busy machine rests for long
POLL_S = 0.5


@pytest.mark.slow
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other allocators keep it")
class AllocatorTests(SimpleTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.service = Service(SENIM_DATA=str(fresh_folder())).start()
        cls.addClassCleanup(cls.service.stop)
        assert cls.service.process
        cls.pid = cls.service.process.pid

    def read_memory_mb(self) -> float:
        status = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found
        return int(found[1]) / 1024

    async def come_and_go(self, number: int) -> float:
        """Have a crowd connect, send nothing, and leave; return the memory with it (MB)."""
        crowd: list[SimulatedRawSocket] = []
        while len(crowd) < number:
            some = range(min(AT_ONCE, number - len(crowd)))
            crowd += await asyncio.gather(
                *(SimulatedRawSocket.connect(self.service.url) for _ in some)
            )
        with_crowd_mb = self.read_memory_mb()
        for socket in crowd:
            socket.abort()
        return with_crowd_mb

    async def test_a_crowds_memory_goes_back_once_it_left(self) -> None:
        await self.come_and_go(1)  # what the first socket loads stays
        before_mb = self.read_memory_mb()
        grown_mb = await self.come_and_go(CROWD) - before_mb
        assert grown_mb > CROWD * 0.005
        assert await self.wait_for_memory(before_mb + grown_mb / 2)

    async def wait_for_memory(self, most_mb: float) -> bool:
        """Return whether the service's memory goes down to this within BACK_WITHIN_S."""
        deadline = time.monotonic() + BACK_WITHIN_S
        while time.monotonic() < deadline:
            if self.read_memory_mb() <= most_mb:
                return True
            await asyncio.sleep(POLL_S)
        return False

    def test_it_starts_itself_again_under_the_same_number(self) -> None:
        environment = Path(f"/proc/{self.pid}/environ").read_bytes().split(b"\0")
        assert b"PYTHONMALLOC=malloc" in environment

    def test_another_allocator_can_be_chosen(self) -> None:
        data = str(fresh_folder())
        service = Service(SENIM_DATA=data, PYTHONMALLOC="pymalloc").start()
        self.addCleanup(service.stop)
        assert service.process
        environment = Path(f"/proc/{service.process.pid}/environ").read_bytes().split(b"\0")
        assert b"PYTHONMALLOC=pymalloc" in environment
