"""Reps that two devices or more see, by their times: device.lua, gates.lua on each Redis."""

from workouts.live.counting.verdicts import COUNTED, DEBOUNCED, OTHER_DEVICE
from workouts.tests.support.backends import OnCluster, OnSentinel, OnSingle
from workouts.tests.support.cast import (
    SQUAT_INTERVAL_MS,
    STARTED_MS,
    count_reps,
    gates,
    new_athlete,
    train,
)
from workouts.tests.support.sent import PHONE, WATCH, Sent, offsets, read_one, send, verdicts_of

MAX_DEVICES = 16


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


class TwoDevicesTests(TwoDevicesSuite, OnSingle):
    pass


class TwoDevicesClusterTests(TwoDevicesSuite, OnCluster):
    pass


class TwoDevicesSentinelTests(TwoDevicesSuite, OnSentinel):
    pass
