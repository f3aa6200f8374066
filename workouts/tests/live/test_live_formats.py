"""What the scripts keep in Redis, which servers of an earlier release wrote and read."""

from workouts.live.counting.verdicts import COUNTED, DEBOUNCED, DUPLICATE
from workouts.live.runtime import get_live_store, get_redis_key_space
from workouts.tests.support.backends import OnCluster, OnSingle
from workouts.tests.support.cast import STARTED_MS, new_athlete
from workouts.tests.support.sent import PHONE, WATCH, Sent, send, verdicts_of


class FormatSuite:
    def setUp(self) -> None:
        self.athlete = new_athlete()
        self.client = get_live_store().client

    def test_the_mark_keeps_its_format(self) -> None:
        mark = get_redis_key_space().live(self.athlete, "squat").mark
        self.client.set(mark, f"{STARTED_MS} 0 phone|phone {STARTED_MS} 0 0", ex=60)
        watch = send(self.athlete, Sent(1, 100, 100, device=WATCH))
        assert verdicts_of(watch) == [(DEBOUNCED, 0)]
        head, phone = f"{STARTED_MS} 0 phone", f"|phone {STARTED_MS} 0 0"
        assert self.client.get(mark).decode() == (
            f"{head}|watch {STARTED_MS} 100 {STARTED_MS}{phone}"
        )
        later_ms = STARTED_MS + 5000
        assert verdicts_of(send(self.athlete, Sent(1, 5000, 5000))) == [(COUNTED, 1)]
        assert self.client.get(mark).decode() == (
            f"{later_ms} 0 phone|phone {later_ms} 0 0|watch {STARTED_MS} 100 {STARTED_MS}"
        )

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
