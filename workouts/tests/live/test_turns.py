"""Turns in the batcher: a flood waits behind itself. Every call goes to a real Redis."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import groupby
from unittest.mock import patch

import pytest
from django.conf import settings
from django.test import SimpleTestCase

from workouts.live.counting import batching
from workouts.live.counting.batching import (
    ANSWER_DEADLINE_S,
    BACKLOG_DEADLINE_S,
    MAX_BACKLOG,
    MAX_BATCH,
    MAX_PENDING,
    MAX_REPS_A_TURN,
    RepBatcher,
)
from workouts.live.counting.packing import pack_rep_keys
from workouts.live.counting.verdicts import RepResult
from workouts.live.keys import RedisKeySpace
from workouts.tests.support.cast import gates, new_athlete

SPACE = RedisKeySpace("turns")
FLOOD = 250
SETTLED_S = 60.0


class Athlete:
    """An athlete's socket, as the batcher sees it.

    Results are noted in a common list: whose, and of which rep.
    """

    def __init__(self, batcher: RepBatcher, name: str, results: list[tuple[str, int]]) -> None:
        self.keys = pack_rep_keys(SPACE.live(new_athlete(), "squat"))
        self.name = name
        self.results = results
        self.source = batcher.open_source(self.keys.tag)
        self.sent = 0
        self.counts: list[int | None] = []
        self.on_result: Callable[[], object] = lambda: None

    def send(self, reps: int = 1) -> Awaitable[None] | None:
        turn = None
        for _ in range(reps):
            self.sent += 1
            turn = self.source.submit(self.keys, gates(1), partial(self.note, self.sent))
        return turn

    def note(self, number: int, result: RepResult | None) -> None:
        self.results.append((self.name, number))
        self.counts.append(None if result is None else result[1])
        self.on_result()

    def answered(self) -> list[int]:
        return [number for name, number in self.results if name == self.name]


class TurnCase(SimpleTestCase):
    def setUp(self) -> None:
        self.results: list[tuple[str, int]] = []

    @contextmanager
    def athletes(self, *names: str) -> Iterator[list[Athlete]]:
        self.batcher = RepBatcher(settings.REDIS_URL)
        self.everybody = [Athlete(self.batcher, name, self.results) for name in names]
        yield self.everybody

    async def settle(self) -> None:
        async with asyncio.timeout(SETTLED_S):
            await self.batcher.close()


class TurnTests(TurnCase):
    def setUp(self) -> None:
        super().setUp()
        # on a busy machine, the last of a flood would give up
        for name in ("ANSWER_DEADLINE_S", "BACKLOG_DEADLINE_S"):
            self.enterContext(patch.object(batching, name, SETTLED_S))

    async def settle(self) -> None:
        await super().settle()
        assert all(None not in athlete.counts for athlete in self.everybody)

    async def test_a_flood_delays_another_socket_by_one_turn(self) -> None:
        with self.athletes("flood", "ann") as (flood, ann):
            flood.send(FLOOD)
            ann.send()
            await self.settle()
        assert self.results.index(("ann", 1)) == MAX_REPS_A_TURN
        assert flood.answered() == [*range(1, FLOOD + 1)]

    async def test_a_rep_that_comes_during_a_call_is_the_first_of_the_next(self) -> None:
        with self.athletes("flood", "ann") as (flood, ann):
            flood.on_result = lambda: len(self.results) == 1 and ann.send()
            flood.send(FLOOD)
            await self.settle()
        # of the flood, the first call took one turn and then what a backlog may have
        assert self.results.index(("ann", 1)) == MAX_REPS_A_TURN + MAX_BACKLOG

    async def test_however_many_floods_are_queued_a_rep_is_in_the_next_call(self) -> None:
        names = [f"flood-{number}" for number in range(150)]
        with self.athletes("ann", *names) as (ann, *floods):
            # every flood has had its first turn by then: what is left of it is backlog
            def send_once_all_had_a_turn() -> None:
                if not sent_at and len({name for name, _ in self.results}) == len(floods):
                    sent_at.append(len(self.results))
                    ann.send()

            sent_at: list[int] = []
            for flood in floods:
                flood.on_result = send_once_all_had_a_turn
                flood.send(2 * MAX_REPS_A_TURN)
            await self.settle()
        assert self.results.index(("ann", 1)) - sent_at[0] < MAX_BATCH
        assert all(flood.answered() == [*range(1, 2 * MAX_REPS_A_TURN + 1)] for flood in floods)

    async def test_floods_take_turns_with_each_other(self) -> None:
        with self.athletes("one", "two", "three") as floods:
            for flood in floods:
                flood.send(FLOOD)
            await self.settle()
        in_a_row = [len([*turn]) for _, turn in groupby(name for name, _ in self.results)]
        assert max(in_a_row[:-1]) <= MAX_REPS_A_TURN

    async def test_sockets_that_are_always_new_leave_room_for_a_backlog(self) -> None:
        """More of them than a batch takes, and each sends again as soon as it is answered."""
        names = [f"quick-{number}" for number in range(MAX_BATCH)]
        with self.athletes("flood", *names) as (flood, *quick):
            flood.send(FLOOD)
            for athlete in quick:
                athlete.on_result = lambda athlete=athlete: (
                    len(flood.counts) < FLOOD and athlete.send()
                )
                athlete.send()
            async with asyncio.timeout(SETTLED_S):
                while len(flood.counts) < FLOOD:
                    await asyncio.sleep(0.01)
            others_first = self.results.index(("flood", FLOOD)) - FLOOD
            await self.settle()
        batches = FLOOD // MAX_BACKLOG + 1
        assert others_first < batches * MAX_BATCH

    async def test_one_socket_alone_fills_the_backlog_in_its_order(self) -> None:
        with self.athletes("ann") as (ann,):
            ann.send(1000)
            await self.settle()
        assert ann.answered() == [*range(1, 1001)]


class PaceTests(TurnCase):
    async def test_sockets_that_wait_for_their_turn_have_little_pending(self) -> None:
        names = [f"flood-{number}" for number in range(MAX_PENDING)]
        with self.athletes(*names) as floods:
            most = 0

            async def send_many(flood: Athlete) -> None:
                nonlocal most
                for _ in range(5 * MAX_REPS_A_TURN):
                    turn = flood.send()
                    most = max(most, sum(len(each.source.pending) for each in floods))
                    if turn is not None:
                        await turn

            async with asyncio.timeout(SETTLED_S):
                await asyncio.gather(*map(send_many, floods))
            await self.settle()
        assert most < 2 * MAX_REPS_A_TURN * len(floods)
        assert all(flood.answered() == [*range(1, flood.sent + 1)] for flood in floods)

    async def test_a_socket_alone_never_has_to_wait_for_its_turn(self) -> None:
        with self.athletes("ann") as (ann,):
            assert [ann.send() for _ in range(FLOOD)] == [None] * FLOOD
            await self.settle()


@pytest.mark.slow
class DeadlineTests(TurnCase):
    """A loop that is blocked stands for a long queue: its reps wait without being sent."""

    def block_until_overdue(self) -> None:
        time.sleep(ANSWER_DEADLINE_S + 0.05)

    async def test_a_rep_that_waited_too_long_is_not_sent(self) -> None:
        with self.athletes("ann", "bob") as (ann, bob):
            ann.send()
            self.block_until_overdue()
            bob.send()
            await self.batcher.settled()
            assert self.results == [("ann", 1), ("bob", 1)]
            assert (ann.counts, bob.counts) == ([None], [1])
            ann.send()
            await self.settle()
        assert ann.counts == [None, 1]

    async def test_a_backlog_gives_up_before_its_calls_would_run_out_of_time(self) -> None:
        with self.athletes("flood", "ann") as (flood, ann):

            def block_once() -> None:
                if len(self.results) == 1:
                    ann.send()
                    time.sleep(BACKLOG_DEADLINE_S + 0.05)

            flood.on_result = block_once
            flood.send(FLOOD)
            await self.settle()
        sent = MAX_REPS_A_TURN + MAX_BACKLOG
        assert None not in flood.counts[:sent]
        assert flood.counts[sent:] == [None] * (FLOOD - sent)
        assert ann.counts == [1]

    async def test_nothing_behind_it_on_its_socket_is_sent_either(self) -> None:
        with self.athletes("ann") as (ann,):
            ann.send()
            self.block_until_overdue()
            ann.send(2)
            await self.batcher.settled()
            ann.send()
            await self.settle()
        assert ann.counts == [None, None, None, 1]
