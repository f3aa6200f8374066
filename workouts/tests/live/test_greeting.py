"""Sockets that come back: what greet.lua says on each kind of Redis."""

import asyncio

import redis
from django.test import SimpleTestCase

from workouts.live.counting.verdicts import COUNTED, DUPLICATE
from workouts.live.greeting.batching import GreetingBatcher
from workouts.live.runtime import get_live_store, get_redis_key_space
from workouts.live.sessions import LiveSession, SessionName
from workouts.tests.support.backends import OnCluster, OnSentinel, OnSingle
from workouts.tests.support.cast import new_athlete, seal, train
from workouts.tests.support.greetings import (
    OTHER_HISTORY,
    UNKNOWN,
    Memory,
    greet,
    list_devices,
    meet,
    meet_with,
    note_hello,
    read_sessions,
)
from workouts.tests.support.sent import (
    MAX_SEQ,
    MEMORY_S,
    PHONE,
    WATCH,
    Sent,
    forget,
    send,
    verdicts_of,
)


def ttl(key: bytes) -> int:
    return int(get_live_store().client.ttl(key))


class SessionsSuite:
    def test_it_lists_the_live_sessions_in_the_order_that_is_asked_for(self) -> None:
        athlete = new_athlete()
        assert read_sessions(athlete, "push_up", "squat") == []
        (squat,) = send(athlete, Sent(1, 0))
        _, push_up = send(
            athlete, Sent(2, 1000, exercise="push_up"), Sent(3, 2000, exercise="push_up")
        )
        sessions = [
            LiveSession("push_up", push_up.session_id.decode(), 2),
            LiveSession("squat", squat.session_id.decode(), 1),
        ]
        assert read_sessions(athlete, "push_up", "pull_up", "squat") == sessions
        assert read_sessions(athlete, "squat", "push_up") == sessions[::-1]
        seal(athlete)
        assert read_sessions(athlete, "push_up", "pull_up", "squat") == sessions[:1]
        assert read_sessions(new_athlete(), "push_up", "squat") == []


