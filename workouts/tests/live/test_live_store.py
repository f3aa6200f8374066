"""The live store's verbs, on a single server, a cluster and Sentinel."""

from asgiref.sync import async_to_sync
from django.conf import settings

from workouts.live.counting.batching import RepBatcher
from workouts.live.counting.packing import pack_rep_keys
from workouts.live.counting.verdicts import COUNTED, DEBOUNCED
from workouts.live.runtime import get_live_store, get_redis_key_space
from workouts.live.sessions import SealedSession, SessionName
from workouts.live.timeline import CountedRep, RefusedRep
from workouts.tests.support.backends import OnCluster, OnSentinel, OnSingle
from workouts.tests.support.cast import (
    SQUAT_INTERVAL_MS,
    STARTED_MS,
    Result,
    count_reps,
    gates,
    new_athlete,
    seal,
    train,
)


def read_sealed(user_id: str, session_id: str, exercise: str = "squat") -> SealedSession:
    sealed = get_live_store().read(SessionName(user_id, exercise, session_id))
    assert sealed is not None
    return sealed


def waiting_ids() -> set[str]:
    return {name.session_id for name in get_live_store().sealed_sessions()}


class CountRepSuite:
    def setUp(self) -> None:
        self.athlete = new_athlete()

    def test_it_counts_up(self) -> None:
        verdicts = count_reps(self.athlete, [STARTED_MS, STARTED_MS + 2000, STARTED_MS + 4000])
        assert verdicts == [Result(COUNTED, 1, 0), Result(COUNTED, 2, 0), Result(COUNTED, 3, 0)]

    def test_it_debounces_a_rep_and_says_for_how_long(self) -> None:
        verdicts = count_reps(self.athlete, [STARTED_MS, STARTED_MS + 100])
        assert verdicts[1] == Result(DEBOUNCED, 1, SQUAT_INTERVAL_MS - 100)

    def test_it_counts_a_rep_exactly_one_interval_later(self) -> None:
        verdicts = count_reps(
            self.athlete,
            [STARTED_MS, STARTED_MS + SQUAT_INTERVAL_MS - 1, STARTED_MS + SQUAT_INTERVAL_MS],
        )
        assert [verdict.verdict for verdict in verdicts if verdict] == [COUNTED, DEBOUNCED, COUNTED]

    def test_the_index_says_to_the_second_when_the_last_rep_counted(self) -> None:
        second = STARTED_MS - STARTED_MS % 1000
        for times, last in (
            ([0, 300, 600], 0),
            ([999, 1000], 1000),
            ([2000, 2500, 3900, 3999], 3900),
        ):
            count_reps(self.athlete, [second + time for time in times], limits=gates(1))
            (training,) = get_live_store().who_trains([self.athlete])
            assert training.last_rep_ms == second + last

    def test_a_session_that_begins_within_the_second_is_in_the_index(self) -> None:
        count_reps(self.athlete, [STARTED_MS], limits=gates(1))
        seal(self.athlete)
        count_reps(self.athlete, [STARTED_MS + 1], limits=gates(1))
        (training,) = get_live_store().who_trains([self.athlete])
        assert (training.reps, training.last_rep_ms) == (1, STARTED_MS + 1)

    def test_a_refused_rep_does_not_move_the_mark(self) -> None:
        times = [STARTED_MS + i * 100 for i in range(10)]
        verdicts = count_reps(self.athlete, times)
        assert [verdict.count for verdict in verdicts if verdict] == [1, 1, 1, 1, 1, 2, 2, 2, 2, 2]

    def test_it_counts_on_after_the_clock_was_set_back(self) -> None:
        verdicts = count_reps(self.athlete, [STARTED_MS, STARTED_MS - 3_600_000])
        assert verdicts[1] == Result(COUNTED, 2, 0)

    def test_it_keeps_athletes_and_exercises_apart(self) -> None:
        train(self.athlete, 3)
        train(self.athlete, 2, exercise="push_up")
        train(new_athlete(), 1)
        (squats,) = seal(self.athlete)
        assert len(read_sealed(self.athlete, squats).reps) == 3

    def test_it_uses_the_clock_of_the_redis_server(self) -> None:
        batcher_verdicts: list[tuple[int, int, int] | None] = []

        async def count_two() -> None:
            batcher = RepBatcher(settings.REDIS_URL)
            keys = pack_rep_keys(get_redis_key_space().live(self.athlete, "squat"))
            source = batcher.open_source(keys.tag)
            for _ in range(2):
                source.submit(keys, gates(60_000), batcher_verdicts.append)
            await batcher.close()

        async_to_sync(count_two)()
        first, second = batcher_verdicts
        assert first == Result(COUNTED, 1, 0)
        # both reps share a call, and so a reading of the clock
        assert second == Result(DEBOUNCED, 1, 60_000)

    def test_it_sends_the_script_again_if_the_server_forgot_it(self) -> None:
        train(self.athlete, 1)
        get_live_store().client.script_flush()
        assert count_reps(self.athlete, [STARTED_MS + 9000]) == [Result(COUNTED, 2, 0)]

    def test_only_the_mark_expires(self) -> None:
        train(self.athlete, 2)
        count_reps(self.athlete, [STARTED_MS + 2100])
        keys = get_redis_key_space().live(self.athlete, "squat")
        ttls = {
            name: get_live_store().client.pttl(getattr(keys, name))
            for name in ("session", "timeline", "refusals", "live_index")
        }
        assert set(ttls.values()) == {-1}
        assert get_live_store().client.pttl(keys.mark) > 0


