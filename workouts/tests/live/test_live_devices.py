"""Devices that number their reps: device.lua, last_seq.lua, status.lua on each kind of Redis."""

from workouts.live.counting.verdicts import COUNTED, DEBOUNCED, DUPLICATE, FORGOTTEN
from workouts.live.keys import RedisKeySpace
from workouts.live.runtime import get_live_store, get_redis_key_space
from workouts.live.sessions import LiveSession, SessionName
from workouts.tests.support.backends import OnCluster, OnSentinel, OnSingle
from workouts.tests.support.cast import SQUAT_INTERVAL_MS, new_athlete, seal
from workouts.tests.support.sent import (
    MAX_SEQ,
    MEMORY_S,
    PHONE,
    WATCH,
    Sent,
    Told,
    forget,
    offsets,
    read_one,
    send,
    verdicts_of,
)


class SeqSuite:
    def setUp(self) -> None:
        self.athlete = new_athlete()

    def test_it_counts_a_seq_once(self) -> None:
        told = send(
            self.athlete,
            Sent(1, 0),
            Sent(1, 5000),
            Sent(2, 10_000),
            Sent(2, 15_000),
            Sent(1, 20_000),
        )
        assert verdicts_of(told) == [
            (COUNTED, 1),
            (DUPLICATE, 1),
            (COUNTED, 2),
            (DUPLICATE, 2),
            (DUPLICATE, 2),
        ]
        assert offsets(read_one(self.athlete)) == [0, 10_000]

    def test_it_accepts_gaps_but_nothing_older(self) -> None:
        told = send(self.athlete, Sent(3, 0), Sent(90, 1000), Sent(4, 2000))
        assert verdicts_of(told) == [(COUNTED, 1), (COUNTED, 2), (DUPLICATE, 2)]

    def test_a_seq_that_comes_twice_in_one_call_counts_once(self) -> None:
        told = send(
            self.athlete,
            Sent(1, 0, 0),
            Sent(1, 0, 0),
            Sent(2, 0, 1000),
            Sent(2, 0, 1000),
            at_once=True,
        )
        assert verdicts_of(told) == [(COUNTED, 1), (DUPLICATE, 1), (COUNTED, 2), (DUPLICATE, 2)]

    def test_it_settles_a_debounced_seq_too(self) -> None:
        told = send(self.athlete, Sent(1, 0), Sent(2, 100), Sent(2, 5000))
        assert verdicts_of(told) == [(COUNTED, 1), (DEBOUNCED, 1), (DUPLICATE, 1)]
        assert told[1].retry_after_ms == SQUAT_INTERVAL_MS - 100

    def test_it_numbers_across_exercises(self) -> None:
        told = send(
            self.athlete,
            Sent(1, 0),
            Sent(1, 5000, exercise="push_up"),
            Sent(2, 6000, exercise="push_up"),
        )
        assert verdicts_of(told) == [(COUNTED, 1), (DUPLICATE, 0), (COUNTED, 1)]

    def test_it_keeps_devices_and_athletes_apart(self) -> None:
        told = send(self.athlete, Sent(7, 0), Sent(7, 1500, device=WATCH), Sent(8, 3000))
        assert verdicts_of(told) == [(COUNTED, 1), (COUNTED, 2), (COUNTED, 3)]
        assert verdicts_of(send(new_athlete(), Sent(7, 0))) == [(COUNTED, 1)]

    def test_it_keeps_the_largest_seq_to_the_last_digit(self) -> None:
        told = send(self.athlete, Sent(MAX_SEQ - 1, 0), Sent(MAX_SEQ, 1000), Sent(MAX_SEQ, 2000))
        assert verdicts_of(told) == [(COUNTED, 1), (COUNTED, 2), (DUPLICATE, 2)]
        assert get_live_store().raise_last_seq(self.athlete, PHONE, 0) == MAX_SEQ
        assert read_one(self.athlete).device_seqs == {PHONE: MAX_SEQ}

    def test_it_returns_the_session_of_each_rep(self) -> None:
        first, again = send(self.athlete, Sent(1, 0), Sent(1, 100))
        assert first.session_id == again.session_id
        assert seal(self.athlete) == [first.session_id.decode()]
        again, new = send(self.athlete, Sent(1, 5000, known=1), Sent(2, 6000, known=1))
        assert again == Told(DUPLICATE, 0, 0, b"")
        assert new.verdict == COUNTED
        assert new.session_id not in (b"", first.session_id)

    def test_it_remembers_a_device_after_its_session_is_cleared(self) -> None:
        send(self.athlete, Sent(1, 0), Sent(2, 1000))
        (session_id,) = seal(self.athlete)
        get_live_store().clear(SessionName(self.athlete, "squat", session_id))
        assert (
            verdicts_of(send(self.athlete, Sent(2, 60_000, known=2), Sent(1, 61_000, known=2)))
            == [(DUPLICATE, 0)] * 2
        )
        assert seal(self.athlete) == []

    def test_a_sealed_session_has_the_last_seq_of_each_device(self) -> None:
        send(
            self.athlete,
            Sent(5, 0),
            Sent(2, 1000, device=WATCH),
            Sent(6, 1100),
            Sent(3, 2000, device=WATCH),
        )
        assert read_one(self.athlete).device_seqs == {PHONE: 6, WATCH: 3}  # the debounced one too