class MemorySuite:
    def setUp(self) -> None:
        self.athlete = new_athlete()

    def test_a_device_is_not_known_before_the_database_was_asked(self) -> None:
        for _ in range(2):
            assert meet(self.athlete, PHONE) == UNKNOWN
        assert list_devices(self.athlete) == set()

    def test_a_device_is_known_once_the_database_was_asked(self) -> None:
        assert meet(self.athlete, PHONE, 9) == Memory(9, is_whole=True)
        assert meet(self.athlete, PHONE) == Memory(9, is_whole=True)
        assert meet(self.athlete, WATCH, 0) == Memory(0, is_whole=True)
        assert meet(self.athlete, WATCH) == Memory(0, is_whole=True)
        told = send(self.athlete, Sent(9, 0, known=9), Sent(10, 5000, known=9))
        assert verdicts_of(told) == [(DUPLICATE, 0), (COUNTED, 1)]
        assert meet(self.athlete, PHONE) == Memory(10, is_whole=True)

    def test_it_never_lowers_a_seq(self) -> None:
        send(self.athlete, Sent(7, 0))
        assert [meet(self.athlete, PHONE, seq).last_seq for seq in (5, 9, 0)] == [7, 9, 9]

    def test_it_keeps_the_largest_seq_to_the_last_digit(self) -> None:
        assert meet(self.athlete, PHONE, MAX_SEQ).last_seq == MAX_SEQ
        assert meet(self.athlete, PHONE).last_seq == MAX_SEQ

    def test_it_keeps_the_last_time_over_a_hello(self) -> None:
        send(self.athlete, Sent(1, 0, 0))
        meet(self.athlete, PHONE, 5)
        (told,) = send(self.athlete, Sent(6, 5000, -1))
        assert told.verdict == COUNTED
        (session_id,) = seal(self.athlete)
        sealed = get_live_store().read(SessionName(self.athlete, "squat", session_id))
        assert sealed is not None
        assert sealed.distrusted == 1

    def test_a_device_known_by_its_reps_alone_may_have_more_in_the_database(self) -> None:
        send(self.athlete, Sent(7, 0))  # as before the upgrade, or after the memory was lost
        assert meet(self.athlete, PHONE) == Memory(7, is_whole=False)

    def test_a_device_whose_memory_is_lost_is_not_known(self) -> None:
        meet(self.athlete, PHONE, 9)
        forget(self.athlete)
        assert meet(self.athlete, PHONE) == UNKNOWN

    def test_a_memory_of_another_history_may_be_too_low(self) -> None:
        meet(self.athlete, PHONE, 9)
        note_hello(self.athlete, PHONE, history=OTHER_HISTORY)
        assert meet(self.athlete, PHONE) == Memory(9, is_whole=False)
        assert meet(self.athlete, PHONE, 12) == Memory(12, is_whole=True)
        assert meet(self.athlete, PHONE) == Memory(12, is_whole=True)

    def test_what_the_database_said_before_a_failover_does_not_make_a_memory_whole(self) -> None:
        async def play(batcher: GreetingBatcher) -> list[tuple[int, bool]]:
            late = await batcher.meet_device(self.athlete, PHONE, 9, OTHER_HISTORY)
            again = await batcher.meet_device(self.athlete, PHONE, 12, late.history)
            return [memory[:2] for memory in (late, again)]

        assert greet(play) == [(9, False), (12, True)]

    def test_a_memory_that_may_have_expired_since_the_last_hello_may_be_too_low(self) -> None:
        meet(self.athlete, PHONE, 9)
        note_hello(self.athlete, PHONE, ago_ms=MEMORY_S * 1000 + 1)
        assert not meet(self.athlete, PHONE).is_whole
        meet(self.athlete, PHONE, 9)
        note_hello(self.athlete, PHONE, ago_ms=MEMORY_S * 1000 - 60_000)
        assert meet(self.athlete, PHONE).is_whole

    def test_it_remembers_for_48_hours_from_the_last_hello(self) -> None:
        space, client = get_redis_key_space(), get_live_store().client
        memory, devices = space.device(self.athlete, PHONE), space.devices(self.athlete)
        meet(self.athlete, PHONE, 9)
        for _ in range(2):
            for key in (memory, devices):
                assert MEMORY_S - 60 < ttl(key) <= MEMORY_S
                client.expire(key, 100)
            meet(self.athlete, PHONE)
        client.expire(memory, 100)
        note_hello(self.athlete, PHONE, history=OTHER_HISTORY)
        meet(self.athlete, PHONE)  # the database may be away: what is known stays
        assert MEMORY_S - 60 < ttl(memory) <= MEMORY_S


class DamagedStateTests(SimpleTestCase):
    def test_a_damaged_key_fails_its_own_athletes_questions_alone(self) -> None:
        damaged, other = new_athlete(), new_athlete()
        space = get_redis_key_space()
        for key in (space.live(damaged, "squat").session, space.device(damaged, PHONE)):
            get_live_store().client.rpush(key, "junk")
        train(other, 3)

        async def play(batcher: GreetingBatcher) -> list[object]:
            return await asyncio.gather(
                batcher.read_sessions(damaged, ["squat"]),
                meet_with(batcher, damaged, PHONE, 3),
                batcher.read_sessions(other, ["squat"]),
                meet_with(batcher, other, PHONE, 3),
                return_exceptions=True,
            )

        *errors, sessions, memory = greet(play)
        assert [type(error) for error in errors] == [redis.ResponseError] * 2
        assert "WRONGTYPE" in str(errors[0])
        assert [session.reps for session in sessions] == [3]  # type: ignore[attr-defined]
        assert memory == Memory(3, is_whole=True)


class SessionsTests(SessionsSuite, OnSingle):
    pass


class SessionsClusterTests(SessionsSuite, OnCluster):
    pass


class SessionsSentinelTests(SessionsSuite, OnSentinel):
    pass


class MemoryTests(MemorySuite, OnSingle):
    pass


class MemoryClusterTests(MemorySuite, OnCluster):
    pass


class MemorySentinelTests(MemorySuite, OnSentinel):
    pass
