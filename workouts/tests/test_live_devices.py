"""Devices that number their reps: device.lua, hello.lua and status.lua, on every kind of real server."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

from asgiref.sync import async_to_sync
from django.conf import settings

from workouts.live.batching import COUNTED, DEBOUNCED, DUPLICATE, FORGOTTEN, RepBatcher
from workouts.live.keys import KeySpace
from workouts.live.packing import pack_keys
from workouts.live.runtime import get_key_space, get_store
from workouts.live.store import LiveSession, SealedSession, SessionName
from workouts.live.timeline import Refusal, Rep
from workouts.tests.backends import OnCluster, OnSentinel, OnSingle
from workouts.tests.cast import SQUAT_INTERVAL_MS, STARTED_MS, count_reps, gates, new_athlete, seal, train

PHONE, WATCH = "phone", "watch"
DAY_MS = 86_400_000
MEMORY_S = 172_800
MAX_SEQ = 2**53 - 1


class Sent(NamedTuple):
    """A rep as a device sends it: times in ms after STARTED_MS, `at` None where it does not say."""

    seq: int
    arrival: int
    at: int | None = None
    device: str = PHONE
    known: int = 0
    exercise: str = "squat"
    offset: int | None = None  # by how much the clock was corrected for `at`


class Told(NamedTuple):
    """What is said of a rep of a device."""

    verdict: int
    count: int
    retry_after_ms: int
    session_id: bytes


async def send_async(user_id: str, reps: Sequence[Sent], *, at_once: bool) -> list[Told]:
    clock = itertools.chain((rep.arrival for rep in reps), itertools.repeat(0))
    batcher = RepBatcher(settings.REDIS_URL, now_ms=lambda: STARTED_MS + next(clock))
    verdicts: list[Told] = []
    for rep in reps:
        time_ms = "-" if rep.at is None else STARTED_MS + rep.at
        keys = pack_keys(get_key_space().live(user_id, rep.exercise), get_key_space().device(user_id, rep.device))
        said = f"{rep.device} {rep.seq} {time_ms} {rep.known} {'' if rep.offset is None else rep.offset}".rstrip().encode()
        batcher.submit(keys, gates(), lambda verdict: verdicts.append(Told._make(verdict)), said=said)
        if not at_once:
            await batcher.settled()
    await batcher.close()
    return verdicts


def send(user_id: str, *reps: Sent, at_once: bool = False) -> list[Told]:
    """Send each rep in a call of its own, or all in one at the arrival of the first, and return what is said of them."""
    return async_to_sync(send_async)(user_id, reps, at_once=at_once)


def verdicts_of(told: Sequence[Told]) -> list[tuple[int, int]]:
    return [(said.verdict, said.count) for said in told]


def read_one(user_id: str) -> SealedSession:
    (session_id,) = seal(user_id)
    sealed = get_store().read(SessionName(user_id, "squat", session_id))
    assert sealed is not None
    return sealed


def offsets(sealed: SealedSession) -> list[int]:
    return [rep.at_ms - STARTED_MS for rep in sealed.reps]


def forget(user_id: str, device: str = PHONE) -> None:
    """Take the device's memory away, as 48 hours or a failover do."""
    get_store().client.delete(get_key_space().device(user_id, device))


