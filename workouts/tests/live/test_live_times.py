"""Whose time counts, within a device and between two: device.lua, gates.lua on each Redis."""

import itertools

from workouts.live.counting.verdicts import COUNTED, DEBOUNCED, OTHER_DEVICE
from workouts.live.timeline import CountedRep, RefusedRep
from workouts.tests.support.backends import OnCluster, OnSentinel, OnSingle
from workouts.tests.support.cast import (
    SQUAT_INTERVAL_MS,
    STARTED_MS,
    count_reps,
    gates,
    new_athlete,
    train,
)
from workouts.tests.support.sent import (
    DAY_MS,
    PHONE,
    WATCH,
    Sent,
    offsets,
    read_one,
    send,
    verdicts_of,
)

MAX_DEVICES = 16


class TimeSuite:
    def setUp(self) -> None:
        self.athlete = new_athlete()

    def test_it_uses_the_devices_own_times(self) -> None:
        told = send(self.athlete, *(Sent(i, 0, i * 1000 - 9000) for i in range(1, 8)), at_once=True)
        assert verdicts_of(told) == [(COUNTED, i) for i in range(1, 8)]
        assert offsets(read_one(self.athlete)) == [i * 1000 - 9000 for i in range(1, 8)]

    def test_it_refuses_a_bounce_by_the_devices_own_times(self) -> None:
        told = send(
            self.athlete, Sent(1, 0, 0), Sent(2, 5000, 100), Sent(3, 10_000, SQUAT_INTERVAL_MS)
        )
        assert verdicts_of(told) == [(COUNTED, 1), (DEBOUNCED, 1), (COUNTED, 2)]
        assert told[1].retry_after_ms == SQUAT_INTERVAL_MS - 100
        assert read_one(self.athlete).refusals == [RefusedRep(STARTED_MS + 100, "debounced")]

    def test_it_refuses_the_same_time_twice(self) -> None:
        assert verdicts_of(send(self.athlete, Sent(1, 3000, 0), Sent(2, 9000, 0))) == [
            (COUNTED, 1),
            (DEBOUNCED, 1),
        ]

    def test_it_uses_the_arrival_if_time_goes_backwards(self) -> None:
        told = send(self.athlete, Sent(1, 0, 0), Sent(2, 1000, -1), Sent(3, 2000, 1500))
        assert verdicts_of(told) == [(COUNTED, 1), (COUNTED, 2), (COUNTED, 3)]
        sealed = read_one(self.athlete)
        assert offsets(sealed) == [0, 1000, 1500]
        assert sealed.distrusted == 1

    def test_it_uses_the_arrival_of_a_rep_over_two_seconds_ahead(self) -> None:
        send(self.athlete, Sent(1, 0, 2000), Sent(2, 5000, 7001))
        sealed = read_one(self.athlete)
        assert offsets(sealed) == [2000, 5000]
        assert sealed.distrusted == 1

    def test_it_uses_the_arrival_of_a_rep_older_than_a_day(self) -> None:
        send(self.athlete, Sent(1, 0, -DAY_MS - 1), Sent(1, 1000, 1000 - DAY_MS, device=WATCH))
        sealed = read_one(self.athlete)
        assert offsets(sealed) == [0, 1000 - DAY_MS]
        assert sealed.distrusted == 1

    def test_a_clock_that_runs_away_gains_nothing(self) -> None:
        told = send(self.athlete, *(Sent(i, i, i * 10_000) for i in range(1, 6)))
        assert verdicts_of(told) == [(COUNTED, 1), *[(DEBOUNCED, 1)] * 4]

    def test_a_clock_that_jumps_ahead_and_back_gains_nothing(self) -> None:
        told = send(
            self.athlete,
            *(Sent(i, i * 100, i * 100 + (1900 if i % 2 else -60_000)) for i in range(1, 41)),
        )
        counted = offsets(read_one(self.athlete))
        assert len(counted) <= (4000 + 1900) // SQUAT_INTERVAL_MS + 1
        assert {said.verdict for said in told} == {COUNTED, DEBOUNCED}
        assert all(
            later - earlier >= SQUAT_INTERVAL_MS for earlier, later in itertools.pairwise(counted)
        )

    def test_a_clock_that_is_a_little_ahead_loses_no_rep(self) -> None:
        # as after a hello that took 2.2 s: some times are more than 2 s ahead, some are not
        told = send(
            self.athlete,
            Sent(1, 250, 2200),
            Sent(2, 1500, 3600),
            Sent(3, 2950, 5000),
            Sent(4, 4400, 6300),
            Sent(5, 4800, 6500),
        )
        assert verdicts_of(told) == [*[(COUNTED, i) for i in range(1, 5)], (DEBOUNCED, 4)]
        sealed = read_one(self.athlete)
        assert (offsets(sealed), sealed.distrusted) == ([2200, 2650, 3100, 6300], 2)

    def test_it_keeps_the_offset_of_the_first_hello_over_a_slower_or_faster_one(self) -> None:
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

    def test_it_takes_the_new_offset_if_the_clock_was_set(self) -> None:
        send(
            self.athlete,
            Sent(1, 0, 0, offset=3000),
            Sent(2, 60_000, 60_000, offset=90_000),
            Sent(3, 62_000, 61_900, offset=90_000),
        )
        sealed = read_one(self.athlete)
        assert offsets(sealed) == [0, 60_000, 61_900]
        assert sealed.distrusted == 0

    def test_it_keeps_no_offset_that_leads_too_far_ahead(self) -> None:
        send(self.athlete, Sent(1, 0, 0, offset=9000), Sent(2, 1000, 1000, offset=1000))
        sealed = read_one(self.athlete)
        assert offsets(sealed) == [0, 1000]
        assert sealed.distrusted == 0

    def test_it_counts_on_after_the_servers_clock_was_set_back(self) -> None:
        before = [Sent(i, 2000 * i, 2000 * i, offset=0) for i in range(1, 11)]
        for back in (20_000, 3_600_000):
            now = [2000 * i - back for i in range(11, 21)]
            ways = {
                "as before": [(time + back, 0) for time in now],
                "after a hello": [(time, -back) for time in now],
                "no time": [(None, None) for _ in now],
            }
            for way, times in ways.items():
                with self.subTest(way, back=back):
                    after = [
                        Sent(seq, arrival, at, offset=offset)
                        for seq, (arrival, (at, offset)) in enumerate(
                            zip(now, times, strict=True), 11
                        )
                    ]
                    told = send(new_athlete(), *before, *after)
                    assert {said.verdict for said in told} == {COUNTED}

    def test_it_marks_reps_that_come_over_ten_seconds_late(self) -> None:
        send(self.athlete, Sent(1, 10_000, 0), Sent(2, 20_001, 10_000), Sent(3, 20_002))
        assert [rep.late for rep in read_one(self.athlete).reps] == [False, True, False]

    def test_it_accepts_reps_from_before_the_first(self) -> None:
        told = send(
            self.athlete,
            Sent(1, 0, 0),
            Sent(1, 1000, -5000, device=WATCH),
            Sent(2, 2000, -3000, device=WATCH),
        )
        assert verdicts_of(told) == [(COUNTED, 1), (COUNTED, 2), (COUNTED, 3)]
        sealed = read_one(self.athlete)
        assert sealed.reps == [
            CountedRep(STARTED_MS, 1, late=False),
            CountedRep(STARTED_MS - 5000, 2, late=False),
            CountedRep(STARTED_MS - 3000, 2, late=False),
        ]

    def test_it_accepts_an_hour_offline_at_once(self) -> None:
        reps = [Sent(i, 0, i * 2000 - 3_600_000) for i in range(1, 1501)]
        assert send(self.athlete, *reps, at_once=True)[-1][:2] == (COUNTED, 1500)
        sealed = read_one(self.athlete)
        assert offsets(sealed) == [rep.at for rep in reps]
        assert all(rep.late for rep in sealed.reps)


