"""Questions that share a call, while the server goes away, and on a cluster."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest
import redis
from django.test import SimpleTestCase

from senim.embedded.valkey import EmbeddedValkey
from workouts.live.clients import connect_to_redis
from workouts.live.greeting.batching import ANSWER_DEADLINE_S, GreetingBatcher
from workouts.live.keys import TAGS, RedisKeySpace, hash_tag_of_user
from workouts.tests.support.cast import new_athlete
from workouts.tests.support.greetings import UNKNOWN, Memory, greet, meet_with
from workouts.tests.support.redis_servers import shared_cluster
from workouts.tests.support.run import fresh_folder
from workouts.tests.support.sent import PHONE


@pytest.mark.slow
class OwnServerTests(SimpleTestCase):
    """Each test has its own server, which it may kill."""

    def setUp(self) -> None:
        folder = fresh_folder()
        self.socket = folder / "valkey.sock"
        self.server = EmbeddedValkey(folder, self.socket)
        self.server.start()
        self.addCleanup(self.server.stop)
        self.client = connect_to_redis(f"unix://{self.socket}")
        self.addCleanup(self.client.close)
        self.athlete = new_athlete()

    def play(self, play: Callable[[GreetingBatcher], Awaitable[None]]) -> None:
        greet(play, f"unix://{self.socket}")

    def count_calls(self) -> int:
        return int(self.client.info("commandstats").get("cmdstat_evalsha", {}).get("calls", 0))

    def test_questions_that_come_together_share_a_call(self) -> None:
        async def play(batcher: GreetingBatcher) -> None:
            await batcher.read_sessions(self.athlete, ["squat"])
            before = self.count_calls()
            answers = await asyncio.gather(
                *(meet_with(batcher, self.athlete, f"d{n}", n) for n in range(100)),
                *(batcher.read_sessions(new_athlete(), ["squat", "dip"]) for _ in range(100)),
            )
            assert self.count_calls() == before + 2  # a hello asks twice
            assert answers == [Memory(n, is_whole=True) for n in range(100)] + [[]] * 100

        self.play(play)

    def test_a_thousand_at_once_each_get_their_own_answer(self) -> None:
        async def play(batcher: GreetingBatcher) -> None:
            answers = await asyncio.gather(
                *(meet_with(batcher, f"ath-{n}", PHONE, n) for n in range(1000))
            )
            assert [answer.last_seq for answer in answers] == [*range(1000)]

        self.play(play)

    def test_after_a_kill_a_memory_may_be_too_low(self) -> None:
        async def play(batcher: GreetingBatcher) -> None:
            await meet_with(batcher, self.athlete, PHONE, 9)
            assert self.server.process is not None
            self.server.process.kill()
            self.server.process.wait()
            await asyncio.to_thread(self.server.start)
            assert await meet_with(batcher, self.athlete, PHONE) == Memory(9, is_whole=False)

        self.play(play)

    def test_after_a_replica_took_over_a_memory_may_be_too_low(self) -> None:
        async def play(batcher: GreetingBatcher) -> None:
            await meet_with(batcher, self.athlete, PHONE, 9)
            self.client.replicaof("127.0.0.1", "1")
            self.client.replicaof("NO", "ONE")
            assert await meet_with(batcher, self.athlete, PHONE) == Memory(9, is_whole=False)

        self.play(play)

    def test_a_server_that_does_not_say_its_history_has_the_database_asked(self) -> None:
        self.client.execute_command("ACL", "SETUSER", "default", "-info")

        async def play(batcher: GreetingBatcher) -> None:
            await meet_with(batcher, self.athlete, PHONE, 9)
            assert await meet_with(batcher, self.athlete, PHONE) == Memory(9, is_whole=False)

        self.play(play)

    def test_a_replica_refuses_rather_than_to_answer(self) -> None:
        async def play(batcher: GreetingBatcher) -> None:
            await batcher.read_sessions(self.athlete, ["squat"])
            self.client.replicaof("127.0.0.1", "1")
            with pytest.raises(redis.RedisError):
                await meet_with(batcher, self.athlete, PHONE, 9)
            self.client.replicaof("NO", "ONE")
            assert (await meet_with(batcher, self.athlete, PHONE, 9)).is_whole

        self.play(play)

    def test_all_that_wait_fail_at_once_while_the_server_is_away(self) -> None:
        async def play(batcher: GreetingBatcher) -> None:
            self.server.stop()
            errors = await asyncio.gather(
                *(meet_with(batcher, self.athlete, PHONE) for _ in range(300)),
                return_exceptions=True,
            )
            assert all(isinstance(error, redis.RedisError) for error in errors)
            await asyncio.to_thread(self.server.start)
            assert await meet_with(batcher, self.athlete, PHONE) == UNKNOWN

        self.play(play)

    def test_a_server_that_hangs_is_given_up_in_time(self) -> None:
        async def play(batcher: GreetingBatcher) -> None:
            await batcher.read_sessions(self.athlete, ["squat"])
            self.client.execute_command("CLIENT", "PAUSE", "4000", "ALL")
            began = time.monotonic()
            asked = [asyncio.create_task(meet_with(batcher, self.athlete, PHONE))]
            await asyncio.sleep(0.3)
            asked.append(asyncio.create_task(batcher.read_sessions(self.athlete, ["squat"])))
            errors = await asyncio.gather(*asked, return_exceptions=True)
            assert [type(error) for error in errors] == [TimeoutError] * 2
            assert time.monotonic() - began < ANSWER_DEADLINE_S + 0.5
            await asyncio.sleep(4 - ANSWER_DEADLINE_S)
            # the late answers are nobody's
            assert await batcher.read_sessions(self.athlete, ["squat"]) == []
            assert await meet_with(batcher, self.athlete, PHONE, 4) == Memory(4, is_whole=True)

        self.play(play)


@pytest.mark.slow
class ClusterTests(SimpleTestCase):
    """A cluster takes one call for each hash tag."""

    def test_it_answers_for_all_tags_at_once(self) -> None:
        space = RedisKeySpace("test")
        athletes = {hash_tag_of_user(athlete): athlete for athlete in map(str, range(4000))}
        assert len(athletes) == TAGS

        async def play() -> None:
            batcher = GreetingBatcher(shared_cluster().url, space)
            for _ in range(2):
                answers = await asyncio.gather(
                    *(meet_with(batcher, each, PHONE, tag) for tag, each in athletes.items()),
                    *(batcher.read_sessions(each, ["squat"]) for each in athletes.values()),
                )
                assert answers[:TAGS] == [Memory(tag, is_whole=True) for tag in athletes]
                assert answers[TAGS:] == [[]] * TAGS
            await batcher.close()

        shared_cluster()
        asyncio.run(play())
