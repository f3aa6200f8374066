"""Whose time counts, the device's own or the arrival: device.lua, gates.lua on each Redis."""

import itertools

from workouts.live.counting.verdicts import COUNTED, DEBOUNCED
from workouts.live.timeline import CountedRep, RefusedRep
from workouts.tests.support.backends import OnCluster, OnSentinel, OnSingle
from workouts.tests.support.cast import SQUAT_INTERVAL_MS, STARTED_MS, new_athlete
from workouts.tests.support.sent import DAY_MS, WATCH, Sent, offsets, read_one, send, verdicts_of


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


class TimeTests(TimeSuite, OnSingle):
    pass


class TimeClusterTests(TimeSuite, OnCluster):
    pass


class TimeSentinelTests(TimeSuite, OnSentinel):
    pass