class MemorySuite:
    def setUp(self) -> None:
        self.athlete = new_athlete()

    def meet(self, saved_seq: int = 0, device: str = PHONE) -> int:
        return get_live_store().raise_last_seq(self.athlete, device, saved_seq)

    def ttl(self) -> int:
        return int(get_live_store().client.ttl(get_redis_key_space().device(self.athlete, PHONE)))

    def test_it_knows_nothing_of_a_new_device(self) -> None:
        assert self.meet() == 0
        assert self.ttl() == -2  # no key

    def test_it_returns_the_higher_seq_of_redis_and_the_database(self) -> None:
        send(self.athlete, Sent(7, 0))
        assert (self.meet(), self.meet(5), self.meet(9), self.meet(0)) == (7, 7, 9, 9)
        told = send(self.athlete, Sent(8, 5000), Sent(9, 6000), Sent(10, 7000))
        assert verdicts_of(told) == [
            (DUPLICATE, 1),
            (DUPLICATE, 1),
            (COUNTED, 2),
        ]

    def test_it_keeps_the_last_time_over_a_hello(self) -> None:
        send(self.athlete, Sent(1, 0, 0))
        self.meet(5)
        send(self.athlete, Sent(6, 5000, -1))
        assert read_one(self.athlete).distrusted == 1

    def test_it_remembers_for_48_hours_from_the_last_rep_or_hello(self) -> None:
        send(self.athlete, Sent(1, 0))
        assert MEMORY_S - 60 < self.ttl() <= MEMORY_S
        get_live_store().client.expire(get_redis_key_space().device(self.athlete, PHONE), 100)
        self.meet()
        assert MEMORY_S - 60 < self.ttl() <= MEMORY_S
        get_live_store().client.expire(get_redis_key_space().device(self.athlete, PHONE), 100)
        send(self.athlete, Sent(2, 5000))
        assert MEMORY_S - 60 < self.ttl() <= MEMORY_S

    def test_it_trusts_the_database_once_its_memory_expired(self) -> None:
        send(self.athlete, Sent(1, 0), Sent(2, 1000))
        seal(self.athlete)
        forget(self.athlete)
        assert self.meet(saved_seq=2) == 2
        assert verdicts_of(
            send(self.athlete, Sent(2, 60_000, known=2), Sent(3, 61_000, known=2))
        ) == [(DUPLICATE, 0), (COUNTED, 1)]

    def test_it_settles_nothing_if_it_forgot_what_the_socket_knows(self) -> None:
        send(self.athlete, *(Sent(i, i * 1000) for i in range(1, 6)))
        forget(self.athlete)
        told = send(self.athlete, Sent(6, 60_000, known=5), Sent(7, 61_000, known=5))
        assert verdicts_of(told) == [(FORGOTTEN, 5)] * 2
        assert told[0].session_id != b""
        assert self.meet() == 0

    def test_it_counts_again_what_it_forgot_from_the_first_lost_seq(self) -> None:
        send(self.athlete, Sent(1, 0), Sent(2, 1000))
        assert verdicts_of(send(self.athlete, Sent(4, 5000, known=3))) == [(FORGOTTEN, 2)]
        assert self.meet() == 2
        told = send(self.athlete, Sent(3, 6000, known=2), Sent(4, 7000, known=3))
        assert verdicts_of(told) == [(COUNTED, 3), (COUNTED, 4)]

    def test_a_repeat_is_a_duplicate_whatever_the_socket_knows(self) -> None:
        send(self.athlete, Sent(1, 0), Sent(2, 1000))
        assert verdicts_of(send(self.athlete, Sent(2, 5000, known=99))) == [(DUPLICATE, 2)]

    def test_after_losing_everything_it_counts_every_resent_rep(self) -> None:
        reps = [Sent(i, 0, i * 1000 - 30_000) for i in range(1, 21)]
        send(self.athlete, *reps, at_once=True)
        client, keys = get_live_store().client, get_redis_key_space().live(self.athlete, "squat")
        for key in (keys.session, keys.timeline, keys.mark):
            client.delete(key)
        forget(self.athlete)
        assert verdicts_of(send(self.athlete, Sent(21, 5000, known=20))) == [(FORGOTTEN, 0)]
        assert self.meet() == 0
        assert send(self.athlete, *reps, at_once=True)[-1][:2] == (COUNTED, 20)
        assert offsets(read_one(self.athlete)) == [rep.at for rep in reps]


class StatusSuite:
    def test_it_lists_live_sessions(self) -> None:
        athlete = new_athlete()
        assert get_live_store().live_sessions(athlete, ["push_up", "squat"]) == []
        (squat,) = send(athlete, Sent(1, 0))
        _, push_up = send(
            athlete, Sent(2, 1000, exercise="push_up"), Sent(3, 2000, exercise="push_up")
        )
        sessions = [
            LiveSession("push_up", push_up.session_id.decode(), 2),
            LiveSession("squat", squat.session_id.decode(), 1),
        ]
        assert get_live_store().live_sessions(athlete, ["push_up", "pull_up", "squat"]) == sessions
        seal(athlete)
        assert (
            get_live_store().live_sessions(athlete, ["push_up", "pull_up", "squat"]) == sessions[:1]
        )

    def test_it_keeps_the_memory_of_a_device_under_the_athletes_tag(self) -> None:
        space = RedisKeySpace("p")
        assert (
            space.device("ann", PHONE).split(b"}")[0]
            == space.live("ann", "squat").mark.split(b"}")[0]
        )


class SeqTests(SeqSuite, OnSingle):
    pass


class SeqClusterTests(SeqSuite, OnCluster):
    pass


class SeqSentinelTests(SeqSuite, OnSentinel):
    pass


class MemoryTests(MemorySuite, OnSingle):
    pass


class MemoryClusterTests(MemorySuite, OnCluster):
    pass


class MemorySentinelTests(MemorySuite, OnSentinel):
    pass


class StatusTests(StatusSuite, OnSingle):
    pass


class StatusClusterTests(StatusSuite, OnCluster):
    pass


class StatusSentinelTests(StatusSuite, OnSentinel):
    pass
