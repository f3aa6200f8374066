"""What the scripts keep in Redis, which servers of an earlier release wrote and read."""

from workouts.live.counting.verdicts import COUNTED, DEBOUNCED, DUPLICATE, OTHER_DEVICE
from workouts.live.runtime import get_live_store, get_redis_key_space
from workouts.tests.support.backends import OnCluster, OnSingle
from workouts.tests.support.cast import STARTED_MS, new_athlete, seal
from workouts.tests.support.sent import PHONE, WATCH, Sent, send, verdicts_of


class FormatSuite:
    def setUp(self) -> None:
        self.athlete = new_athlete()
        self.client = get_live_store().client

    def test_the_mark_and_the_counted_times_keep_their_formats(self) -> None:
        keys, start = get_redis_key_space().live(self.athlete, "squat"), STARTED_MS
        phone = f"|phone 1 {start} 0 0"
        self.client.set(keys.mark, f"{start} 0 {start} 1 0 1{phone}", ex=60)
        self.client.rpush(keys.times, start * 64 + 1)
        told = send(
            self.athlete,
            Sent(1, 90, 100, device=WATCH),
            Sent(2, 200, 200, device=WATCH),
            Sent(1, 5000, 4900),
        )
        assert verdicts_of(told) == [(OTHER_DEVICE, 0), (DEBOUNCED, 0), (COUNTED, 1)]
        watch, later = f"|watch 2 {start + 100} {start} 25", f"{start + 5000} 0 {start + 4900}"
        assert self.client.get(keys.mark).decode() == (
            f"{later} 1 0 2|phone 1 {start + 4900} 0 0{watch}"
        )
        seal(self.athlete)
        packed = [b"%d" % ((start + time) * 64 + 1) for time in (0, 4900)]
        assert self.client.lrange(keys.times, 0, -1) == packed

    def test_the_memory_of_a_device_keeps_its_format(self) -> None:
        memory = get_redis_key_space().device(self.athlete, PHONE)
        self.client.set(memory, f"5 {STARTED_MS} 800", ex=60)
        told = send(self.athlete, Sent(5, 0, 0, offset=800), Sent(6, 1000, 900, offset=700))
        assert verdicts_of(told) == [(DUPLICATE, 0), (COUNTED, 1)]
        assert self.client.get(memory).decode() == f"6 {STARTED_MS + 1000} 800"


class FormatTests(FormatSuite, OnSingle):
    pass


class FormatClusterTests(FormatSuite, OnCluster):
    pass
