"""Whatever the devices say, an athlete has one body: how phones, watches and scripts count."""

from collections.abc import Iterable

from workouts.fairness.evidence import MINUTE_MS
from workouts.fairness.pace_flags import find_fastest_pace_within
from workouts.live.counting.verdicts import COUNTED, OTHER_DEVICE, PACE, SESSION_FULL
from workouts.live.runtime import get_live_store, get_redis_key_space
from workouts.live.timeline import OtherDeviceRep
from workouts.tests.support.backends import OnSingle
from workouts.tests.support.cast import STARTED_MS, gates, new_athlete, seal
from workouts.tests.support.sent import PHONE, WATCH, Sent, offsets, read_one, send, verdicts_of

SQUATS = gates(max_per_minute=85)
HOUR_MS = 3_600_000


def send_in_order(athlete: str, reps: Iterable[Sent]) -> list[int]:
    """Send reps as they arrive, and return their verdicts."""
    ordered = sorted(reps, key=lambda rep: rep.arrival)
    return [told.verdict for told in send(athlete, *ordered, limits=SQUATS)]


class ManyDevicesTests(OnSingle):
    def setUp(self) -> None:
        self.athlete = new_athlete()

    def test_a_phone_and_a_watch_on_one_body_count_once(self) -> None:
        phone = [Sent(i, 2000 * i, 2000 * i) for i in range(8)]
        watch = [Sent(i, 2000 * i + 700, 2000 * i + 700, device=WATCH) for i in range(8)]
        numbered = [rep._replace(seq=rep.seq + 1) for rep in (*phone, *watch)]
        send_in_order(self.athlete, numbered)
        sealed = read_one(self.athlete)
        assert offsets(sealed) == [2000 * i for i in range(8)]
        assert sealed.others == [OtherDeviceRep(STARTED_MS + 2000 * i + 700, 2) for i in range(8)]
        assert sealed.refused_counts == {}
        assert sealed.device_seqs == {PHONE: 8, WATCH: 8}

    def test_what_one_misses_the_other_fills_in(self) -> None:
        phone = [Sent(i, 2000 * i, 2000 * i) for i in range(1, 21) if i % 5]
        watch = [
            Sent(i, 2000 * i + 300, 2000 * i + 300, device=WATCH) for i in range(1, 21) if i % 7
        ]
        send_in_order(self.athlete, (*phone, *watch))
        assert len(read_one(self.athlete).reps) == 20

    def test_a_watch_that_was_offline_adds_nothing_after_the_finish(self) -> None:
        send_in_order(self.athlete, [Sent(i, 2000 * i, 2000 * i) for i in range(1, 11)])
        assert len(read_one(self.athlete).reps) == 10
        late = [
            Sent(i, HOUR_MS, 2000 * i + 300, device=WATCH) for i in range(1, 12)
        ]  # the last one is its own
        told = send(self.athlete, *late, limits=SQUATS)
        assert verdicts_of(told) == [*[(OTHER_DEVICE, 0)] * 10, (COUNTED, 1)]

    def test_the_counted_times_stay_in_order_whatever_the_order_of_the_reps(self) -> None:
        ats = {PHONE: [0, 9000, 12_000], WATCH: [3000, 6000, 15_000]}
        reps = [
            Sent(seq, HOUR_MS + seq, at, device=device)
            for device in (WATCH, PHONE)
            for seq, at in enumerate(ats[device], 1)
        ]
        told = send(self.athlete, *reps, limits=SQUATS)
        assert {said.verdict for said in told} == {COUNTED}
        seal(self.athlete)
        times = get_redis_key_space().live(self.athlete, "squat").times
        listed = [int(packed) for packed in get_live_store().client.lrange(times, 0, -1)]
        assert listed == sorted(listed)
        assert len(listed) == 6

    def test_made_up_devices_at_once_are_one_body(self) -> None:
        for number in (4, 5, 6):
            athlete = new_athlete()
            told = send_in_order(
                athlete,
                (
                    Sent(rep + 1, 2000 * rep + device, 2000 * rep + device, device=f"d{device}")
                    for rep in range(20)
                    for device in range(number)
                ),
            )
            assert told.count(COUNTED) == 20
            assert told.count(OTHER_DEVICE) == 20 * (number - 1)

    def test_made_up_late_reps_of_many_devices_are_held_to_the_ceiling(self) -> None:
        # six devices, 10 reps a second between them
        told = send_in_order(
            self.athlete,
            (
                Sent(rep + 1, HOUR_MS + rep, rep * 600 + device * 100, device=f"d{device}")
                for rep in range(500)
                for device in range(6)
            ),
        )
        assert PACE in told
        times = sorted(offsets(read_one(self.athlete)))
        assert find_fastest_pace_within(times, MINUTE_MS) <= 86

    def test_no_order_of_late_reps_fits_more_into_a_minute(self) -> None:
        parts = {"d1": (0, 54), "d2": (105, 26), "d3": (54, 51)}  # the last is in between
        told = send(
            self.athlete,
            *(
                Sent(rep + 1, HOUR_MS + rep, (first + rep) * 460, device=device)
                for device, (first, reps) in parts.items()
                for rep in range(reps)
            ),
            limits=SQUATS,
        )
        assert told[-1].verdict == PACE
        times = sorted(offsets(read_one(self.athlete)))
        assert find_fastest_pace_within(times, MINUTE_MS) == 85

    def test_late_reps_of_another_device_pay_off_no_pace(self) -> None:
        fast = [Sent(i, 460 * i, 460 * i) for i in range(1, 201)]
        late = [
            Sent(i, 4600 * i + 1, 5000 * i - HOUR_MS, device=WATCH) for i in range(1, 21)
        ]  # one for ten
        alone = send_in_order(new_athlete(), fast).count(COUNTED)
        assert alone < 200
        assert send_in_order(self.athlete, [*fast, *late]).count(COUNTED) == alone + 20

    def test_a_fast_pace_is_the_same_however_many_devices_share_it(self) -> None:
        counted = []
        for number in (1, 3):
            reps = (
                Sent(rep // number + 1, rep * 500, rep * 500, device=f"d{rep % number}")
                for rep in range(600)
            )
            counted.append(send_in_order(new_athlete(), reps).count(COUNTED))
        assert counted[1] <= counted[0]

    def test_reps_that_another_device_had_counted_are_listed_as_long_as_a_session(self) -> None:
        made_up = (Sent(1, 1, 1, device=f"d{i}") for i in range(150))
        told = send(self.athlete, Sent(1, 0, 0), *made_up, limits=gates(max_per_session=100))
        assert [said.verdict for said in told].count(OTHER_DEVICE) > 100
        assert len(read_one(self.athlete).others) == 100

    def test_devices_that_had_nothing_but_refusals_are_not_saved(self) -> None:
        made_up = [Sent(1, 30_000, 30_000, device=f"d{i}") for i in range(60)]
        reps = [Sent(i, 2000 * i, 2000 * i) for i in range(1, 6)]
        told = send(self.athlete, *reps, *made_up, limits=gates(max_per_session=5))
        assert {said.verdict for said in told[5:]} == {SESSION_FULL}
        assert read_one(self.athlete).device_seqs == {PHONE: 5}
