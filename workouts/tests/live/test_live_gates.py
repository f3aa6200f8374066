"""The ceilings: gates.lua, on each kind of Redis."""

from django.conf import settings
from redis.exceptions import ResponseError

from workouts.live.counting.packing import PackedGates
from workouts.live.counting.verdicts import COUNTED, DEBOUNCED, DUPLICATE, PACE, SESSION_FULL
from workouts.live.runtime import get_live_store, get_redis_key_space
from workouts.live.timeline import RefusedRep
from workouts.tests.support.backends import OnCluster, OnSentinel, OnSingle
from workouts.tests.support.cast import STARTED_MS, Result, count_reps, gates, new_athlete, seal
from workouts.tests.support.sent import PHONE, WATCH, Sent, Told, read_one, send, verdicts_of

SHARE_MS = 600  # of a minute, at 100 reps
BURST = 11  # reps at once that 6 s of tolerance allow, at that
FAST: PackedGates = gates(1, max_per_minute=100)
KIB = 1024


def pace(user_id: str, interval_ms: int, reps: int, *, started_ms: int = 0) -> list[Result | None]:
    return count_reps(
        user_id, [STARTED_MS + started_ms + i * interval_ms for i in range(reps)], limits=FAST
    )


def kinds(verdicts: list[Result | None]) -> list[int]:
    return [verdict.verdict for verdict in verdicts if verdict]


