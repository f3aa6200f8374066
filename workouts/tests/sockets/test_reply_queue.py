"""Answers go out in order, and a slow reader holds up nobody else."""

import asyncio
import json
from typing import Any

from asgiref.sync import async_to_sync
from django.test import SimpleTestCase

from workouts.sockets.reply_queue import MAX_UNANSWERED, MAX_UNSENT, ReplyQueue


class Client:
    """Reads at once, unless told not to."""

    def __init__(self) -> None:
        self.received: list[Any] = []
        self.reads = asyncio.Event()
        self.reads.set()
        self.gone = False

    async def send(self, message: dict[str, Any]) -> None:
        await self.reads.wait()
        if self.gone:
            raise ConnectionError("gone")
        self.received.append(json.loads(message["text"]))


class ReplyQueueTests(SimpleTestCase):
    async def test_it_sends_answers_in_the_order_of_their_messages(self) -> None:
        client = Client()
        replies = ReplyQueue(client.send)
        first, second = replies.reserve(), replies.reserve()
        replies.put("error")
        replies.fill(second, "two")
        assert client.received == []
        replies.fill(first, "one")
        assert client.received == ["one", "two", "error"]

    async def test_a_message_is_answered_once(self) -> None:
        client = Client()
        replies = ReplyQueue(client.send)
        first, _second, _last = replies.reserve(), replies.reserve(), replies.reserve()
        replies.fill(first, "one")
        replies.fill(first, "again")
        assert client.received == ["one"]
        waiting = asyncio.ensure_future(replies.wait_for_earlier())
        await asyncio.sleep(0)
        assert not waiting.done()
        waiting.cancel()

    async def test_it_does_not_wait_for_a_slow_reader(self) -> None:
        slow, quick = Client(), Client()
        slow.reads.clear()
        slow_queue, quick_queue = ReplyQueue(slow.send), ReplyQueue(quick.send)
        for number in range(3):
            slow_queue.put(f"s{number}")
            quick_queue.put(f"q{number}")
        assert quick.received == ["q0", "q1", "q2"]
        assert slow.received == []
        slow.reads.set()
        await slow_queue.drain(5)
        assert slow.received == ["s0", "s1", "s2"]

    async def test_it_has_space_again_once_some_are_answered(self) -> None:
        client = Client()
        replies = ReplyQueue(client.send)
        answers = [replies.reserve() for _ in range(MAX_UNANSWERED)]
        waiting = asyncio.ensure_future(replies.wait_for_space())
        await asyncio.sleep(0)
        assert not waiting.done()
        for answer in answers:
            replies.fill(answer, "ok")
        await asyncio.wait_for(waiting, 5)
        assert len(client.received) == MAX_UNANSWERED

    async def test_it_waits_until_every_earlier_answer_is_known_sent_or_not(self) -> None:
        slow = Client()
        slow.reads.clear()
        replies = ReplyQueue(slow.send)
        first, second, _last = replies.reserve(), replies.reserve(), replies.reserve()
        waiting = asyncio.ensure_future(replies.wait_for_earlier())
        replies.put("known at once")
        replies.fill(second, "two")
        await asyncio.sleep(0)
        assert not waiting.done()
        replies.fill(first, "one")
        await asyncio.wait_for(waiting, 5)
        assert slow.received == []

    async def test_it_is_drained_only_when_the_last_answer_is_written(self) -> None:
        slow = Client()
        slow.reads.clear()
        replies = ReplyQueue(slow.send)
        replies.put("one")
        draining = asyncio.ensure_future(replies.drain(20))
        await asyncio.sleep(0)
        assert not draining.done()
        slow.reads.set()
        await asyncio.wait_for(draining, 5)
        assert slow.received == ["one"]

    async def test_it_drains_no_longer_than_it_may(self) -> None:
        replies = ReplyQueue(Client().send)
        replies.reserve()
        await asyncio.wait_for(replies.drain(0.01), 5)

    async def test_it_forgets_a_client_that_went_away(self) -> None:
        client = Client()
        replies = ReplyQueue(client.send)
        client.gone = True
        answer = replies.reserve()
        replies.put("later")
        replies.fill(answer, "now")
        replies.fill(replies.reserve(), "after")
        await replies.drain(5)
        assert client.received == []

    async def test_it_encodes_nothing_for_a_client_that_went_away(self) -> None:
        client = Client()
        replies = ReplyQueue(client.send)
        not_json = object()
        answer = replies.reserve()
        replies.put(not_json)
        replies.close()
        replies.fill(answer, not_json)
        replies.put(not_json)
        assert client.received == []

    async def test_after_the_client_went_away_earlier_answers_are_still_waited_for(self) -> None:
        replies = ReplyQueue(Client().send)
        rep, _request = replies.reserve(), replies.reserve()
        replies.close()
        waiting = asyncio.ensure_future(replies.wait_for_earlier())
        await asyncio.sleep(0)
        assert not waiting.done()
        replies.fill(rep, "counted")
        await asyncio.wait_for(waiting, 5)

    async def test_it_is_full_with_a_few_answers_behind_one_that_is_not_read(self) -> None:
        client = Client()
        client.reads.clear()
        replies = ReplyQueue(client.send)
        replies.put("not read")
        for _ in range(MAX_UNSENT - 1):
            replies.put("behind it")
        assert not replies.is_full()
        replies.put("one too many")
        assert replies.is_full()
        waiting = asyncio.ensure_future(replies.wait_for_space())
        await asyncio.sleep(0)
        assert not waiting.done()
        client.reads.set()
        await asyncio.wait_for(waiting, 5)
        assert not replies.is_full()

    async def test_it_forgets_a_slow_reader_that_went_away(self) -> None:
        client = Client()
        client.reads.clear()
        replies = ReplyQueue(client.send)
        replies.put("one")
        replies.put("two")
        client.gone = True
        client.reads.set()
        await replies.drain(5)
        assert client.received == []
        await asyncio.wait_for(replies.wait_for_space(), 5)

    def test_it_sends_everything_to_a_reader_that_stutters(self) -> None:
        async def play() -> list[int]:
            client = Client()
            replies = ReplyQueue(client.send)
            for number in range(200):
                if number % 7 == 0:
                    client.reads.clear()
                    asyncio.get_running_loop().call_later(0.001, client.reads.set)
                replies.put(number)
                if number % 5 == 0:
                    await asyncio.sleep(0)
            await replies.drain(10)
            return client.received

        assert async_to_sync(play)() == [*range(200)]