class SeqSuite:
    def setUp(self) -> None:
        self.athlete = new_athlete()

    def test_it_counts_a_seq_once(self) -> None:
        told = send(self.athlete, Sent(1, 0), Sent(1, 5000), Sent(2, 10_000), Sent(2, 15_000), Sent(1, 20_000))
        assert verdicts_of(told) == [(COUNTED, 1), (DUPLICATE, 1), (COUNTED, 2), (DUPLICATE, 2), (DUPLICATE, 2)]
        assert offsets(read_one(self.athlete)) == [0, 10_000]

    def test_it_takes_gaps_but_nothing_older(self) -> None:
        told = send(self.athlete, Sent(3, 0), Sent(90, 1000), Sent(4, 2000))
        assert verdicts_of(told) == [(COUNTED, 1), (COUNTED, 2), (DUPLICATE, 2)]

    def test_it_counts_a_seq_once_that_comes_twice_in_one_call(self) -> None:
        told = send(self.athlete, Sent(1, 0, 0), Sent(1, 0, 0), Sent(2, 0, 1000), Sent(2, 0, 1000), at_once=True)
        assert verdicts_of(told) == [(COUNTED, 1), (DUPLICATE, 1), (COUNTED, 2), (DUPLICATE, 2)]

    def test_it_settles_a_debounced_seq_too(self) -> None:
        told = send(self.athlete, Sent(1, 0), Sent(2, 100), Sent(2, 5000))
        assert verdicts_of(told) == [(COUNTED, 1), (DEBOUNCED, 1), (DUPLICATE, 1)]
        assert told[1].retry_after_ms == SQUAT_INTERVAL_MS - 100

    def test_it_numbers_across_exercises(self) -> None:
        told = send(self.athlete, Sent(1, 0), Sent(1, 5000, exercise="push_up"), Sent(2, 6000, exercise="push_up"))
        assert verdicts_of(told) == [(COUNTED, 1), (DUPLICATE, 0), (COUNTED, 1)]

    def test_it_keeps_devices_and_athletes_apart(self) -> None:
        told = send(self.athlete, Sent(7, 0), Sent(7, 1000, device=WATCH), Sent(8, 2000))
        assert verdicts_of(told) == [(COUNTED, 1), (COUNTED, 2), (COUNTED, 3)]
        assert verdicts_of(send(new_athlete(), Sent(7, 0))) == [(COUNTED, 1)]

    def test_it_knows_the_largest_seq_to_the_last_digit(self) -> None:
        told = send(self.athlete, Sent(MAX_SEQ - 1, 0), Sent(MAX_SEQ, 1000), Sent(MAX_SEQ, 2000))
        assert verdicts_of(told) == [(COUNTED, 1), (COUNTED, 2), (DUPLICATE, 2)]
        assert get_store().meet_device(self.athlete, PHONE, 0) == MAX_SEQ
        assert read_one(self.athlete).device_seqs == {PHONE: MAX_SEQ}

    def test_it_says_the_session_of_each_rep(self) -> None:
        first, again = send(self.athlete, Sent(1, 0), Sent(1, 100))
        assert first.session_id == again.session_id
        assert seal(self.athlete) == [first.session_id.decode()]
        again, new = send(self.athlete, Sent(1, 5000, known=1), Sent(2, 6000, known=1))
        assert again == Told(DUPLICATE, 0, 0, b"")
        assert new.verdict == COUNTED
        assert new.session_id not in (b"", first.session_id)

    def test_it_remembers_a_device_when_its_session_is_saved_and_gone(self) -> None:
        send(self.athlete, Sent(1, 0), Sent(2, 1000))
        (session_id,) = seal(self.athlete)
        get_store().clear(SessionName(self.athlete, "squat", session_id))
        assert verdicts_of(send(self.athlete, Sent(2, 60_000, known=2), Sent(1, 61_000, known=2))) == [(DUPLICATE, 0)] * 2
        assert seal(self.athlete) == []

    def test_it_tells_the_saved_session_how_far_each_device_came(self) -> None:
        send(self.athlete, Sent(5, 0), Sent(2, 1000, device=WATCH), Sent(6, 1100), Sent(3, 2000, device=WATCH))
        assert read_one(self.athlete).device_seqs == {PHONE: 6, WATCH: 3}  # the debounced one too