class CountRepTests(CountRepSuite, OnSingle):
    pass


class CountRepClusterTests(CountRepSuite, OnCluster):
    pass


class CountRepSentinelTests(CountRepSuite, OnSentinel):
    pass


class SealSuite:
    def setUp(self) -> None:
        self.athlete = new_athlete()

    def test_it_keeps_all_of_the_session(self) -> None:
        count_reps(
            self.athlete, [STARTED_MS, STARTED_MS + 100, STARTED_MS + 2310, STARTED_MS + 4502]
        )
        (session_id,) = seal(self.athlete)
        sealed = read_sealed(self.athlete, session_id)
        assert sealed.name == SessionName(self.athlete, "squat", session_id)
        assert sealed.reps == [
            CountedRep(STARTED_MS + offset, 0, late=False) for offset in (0, 2310, 4502)
        ]
        assert sealed.refused_counts == {"debounced": 1}
        assert sealed.refusals == [RefusedRep(STARTED_MS + 100, "debounced")]

    def test_it_reads_the_only_session_as_well(self) -> None:
        train(self.athlete)
        for _ in range(2):
            session_ids, sealed = get_live_store().seal_and_read(self.athlete, "squat")
            assert sealed == read_sealed(self.athlete, session_ids[0])
        train(self.athlete, started_ms=STARTED_MS + 60_000)
        session_ids, sealed = get_live_store().seal_and_read(self.athlete, "squat")
        assert (len(session_ids), sealed) == (2, None)

    def test_it_seals_a_damaged_session_and_leaves_reading_it_to_read(self) -> None:
        train(self.athlete)
        keys = get_redis_key_space().live(self.athlete, "squat")
        get_live_store().client.delete(keys.timeline)
        get_live_store().client.set(keys.timeline, "not a list")
        session_ids, sealed = get_live_store().seal_and_read(self.athlete, "squat")
        assert (len(session_ids), sealed) == (1, None)
        assert waiting_ids() >= {*session_ids}

    def test_it_returns_the_same_ids_when_repeated(self) -> None:
        train(self.athlete)
        assert seal(self.athlete) == seal(self.athlete) != []

    def test_it_returns_nothing_for_an_athlete_who_did_not_train(self) -> None:
        assert seal(self.athlete) == []

    def test_reps_after_the_seal_begin_another_session(self) -> None:
        train(self.athlete, 3)
        (first,) = seal(self.athlete)
        train(self.athlete, 2, started_ms=STARTED_MS + 60_000)
        assert [
            len(read_sealed(self.athlete, session_id).reps) for session_id in seal(self.athlete)
        ] == [3, 2]
        assert seal(self.athlete)[0] == first

    def test_it_leaves_the_debounce_mark(self) -> None:
        train(self.athlete, 1)
        seal(self.athlete)
        assert count_reps(self.athlete, [STARTED_MS + 100]) == [
            Result(DEBOUNCED, 0, SQUAT_INTERVAL_MS - 100)
        ]
        assert seal(self.athlete) != []
        assert len(seal(self.athlete)) == 1  # a refused rep begins no session

    def test_it_moves_the_session_to_the_sealed_index(self) -> None:
        train(self.athlete)
        live = [name.user_id for name in get_live_store().idle_sessions(STARTED_MS + 10_000)]
        (session_id,) = seal(self.athlete)
        assert self.athlete in live
        assert session_id in waiting_ids()
        assert self.athlete not in [
            name.user_id for name in get_live_store().idle_sessions(STARTED_MS + 10_000)
        ]

    def test_it_can_be_told_to_seal_only_an_idle_session(self) -> None:
        train(self.athlete, 2)
        assert get_live_store().seal(self.athlete, "squat", idle_since_ms=STARTED_MS + 1999) == []
        assert (
            len(get_live_store().seal(self.athlete, "squat", idle_since_ms=STARTED_MS + 2000)) == 1
        )

    def test_it_takes_every_character_that_a_user_id_may_have(self) -> None:
        odd = f"A.b_c@d:e-{self.athlete}"
        train(odd, 1)
        (session_id,) = seal(odd)
        assert SessionName(odd, "squat", session_id) in list(get_live_store().sealed_sessions())

    def test_every_session_has_an_id_of_its_own(self) -> None:
        athletes = [new_athlete() for _ in range(300)]

        async def count_at_once() -> None:
            batcher = RepBatcher(settings.REDIS_URL)
            for athlete in athletes:
                keys = pack_rep_keys(get_redis_key_space().live(athlete, "squat"))
                batcher.open_source(keys.tag).submit(keys, gates(1), lambda verdict: None)
            await batcher.close()

        async_to_sync(count_at_once)()
        assert len({seal(athlete)[0] for athlete in athletes}) == 300

    def test_it_keeps_the_last_hundred_refused_reps(self) -> None:
        count_reps(self.athlete, [STARTED_MS + i for i in range(151)])
        sealed = read_sealed(self.athlete, seal(self.athlete)[0])
        assert sealed.refused_counts == {"debounced": 150}
        assert [refusal.at_ms - STARTED_MS for refusal in sealed.refusals] == list(range(51, 151))