class TwoDevicesSuite:
    def setUp(self) -> None:
        self.athlete = new_athlete()

    def test_it_compares_their_own_times(self) -> None:
        told = send(
            self.athlete,
            Sent(1, 10_000, 0),
            Sent(1, 10_100, 5000, device=WATCH),
            Sent(2, 10_450, 9000, device=WATCH),
        )
        assert verdicts_of(told) == [(COUNTED, 1), (COUNTED, 2), (COUNTED, 3)]

    def test_a_plain_socket_is_another_device_that_goes_by_arrival(self) -> None:
        train(self.athlete, 1)
        told = send(self.athlete, Sent(1, 100, -9000), Sent(2, 500, -8000), Sent(3, 600, 300))
        assert verdicts_of(told) == [(COUNTED, 2), (COUNTED, 3), (OTHER_DEVICE, 3)]
        plain = count_reps(self.athlete, [STARTED_MS + 600, STARTED_MS + 950])
        assert [verdict and verdict[:2] for verdict in plain] == [(DEBOUNCED, 3), (COUNTED, 4)]

    def test_an_offline_hour_and_live_reps_of_another_device_all_count(self) -> None:
        offline = (Sent(i, 2000 * i, 2500 * i - 3_600_000, device=WATCH) for i in range(1, 31))
        live = (Sent(i, 2000 * i + 50, 2000 * i) for i in range(1, 31))
        told = send(
            self.athlete, *(rep for pair in zip(offline, live, strict=True) for rep in pair)
        )
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

    def test_a_stalled_device_goes_by_its_own_times(self) -> None:
        stalled = (Sent(i, 10_100, 1000 * i, device=WATCH) for i in range(1, 10))
        told = send(self.athlete, Sent(1, 10_000, 10_000), *stalled)
        assert verdicts_of(told) == [(COUNTED, i) for i in range(1, 11)]
        train(athlete := new_athlete(), 1)
        told = send(athlete, *(Sent(i, 100, 1000 * i - 9000) for i in range(1, 10)))
        assert verdicts_of(told) == [*[(COUNTED, i) for i in range(2, 10)], (OTHER_DEVICE, 9)]

    def test_it_counts_once_what_two_devices_see_at_once(self) -> None:
        both = (
            Sent(i, 2000 * i + 100 * late, 2000 * i, device=device)
            for i in range(1, 20)
            for late, device in enumerate((PHONE, WATCH))
        )
        assert verdicts_of(send(self.athlete, *both))[-1] == (OTHER_DEVICE, 19)

    def test_it_counts_once_after_the_servers_clock_was_set_back(self) -> None:
        for back in (20_000, 3_600_000):
            times = [2000 * i - (back if i > 10 else 0) for i in range(1, 31)]
            both = (
                Sent(seq, time + lag, time + lag, device=device)
                for seq, time in enumerate(times, 1)
                for lag, device in ((0, PHONE), (300, WATCH))
            )
            told = send(new_athlete(), *both, limits=gates(max_per_minute=85))
            assert [said.verdict for said in told] == [COUNTED, OTHER_DEVICE] * 30

    def test_a_counted_rep_stands_for_one_rep_of_another_device(self) -> None:
        told = send(
            self.athlete,
            Sent(1, 0, 0),
            Sent(1, 100, 100, device=WATCH),
            Sent(2, 300, 300, device=WATCH),
            Sent(3, 600, 600, device=WATCH),
        )
        assert verdicts_of(told) == [
            (COUNTED, 1), (OTHER_DEVICE, 1), (DEBOUNCED, 1), (COUNTED, 2)
        ]  # fmt: skip
        assert [said.retry_after_ms for said in told] == [0, 0, SQUAT_INTERVAL_MS - 200, 0]

    def test_devices_that_take_turns_gain_nothing(self) -> None:
        turns = (
            Sent(i, 50 * i + 10 * number, device=device)
            for i in range(1, 100)
            for number, device in enumerate((PHONE, WATCH, "d3"))
        )
        assert send(self.athlete, *turns)[-1].count <= 5000 // SQUAT_INTERVAL_MS + 1

    def test_it_remembers_each_devices_times_over_the_reps_of_others(self) -> None:
        told = send(
            self.athlete,
            Sent(1, 0, 0),
            Sent(1, 1500, 1500, device=WATCH),
            Sent(2, 2000, 100),
            Sent(2, 3000, 2900, device=WATCH),
        )
        assert verdicts_of(told) == [(COUNTED, 1), (COUNTED, 2), (DEBOUNCED, 2), (COUNTED, 3)]
        count_reps(self.athlete, [STARTED_MS + 4000])
        assert verdicts_of(
            send(self.athlete, Sent(3, 5000, 3000, device=WATCH), Sent(3, 6000, 5900))
        ) == [(DEBOUNCED, 4), (COUNTED, 5)]

    def test_it_numbers_the_devices_of_a_session(self) -> None:
        train(self.athlete, 1)
        send(self.athlete, Sent(1, 5000), Sent(1, 10_000, device=WATCH), Sent(2, 15_000))
        assert [rep.device for rep in read_one(self.athlete).reps] == [0, 1, 2, 1]

    def test_it_counts_for_more_devices_than_it_can_number(self) -> None:
        told = send(self.athlete, *(Sent(1, i * 3000, device=f"d{i}") for i in range(70)))
        assert verdicts_of(told) == [(COUNTED, i + 1) for i in range(70)]
        sealed = read_one(self.athlete)
        assert [rep.device for rep in sealed.reps] == [*range(1, 64), *range(1, 8)]
        assert offsets(sealed) == [i * 3000 for i in range(70)]

    def test_it_forgets_the_device_that_was_idle_longest_when_there_are_too_many(self) -> None:
        devices = [f"d{i}" for i in range(MAX_DEVICES)]
        send(self.athlete, *(Sent(1, i * 3000, device=each) for i, each in enumerate(devices)))
        send(
            self.athlete,
            Sent(2, 60_000, device=devices[0]),
            *(Sent(1, 63_000 + i * 3000, device=f"new{i}") for i in range(2)),
        )
        left = {*devices, "new0", "new1"} - {devices[1], devices[2]}
        assert read_one(self.athlete).device_seqs.keys() == left


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