class TimeSuite:
    def setUp(self) -> None:
        self.athlete = new_athlete()

    def test_it_goes_by_the_devices_own_times(self) -> None:
        told = send(self.athlete, *(Sent(i, 0, i * 1000 - 9000) for i in range(1, 8)), at_once=True)
        assert verdicts_of(told) == [(COUNTED, i) for i in range(1, 8)]
        assert offsets(read_one(self.athlete)) == [i * 1000 - 9000 for i in range(1, 8)]

    def test_it_refuses_a_bounce_by_the_devices_own_times(self) -> None:
        told = send(self.athlete, Sent(1, 0, 0), Sent(2, 5000, 100), Sent(3, 10_000, SQUAT_INTERVAL_MS))
        assert verdicts_of(told) == [(COUNTED, 1), (DEBOUNCED, 1), (COUNTED, 2)]
        assert told[1].retry_after_ms == SQUAT_INTERVAL_MS - 100
        assert read_one(self.athlete).refusals == [Refusal(STARTED_MS + 100, "debounced")]

    def test_it_refuses_the_same_time_twice(self) -> None:
        assert verdicts_of(send(self.athlete, Sent(1, 3000, 0), Sent(2, 9000, 0))) == [(COUNTED, 1), (DEBOUNCED, 1)]

    def test_it_takes_the_arrival_where_time_goes_backwards(self) -> None:
        told = send(self.athlete, Sent(1, 0, 0), Sent(2, 1000, -1), Sent(3, 2000, 1500))
        assert verdicts_of(told) == [(COUNTED, 1), (COUNTED, 2), (COUNTED, 3)]
        sealed = read_one(self.athlete)
        assert offsets(sealed) == [0, 1000, 1500]
        assert sealed.distrusted == 1

    def test_it_takes_the_arrival_of_what_is_more_than_two_seconds_ahead(self) -> None:
        send(self.athlete, Sent(1, 0, 2000), Sent(2, 5000, 7001))
        sealed = read_one(self.athlete)
        assert offsets(sealed) == [2000, 5000]
        assert sealed.distrusted == 1

    def test_it_takes_the_arrival_of_what_is_older_than_a_day(self) -> None:
        send(self.athlete, Sent(1, 0, -DAY_MS - 1), Sent(1, 1000, 1000 - DAY_MS, device=WATCH))
        sealed = read_one(self.athlete)
        assert offsets(sealed) == [0, 1000 - DAY_MS]
        assert sealed.distrusted == 1

    def test_it_gains_nothing_by_a_clock_that_runs_away(self) -> None:
        told = send(self.athlete, *(Sent(i, i, i * 10_000) for i in range(1, 6)))
        assert verdicts_of(told) == [(COUNTED, 1), *[(DEBOUNCED, 1)] * 4]

    def test_it_gains_nothing_by_a_clock_that_jumps_ahead_and_back(self) -> None:
        told = send(self.athlete, *(Sent(i, i * 100, i * 100 + (1900 if i % 2 else -60_000)) for i in range(1, 41)))
        counted = offsets(read_one(self.athlete))
        assert len(counted) <= (4000 + 1900) // SQUAT_INTERVAL_MS + 1
        assert {said.verdict for said in told} == {COUNTED, DEBOUNCED}
        assert all(later - earlier >= SQUAT_INTERVAL_MS for earlier, later in itertools.pairwise(counted))

    def test_it_keeps_the_clock_of_the_first_hello_over_one_that_was_slow_or_fast(self) -> None:
        # the same clock, 3 s behind; the second hello took 800 ms, the third none
        told = send(
            self.athlete,
            Sent(1, 0, 0, offset=3000),
            Sent(2, 1000, 1800, offset=3800),
            Sent(3, 2000, 2000, offset=3000),
            Sent(4, 2100, 2000 + SQUAT_INTERVAL_MS, offset=3000),
        )
        assert verdicts_of(told) == [(COUNTED, i) for i in range(1, 5)]
        sealed = read_one(self.athlete)
        assert offsets(sealed) == [0, 1000, 2000, 2000 + SQUAT_INTERVAL_MS]
        assert sealed.distrusted == 0

    def test_it_takes_the_new_clock_where_it_was_set_anew(self) -> None:
        send(self.athlete, Sent(1, 0, 0, offset=3000), Sent(2, 60_000, 60_000, offset=90_000), Sent(3, 62_000, 61_900, offset=90_000))
        sealed = read_one(self.athlete)
        assert offsets(sealed) == [0, 60_000, 61_900]
        assert sealed.distrusted == 0

    def test_it_keeps_no_clock_that_would_lead_ahead(self) -> None:
        send(self.athlete, Sent(1, 0, 0, offset=9000), Sent(2, 1000, 1000, offset=1000))
        sealed = read_one(self.athlete)
        assert offsets(sealed) == [0, 1000]
        assert sealed.distrusted == 0

    def test_it_marks_what_comes_more_than_ten_seconds_late(self) -> None:
        send(self.athlete, Sent(1, 10_000, 0), Sent(2, 20_001, 10_000), Sent(3, 20_002))
        assert [rep.late for rep in read_one(self.athlete).reps] == [False, True, False]

    def test_it_takes_reps_from_before_the_first(self) -> None:
        told = send(self.athlete, Sent(1, 0, 0), Sent(1, 1000, -5000, device=WATCH), Sent(2, 2000, -3000, device=WATCH))
        assert verdicts_of(told) == [(COUNTED, 1), (COUNTED, 2), (COUNTED, 3)]
        sealed = read_one(self.athlete)
        assert sealed.reps == [Rep(STARTED_MS, 1, late=False), Rep(STARTED_MS - 5000, 2, late=False), Rep(STARTED_MS - 3000, 2, late=False)]

    def test_it_takes_an_hour_offline_at_once(self) -> None:
        reps = [Sent(i, 0, i * 2000 - 3_600_000) for i in range(1, 1501)]
        assert send(self.athlete, *reps, at_once=True)[-1][:2] == (COUNTED, 1500)
        sealed = read_one(self.athlete)
        assert offsets(sealed) == [rep.at for rep in reps]
        assert all(rep.late for rep in sealed.reps)