class SealTests(SealSuite, OnSingle):
    pass


class SealClusterTests(SealSuite, OnCluster):
    pass


class SealSentinelTests(SealSuite, OnSentinel):
    pass


class ClearSuite:
    def test_it_removes_everything_but_what_expires(self) -> None:
        athlete = new_athlete()
        count_reps(athlete, [STARTED_MS, STARTED_MS + 10, STARTED_MS + 5000])
        (session_id,) = seal(athlete)
        name = SessionName(athlete, "squat", session_id)
        get_live_store().clear(name)
        get_live_store().clear(name)
        keys = get_redis_key_space().live(athlete, "squat")
        left = {
            key
            for key in get_live_store().client.scan_iter(match=f"{settings.SENIM_REDIS_PREFIX}:*")
            if athlete.encode() in key
        }
        assert left == {keys.mark, keys.times}
        assert all(get_live_store().client.pttl(key) > 0 for key in left)
        assert session_id not in waiting_ids()
        assert get_live_store().read(name) is None

    def test_it_leaves_the_athletes_other_sessions(self) -> None:
        athlete = new_athlete()
        train(athlete)
        seal(athlete)
        train(athlete, started_ms=STARTED_MS + 60_000)
        first, second = seal(athlete)
        get_live_store().clear(SessionName(athlete, "squat", first))
        assert seal(athlete) == [second]

    def test_it_removes_sessions_of_many_athletes_at_once(self) -> None:
        names = []
        for _ in range(10):
            athlete = new_athlete()
            train(athlete)
            names.append(SessionName(athlete, "squat", *seal(athlete)))
        get_live_store().client.script_flush()
        get_live_store().clear(*names[:9])
        assert waiting_ids() & {name.session_id for name in names} == {names[9].session_id}
        assert [get_live_store().read(name) is None for name in names] == [True] * 9 + [False]


class ClearTests(ClearSuite, OnSingle):
    pass


class ClearClusterTests(ClearSuite, OnCluster):
    pass


class ClearSentinelTests(ClearSuite, OnSentinel):
    pass
