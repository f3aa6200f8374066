"""Turns at reading: round robin, and a share of each turn of the event loop."""

import asyncio
import time

from django.test import SimpleTestCase

from senim.protocols.reading_turns import TURN_S, ReadingTurns


class Reader:
    """Has so many slices to read, and takes so long for each."""

    def __init__(self, name: str, slices: int, log: list[str], busy_s: float = 0.0) -> None:
        self.name = name
        self.slices = slices
        self.log = log
        self.busy_s = busy_s

    def read_slice(self) -> bool:
        until = time.monotonic() + self.busy_s
        while time.monotonic() < until:
            pass
        self.slices -= 1
        self.log.append(self.name)
        return self.slices > 0

    def cut(self) -> None:
        self.log.append(f"{self.name} is cut")


class BrokenReader(Reader):
    def read_slice(self) -> bool:
        raise RuntimeError("a bug")


async def until_idle(turns: ReadingTurns) -> None:
    while not turns.is_idle:
        await asyncio.sleep(0)


class ReadingTurnsTests(SimpleTestCase):
    async def test_readers_take_turns(self) -> None:
        turns, log = ReadingTurns(asyncio.get_running_loop()), list[str]()
        for name, slices in (("a", 4), ("b", 1), ("c", 2)):
            turns.join(Reader(name, slices, log))
        await until_idle(turns)
        assert "".join(log) == "abcacaa"

    async def test_others_run_between_two_slices_that_fill_a_turn(self) -> None:
        turns, log = ReadingTurns(asyncio.get_running_loop()), list[str]()
        turns.join(Reader("flood", 3, log, busy_s=2 * TURN_S))
        turns.join(Reader("flood", 3, log, busy_s=2 * TURN_S))
        while not turns.is_idle:
            log.append("honest")
            await asyncio.sleep(0)
        assert max(map(len, " ".join(log).split("honest"))) <= len(" flood ")
        assert log.count("flood") == 6

    async def test_a_reader_that_joins_later_gets_its_turn(self) -> None:
        turns, log = ReadingTurns(asyncio.get_running_loop()), list[str]()
        turns.join(Reader("a", 1, log))
        await until_idle(turns)
        turns.join(Reader("b", 1, log))
        await until_idle(turns)
        assert log == ["a", "b"]

    async def test_a_turn_that_fails_ends_that_reader_alone(self) -> None:
        loop, log = asyncio.get_running_loop(), list[str]()
        reported: list[str] = []
        loop.set_exception_handler(lambda _, context: reported.append(context["message"]))
        turns = ReadingTurns(loop)
        turns.join(BrokenReader("broken", 1, log))
        turns.join(Reader("a", 2, log))
        await until_idle(turns)
        assert log == ["broken is cut", "a", "a"]
        assert reported == ["a turn failed"]