class TwoDevicesSuite:
    def setUp(self) -> None:
        self.athlete = new_athlete()

    def test_it_goes_by_the_arrival_between_devices(self) -> None:
        told = send(self.athlete, Sent(1, 10_000, 0), Sent(1, 10_100, 5000, device=WATCH), Sent(2, 10_450, 9000, device=WATCH))
        assert verdicts_of(told) == [(COUNTED, 1), (DEBOUNCED, 1), (COUNTED, 2)]
        assert told[1].retry_after_ms == SQUAT_INTERVAL_MS - 100

    def test_it_goes_by_the_arrival_between_a_device_and_a_plain_socket(self) -> None:
        train(self.athlete, 1)
        assert verdicts_of(send(self.athlete, Sent(1, 100, -9000), Sent(2, 500, -8000))) == [(DEBOUNCED, 1), (COUNTED, 2)]
        plain = count_reps(self.athlete, [STARTED_MS + 600, STARTED_MS + 950])
        assert [verdict and verdict[:2] for verdict in plain] == [(DEBOUNCED, 2), (COUNTED, 3)]

    def test_it_refuses_nobody_where_one_sends_an_offline_hour_while_another_counts(self) -> None:
        offline = (Sent(i, 2000 * i, 2500 * i - 3_600_000, device=WATCH) for i in range(1, 31))
        live = (Sent(i, 2000 * i + 50, 2000 * i) for i in range(1, 31))
        told = send(self.athlete, *(rep for pair in zip(offline, live, strict=True) for rep in pair))
        assert verdicts_of(told) == [(COUNTED, i) for i in range(1, 61)]

    def test_it_refuses_a_bounce_within_an_offline_hour_while_another_counts(self) -> None:
        told = send(
            self.athlete,
            Sent(1, 1000, -60_000, device=WATCH),
            Sent(1, 1100, 1000),
            Sent(2, 1200, -59_900, device=WATCH),
            Sent(3, 1300, -59_500, device=WATCH),
        )
        assert verdicts_of(told) == [(COUNTED, 1), (COUNTED, 2), (DEBOUNCED, 2), (COUNTED, 3)]
        assert told[2].retry_after_ms == SQUAT_INTERVAL_MS - 100

    def test_it_refuses_a_stalled_device_once_for_anothers_rep(self) -> None:
        stalled = (Sent(i, 10_100, 1000 * i, device=WATCH) for i in range(1, 10))
        told = send(self.athlete, Sent(1, 10_000, 10_000), *stalled)
        assert verdicts_of(told) == [(COUNTED, 1), (DEBOUNCED, 1), *[(COUNTED, i) for i in range(2, 10)]]
        train(athlete := new_athlete(), 1)
        told = send(athlete, *(Sent(i, 100, 1000 * i - 9000) for i in range(1, 10)))
        assert verdicts_of(told) == [(DEBOUNCED, 1), *[(COUNTED, i) for i in range(2, 10)]]

    def test_it_counts_once_what_two_devices_see_at_once(self) -> None:
        both = (Sent(i, 2000 * i + 100 * late, 2000 * i, device=device) for i in range(1, 20) for late, device in enumerate((PHONE, WATCH)))
        assert verdicts_of(send(self.athlete, *both))[-1] == (DEBOUNCED, 19)

    def test_it_gains_nothing_by_taking_turns(self) -> None:
        turns = (Sent(i, 50 * i + 10 * number, device=device) for i in range(1, 100) for number, device in enumerate((PHONE, WATCH, "d3")))
        assert send(self.athlete, *turns)[-1].count <= 5000 // SQUAT_INTERVAL_MS + 1

    def test_it_remembers_the_times_of_each_device_over_the_reps_of_others(self) -> None:
        told = send(self.athlete, Sent(1, 0, 0), Sent(1, 1000, 1000, device=WATCH), Sent(2, 2000, 100), Sent(2, 3000, 2900, device=WATCH))
        assert verdicts_of(told) == [(COUNTED, 1), (COUNTED, 2), (DEBOUNCED, 2), (COUNTED, 3)]
        count_reps(self.athlete, [STARTED_MS + 4000])
        assert verdicts_of(send(self.athlete, Sent(3, 5000, 3000, device=WATCH), Sent(3, 6000, 5900))) == [(DEBOUNCED, 4), (COUNTED, 5)]

    def test_it_numbers_the_devices_of_a_session(self) -> None:
        train(self.athlete, 1)
        send(self.athlete, Sent(1, 5000), Sent(1, 10_000, device=WATCH), Sent(2, 15_000))
        assert [rep.device for rep in read_one(self.athlete).reps] == [0, 1, 2, 1]

    def test_it_counts_for_more_devices_than_it_can_number(self) -> None:
        told = send(self.athlete, *(Sent(1, i * 1000, device=f"d{i}") for i in range(70)))
        assert verdicts_of(told) == [(COUNTED, i + 1) for i in range(70)]
        sealed = read_one(self.athlete)
        assert [rep.device for rep in sealed.reps] == [*range(1, 63), *[63] * 8]
        assert len(sealed.device_seqs) == 70
        assert offsets(sealed) == [i * 1000 for i in range(70)]