class PaceSuite:
    def setUp(self) -> None:
        self.athlete = new_athlete()

    def test_it_counts_reps_at_the_ceiling_for_ever(self) -> None:
        assert kinds(pace(self.athlete, SHARE_MS, 300)) == [COUNTED] * 300

    def test_it_allows_a_burst_and_then_the_ceiling(self) -> None:
        verdicts = pace(self.athlete, 10, 60)
        counted = [
            index
            for index, verdict in enumerate(verdicts)
            if verdict and verdict.verdict == COUNTED
        ]
        assert counted[:BURST] == list(range(BURST))
        assert kinds(verdicts)[BURST] == PACE
        assert len(counted) <= BURST + 60 * 10 // SHARE_MS + 1

    def test_a_rep_counts_when_it_says_and_not_a_millisecond_before(self) -> None:
        pace(self.athlete, 1, BURST)
        (refused,) = pace(self.athlete, 1, 1, started_ms=BURST)
        assert refused is not None
        assert (refused.verdict, refused.count) == (PACE, BURST)
        assert 0 < refused.retry_after_ms <= SHARE_MS
        assert kinds(pace(self.athlete, 1, 1, started_ms=BURST + refused.retry_after_ms - 1)) == [
            PACE
        ]
        assert kinds(pace(self.athlete, 1, 1, started_ms=BURST + refused.retry_after_ms)) == [
            COUNTED
        ]

    def test_a_refused_rep_costs_nothing(self) -> None:
        pace(self.athlete, 1, BURST)
        assert kinds(pace(self.athlete, 1, 300, started_ms=BURST)) == [PACE] * 300
        assert kinds(pace(self.athlete, 1, 1, started_ms=SHARE_MS)) == [COUNTED]

    def test_it_keeps_refused_reps_with_their_reason(self) -> None:
        pace(self.athlete, 1, BURST + 2)
        sealed = read_one(self.athlete)
        assert sealed.refused_counts == {"pace": 2}
        assert sealed.refusals == [
            RefusedRep(STARTED_MS + BURST, "pace"),
            RefusedRep(STARTED_MS + BURST + 1, "pace"),
        ]

    def test_the_ceiling_applies_over_a_finish(self) -> None:
        pace(self.athlete, 1, BURST)
        assert seal(self.athlete)
        assert kinds(pace(self.athlete, 1, 1, started_ms=BURST)) == [PACE]

    def test_debounce_comes_before_pace(self) -> None:
        limits = gates(1000, max_per_minute=1)
        verdicts = count_reps(
            self.athlete, [STARTED_MS, STARTED_MS + 999, STARTED_MS + 1000], limits=limits
        )
        assert kinds(verdicts) == [COUNTED, DEBOUNCED, PACE]

    def test_an_hour_offline_at_the_ceiling_counts_in_full(self) -> None:
        reps = [Sent(i, 0, i * SHARE_MS - 3_600_000) for i in range(1, 1001)]
        assert send(self.athlete, *reps, at_once=True, limits=FAST)[-1][:2] == (COUNTED, 1000)

    def test_an_hour_offline_over_the_ceiling_is_cut_to_it(self) -> None:
        reps = [Sent(i, 0, i * SHARE_MS // 2 - 3_600_000) for i in range(1, 1001)]
        told = send(self.athlete, *reps, at_once=True, limits=FAST)
        assert told[-1].count <= 500 + BURST
        assert {said.verdict for said in told} == {COUNTED, PACE}

    def test_it_settles_the_seq_of_a_refused_rep(self) -> None:
        send(self.athlete, *(Sent(i, i) for i in range(1, BURST + 1)), limits=FAST)
        told = send(self.athlete, Sent(BURST + 1, BURST + 1), Sent(BURST + 1, 60_000), limits=FAST)
        assert verdicts_of(told) == [(PACE, BURST), (DUPLICATE, BURST)]

    def test_devices_share_the_budget(self) -> None:
        devices = (PHONE, WATCH, "d3", "d4", "d5", "d6")
        told = send(
            self.athlete,
            *(Sent(i // 6 + 1, i * 10, device=devices[i % 6]) for i in range(600)),
            limits=FAST,
        )
        assert told[-1].count <= BURST + 6000 // SHARE_MS + 1

    def test_a_ceiling_above_a_rep_per_millisecond_is_no_ceiling(self) -> None:
        verdicts = count_reps(
            self.athlete,
            [STARTED_MS + i for i in range(100)],
            limits=gates(1, max_per_minute=100_000),
        )
        assert kinds(verdicts) == [COUNTED] * 100


class SessionFullSuite:
    def setUp(self) -> None:
        self.athlete = new_athlete()
        self.limits = gates(1, max_per_session=5)

    def count(self, reps: int, *, started_ms: int = 0) -> list[Result | None]:
        return count_reps(
            self.athlete,
            [STARTED_MS + started_ms + 1000 * i for i in range(reps)],
            limits=self.limits,
        )

    def test_it_counts_as_many_as_a_session_may_have(self) -> None:
        verdicts = self.count(8)
        assert kinds(verdicts) == [COUNTED] * 5 + [SESSION_FULL] * 3
        assert [verdict.count for verdict in verdicts if verdict] == [1, 2, 3, 4, 5, 5, 5, 5]
        sealed = read_one(self.athlete)
        assert (len(sealed.reps), sealed.refused_counts) == (5, {"session_full": 3})

    def test_it_counts_again_after_a_finish(self) -> None:
        self.count(6)
        assert seal(self.athlete)
        assert kinds(self.count(1, started_ms=60_000)) == [COUNTED]

    def test_it_settles_the_seq(self) -> None:
        told = send(
            self.athlete,
            *(Sent(i, i * 1000) for i in range(1, 7)),
            Sent(6, 60_000),
            limits=self.limits,
        )
        assert [said.verdict for said in told] == [COUNTED] * 5 + [SESSION_FULL, DUPLICATE]
        assert isinstance(told[5], Told)
        assert told[5].session_id == told[0].session_id


class MemoryTests(OnSingle):
    def used(self, keys: list[bytes]) -> int:
        sizes = [get_live_store().client.memory_usage(key, samples=0) for key in keys]
        return sum(size or 0 for size in sizes)

    def test_a_live_session_takes_under_a_kib_and_8_bytes_a_rep(self) -> None:
        try:
            get_live_store().client.memory_usage(b"nothing")
        except ResponseError:
            self.skipTest(f"{settings.REDIS_URL} does not tell memory usage")
        for reps, refused in ((12, 0), (12, 150), (2000, 0), (2000, 150)):
            athlete = new_athlete()
            send(
                athlete,
                *(Sent(i, 0, i * 2000 - 2000 * reps) for i in range(1, reps + 1)),
                at_once=True,
                limits=gates(),
            )
            count_reps(athlete, [STARTED_MS + 1000 + i for i in range(refused)])
            keys = get_redis_key_space().live(athlete, "squat")
            owned = [
                keys.mark,
                keys.session,
                keys.timeline,
                keys.refusals,
                get_redis_key_space().device(athlete, PHONE),
            ]
            kept = min(refused, 100)  # the refused ones are reps, too
            assert self.used(owned) < KIB + 8 * (reps + kept)


class PaceTests(PaceSuite, OnSingle):
    pass


class PaceClusterTests(PaceSuite, OnCluster):
    pass


class PaceSentinelTests(PaceSuite, OnSentinel):
    pass


class SessionFullTests(SessionFullSuite, OnSingle):
    pass


class SessionFullClusterTests(SessionFullSuite, OnCluster):
    pass


class SessionFullSentinelTests(SessionFullSuite, OnSentinel):
    pass
