"""What Redis holds about an athlete, found and erased on each kind of Redis."""

from workouts.live.keys import RedisKeySpace
from workouts.live.runtime import get_live_store
from workouts.live.traces import erase_live_traces, find_live_traces, read_live_traces
from workouts.tests.support.backends import OnCluster, OnSentinel, OnSingle
from workouts.tests.support.cast import new_athlete, train
from workouts.tests.support.people import find_keys_with, leave_traces_in_redis


class TracesSuite:
    def setUp(self) -> None:
        self.user_id, self.other = new_athlete(), new_athlete()
        for user_id in (self.user_id, self.other):
            leave_traces_in_redis(user_id, "phone")

    def test_everything_of_one_athlete_is_erased(self) -> None:
        store = get_live_store()
        before = find_live_traces(store, self.other)
        assert erase_live_traces(store, self.user_id) > 10
        assert [*find_keys_with([self.user_id])] == []
        assert not find_live_traces(store, self.user_id)
        assert find_live_traces(store, self.other) == before
        assert erase_live_traces(store, self.user_id) == 0

    def test_all_kinds_of_keys_are_found(self) -> None:
        kinds = {
            name.partition(":")[0] for name, _ in read_live_traces(get_live_store(), self.user_id)
        }
        assert kinds == {
            "mark", "session", "timeline", "times", "waiting", "device", "devices", "sealed",
            "parked",
        }  # fmt: skip


class SingleTests(TracesSuite, OnSingle):
    pass


class ClusterTests(TracesSuite, OnCluster):
    pass


class SentinelTests(TracesSuite, OnSentinel):
    pass


class PrefixTests(OnSingle):
    def test_a_prefix_with_wildcards_stands_for_itself(self) -> None:
        assert RedisKeySpace("a*[b]?").pattern_of_tag(1) == rb"a\*\[b\]\?:{01}:*"
        assert RedisKeySpace("plain").pattern_of_tag(255) == b"plain:{ff}:*"

    def test_other_peoples_keys_are_not_taken_for_theirs(self) -> None:
        space = RedisKeySpace("p")
        own = space.live("ann", "squat")
        assert space.belongs_to(own.session, "ann")
        assert space.belongs_to(space.devices("ann"), "ann")
        for key in (
            space.devices("x:ann"),
            space.device("x:ann", "phone"),
            space.live("x:ann", "squat").session,
            space.live("anna", "squat").session,
            space.sealed(own, "id").timeline,
            space.progress("ann", "token"),
            own.live_index,
        ):
            assert not space.belongs_to(key, "ann"), key
        assert not space.belongs_to(space.sealed(own, "id").timeline, "timeline")
        train("timeline")
        assert find_live_traces(get_live_store(), "timeline").keys
        erase_live_traces(get_live_store(), "timeline")