class MemorySuite:
    def setUp(self) -> None:
        self.athlete = new_athlete()

    def meet(self, saved_seq: int = 0, device: str = PHONE) -> int:
        return get_store().meet_device(self.athlete, device, saved_seq)

    def ttl(self) -> int:
        return int(get_store().client.ttl(get_key_space().device(self.athlete, PHONE)))

    def test_it_knows_nothing_of_a_new_device(self) -> None:
        assert self.meet() == 0
        assert self.ttl() == -2  # no key

    def test_it_says_the_higher_of_here_and_the_database(self) -> None:
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

    def test_it_remembers_for_48_hours_from_the_last_word(self) -> None:
        send(self.athlete, Sent(1, 0))
        assert MEMORY_S - 60 < self.ttl() <= MEMORY_S
        get_store().client.expire(get_key_space().device(self.athlete, PHONE), 100)
        self.meet()
        assert MEMORY_S - 60 < self.ttl() <= MEMORY_S
        get_store().client.expire(get_key_space().device(self.athlete, PHONE), 100)
        send(self.athlete, Sent(2, 5000))
        assert MEMORY_S - 60 < self.ttl() <= MEMORY_S

    def test_it_takes_the_databases_word_where_the_memory_expired(self) -> None:
        send(self.athlete, Sent(1, 0), Sent(2, 1000))
        seal(self.athlete)
        forget(self.athlete)
        assert self.meet(saved_seq=2) == 2
        assert verdicts_of(send(self.athlete, Sent(2, 60_000, known=2), Sent(3, 61_000, known=2))) == [(DUPLICATE, 0), (COUNTED, 1)]

    def test_it_settles_nothing_where_it_forgot_what_the_socket_knows(self) -> None:
        send(self.athlete, *(Sent(i, i * 1000) for i in range(1, 6)))
        forget(self.athlete)
        told = send(self.athlete, Sent(6, 60_000, known=5), Sent(7, 61_000, known=5))
        assert verdicts_of(told) == [(FORGOTTEN, 5)] * 2
        assert told[0].session_id != b""
        assert self.meet() == 0

    def test_it_forgets_to_an_earlier_seq_as_well(self) -> None:
        send(self.athlete, Sent(1, 0), Sent(2, 1000))
        assert verdicts_of(send(self.athlete, Sent(4, 5000, known=3))) == [(FORGOTTEN, 2)]
        assert self.meet() == 2
        told = send(self.athlete, Sent(3, 6000, known=2), Sent(4, 7000, known=3))
        assert verdicts_of(told) == [(COUNTED, 3), (COUNTED, 4)]

    def test_it_calls_a_repeat_a_repeat_whatever_the_socket_knows(self) -> None:
        send(self.athlete, Sent(1, 0), Sent(2, 1000))
        assert verdicts_of(send(self.athlete, Sent(2, 5000, known=99))) == [(DUPLICATE, 2)]

    def test_it_counts_all_again_that_is_sent_again_after_all_was_lost(self) -> None:
        reps = [Sent(i, 0, i * 1000 - 30_000) for i in range(1, 21)]
        send(self.athlete, *reps, at_once=True)
        client, keys = get_store().client, get_key_space().live(self.athlete, "squat")
        for key in (keys.session, keys.timeline, keys.mark):
            client.delete(key)
        forget(self.athlete)
        assert verdicts_of(send(self.athlete, Sent(21, 5000, known=20))) == [(FORGOTTEN, 0)]
        assert self.meet() == 0
        assert send(self.athlete, *reps, at_once=True)[-1][:2] == (COUNTED, 20)
        assert offsets(read_one(self.athlete)) == [rep.at for rep in reps]


