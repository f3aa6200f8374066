"""The newest reps of live sessions, as walls read them, on each kind of Redis."""

from workouts.live.runtime import get_live_store, get_redis_key_space
from workouts.live.sessions import SessionName
from workouts.tests.support.backends import OnCluster, OnSentinel, OnSingle
from workouts.tests.support.cast import new_athlete, seal, train
from workouts.tests.support.sent import WATCH, Sent, send


class LiveTailsSuite:
    def setUp(self) -> None:
        self.athlete = new_athlete()
        self.name = SessionName(self.athlete, "squat")

    def tail(self, known: int = 0) -> list[int]:
        return get_live_store().live_tails({self.name: known})[self.name].times_ms

    def test_it_returns_only_the_reps_after_those_that_are_known(self) -> None:
        train(self.athlete, 5)
        assert self.tail() == [0, 2000, 4000, 6000, 8000]
        assert self.tail(3) == [6000, 8000]
        assert self.tail(5) == []

    def test_it_reads_sessions_of_many_athletes_at_once(self) -> None:
        reps = {SessionName(new_athlete(), "squat"): count for count in range(1, 9)}
        for name, count in reps.items():
            train(name.user_id, count)
        tails = get_live_store().live_tails(dict.fromkeys([*reps, self.name], 0))
        assert {name: len(tail.times_ms) for name, tail in tails.items()} == reps

    def test_a_late_rep_may_be_earlier_than_the_first(self) -> None:
        send(self.athlete, Sent(1, 60_000, 60_000), Sent(1, 61_000, 30_000, WATCH))
        assert self.tail() == [0, -30_000]

    def test_a_session_that_begins_anew_has_another_id(self) -> None:
        train(self.athlete, 2)
        before = get_live_store().live_tails({self.name: 0})[self.name]
        assert seal(self.athlete) == [before.session_id]
        assert get_live_store().live_tails({self.name: 0}) == {}
        get_live_store().client.delete(get_redis_key_space().live(self.athlete, "squat").mark)
        train(self.athlete, 1)
        after = get_live_store().live_tails({self.name: 0})[self.name]
        assert (after.session_id != before.session_id, after.times_ms) == (True, [0])


class LiveTailsTests(LiveTailsSuite, OnSingle):
    pass


class LiveTailsClusterTests(LiveTailsSuite, OnCluster):
    pass


class LiveTailsSentinelTests(LiveTailsSuite, OnSentinel):
    pass