class StatusSuite:
    def test_it_tells_what_is_live(self) -> None:
        athlete = new_athlete()
        assert get_store().live_sessions(athlete, ["push_up", "squat"]) == []
        (squat,) = send(athlete, Sent(1, 0))
        _, push_up = send(athlete, Sent(2, 1000, exercise="push_up"), Sent(3, 2000, exercise="push_up"))
        sessions = [LiveSession("push_up", push_up.session_id.decode(), 2), LiveSession("squat", squat.session_id.decode(), 1)]
        assert get_store().live_sessions(athlete, ["push_up", "pull_up", "squat"]) == sessions
        seal(athlete)
        assert get_store().live_sessions(athlete, ["push_up", "pull_up", "squat"]) == sessions[:1]

    def test_it_keeps_the_memory_of_a_device_under_the_athletes_tag(self) -> None:
        space = KeySpace("p")
        assert space.device("ann", PHONE).split(b"}")[0] == space.live("ann", "squat").mark.split(b"}")[0]


class SeqTests(SeqSuite, OnSingle):
    pass


class SeqClusterTests(SeqSuite, OnCluster):
    pass


class SeqSentinelTests(SeqSuite, OnSentinel):
    pass


class TimeTests(TimeSuite, OnSingle):
    pass


class TimeClusterTests(TimeSuite, OnCluster):
    pass


class TimeSentinelTests(TimeSuite, OnSentinel):
    pass


class TwoDevicesTests(TwoDevicesSuite, OnSingle):
    pass


class TwoDevicesClusterTests(TwoDevicesSuite, OnCluster):
    pass


class TwoDevicesSentinelTests(TwoDevicesSuite, OnSentinel):
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
