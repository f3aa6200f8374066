"""Finishes at the same time: one transaction for all, and each session is still saved once."""

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.pool import AsyncResult, ThreadPool
from typing import Any
from unittest import mock

from django.db import connection, transaction
from django.test import TransactionTestCase, skipUnlessDBFeature
from django.test.utils import CaptureQueriesContext
from structlog.contextvars import bound_contextvars

from workouts.exceptions import WorkoutError
from workouts.live.runtime import get_live_store
from workouts.live.sessions import SealedSession, SessionName
from workouts.models import Athlete, WorkoutSession
from workouts.services import saving_together
from workouts.services.finishing import save_and_clear_session
from workouts.services.rows import build_finished_row
from workouts.services.saving import save_sealed_session
from workouts.services.saving_together import (
    Unsaved,
    insert_session_group,
    together,
)
from workouts.services.sweeping import SweepResult, sweep_sessions
from workouts.tests.support.at_once import run_at_once
from workouts.tests.support.cast import STARTED_MS, new_athlete, save_session, seal, train
from workouts.tests.support.days import make_unsaved
from workouts.tests.support.merges import merge
from workouts.tests.support.processes import wait_until
from workouts.tests.support.sealed import (
    OwnRedis,
    finish,
    parked_reasons,
    rows_of,
    sealed_ids,
    spoil_sealed,
)

WAIT_S = 20
IDLE_MINUTES = 10**6


def on_own_connection(act: Callable[[], Any]) -> Any:
    try:
        return act()
    finally:
        connection.close()


def wait_for_a_lock() -> None:
    """Return once some connection to this database waits for a lock."""
    query = (
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )

    def is_somebody_waiting() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(query)
            return bool(cursor.fetchone()[0])

    wait_until(is_somebody_waiting)


def read_transactions(queries: CaptureQueriesContext) -> list[str]:
    """Return the first word of each statement."""
    return [query["sql"].split()[0] for query in queries.captured_queries]


class GroupCase(OwnRedis, TransactionTestCase):
    serialized_rollback = True

    def setUp(self) -> None:
        super().setUp()
        self.pool = self.enterContext(ThreadPool(40))
        self.groups: list[int] = []
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.enterContext(mock.patch.object(saving_together, "insert_session_group", self.insert))

    def insert(self, group: Sequence[Unsaved]) -> list[Unsaved]:
        self.groups.append(len(group))
        assert self.may_go_on.wait(WAIT_S)
        return insert_session_group(group)

    def start(self, act: Callable[[], Any]) -> AsyncResult[Any]:
        return self.pool.apply_async(on_own_connection, [act])

    @contextmanager
    def held_up(self) -> Iterator[None]:
        """Hold up a finish, so that all those in the block are saved together after it."""
        self.groups.clear()
        self.may_go_on.clear()
        first = make_unsaved(new_athlete())
        leading = self.start(lambda: together.save(first))
        wait_until(lambda: self.groups)
        try:
            yield
        finally:
            self.may_go_on.set()
            leading.get(WAIT_S)

    def finish_at_once(self, *user_ids: str) -> list[Any]:
        """Finish in one group, and return the rows or errors."""

        def act(user_id: str) -> Any:
            try:
                return finish(user_id)
            except WorkoutError as error:
                return error

        with self.held_up():
            runs = [self.start(lambda user_id=user_id: act(user_id)) for user_id in user_ids]
            wait_until(lambda: len(together._waiting) == len(user_ids))
        return [run.get(WAIT_S) for run in runs]

    def train_all(self, number: int) -> list[str]:
        athletes = [new_athlete() for _ in range(number)]
        for reps, user_id in enumerate(athletes, 1):
            train(user_id, reps)
        return athletes


class TogetherTests(GroupCase):
    def test_finishes_that_come_together_are_saved_in_one_transaction(self) -> None:
        athletes = self.train_all(8)
        rows = self.finish_at_once(*athletes)
        assert self.groups == [1, 8]
        assert [row.total_reps for row in rows] == [*range(1, 9)]
        assert [rows_of(user_id) for user_id in athletes] == [[reps] for reps in range(1, 9)]
        assert sealed_ids() == set()

    def test_a_lone_finish_is_one_transaction_without_savepoints(self) -> None:
        for takes in (8, 5):  # a new athlete is looked for, here and among the forgotten, and made
            train(self.user_id)
            with CaptureQueriesContext(connection) as queries:
                finish(self.user_id)
            words = read_transactions(queries)
            assert (words[0], words[-1], len(words)) == ("BEGIN", "COMMIT", takes), words
            assert "SAVEPOINT" not in words

    def test_each_row_has_the_id_of_its_own_request(self) -> None:
        athletes = self.train_all(3)

        def finish_in_request(user_id: str) -> str:
            with bound_contextvars(request_id=f"request-of-{user_id}"):
                return finish(user_id).request_id

        with self.held_up():
            runs = [self.start(lambda each=each: finish_in_request(each)) for each in athletes]
            wait_until(lambda: len(together._waiting) == 3)
        assert [run.get(WAIT_S) for run in runs] == [f"request-of-{each}" for each in athletes]


class LeftOutTests(GroupCase):
    """What stands in the way of one session concerns that session alone."""

    def test_a_refused_row_parks_alone_and_the_others_are_saved(self) -> None:
        athletes = self.train_all(5)
        (refused_id,) = seal(athletes[2])
        spoil_sealed(SessionName(athletes[2], "squat", refused_id))
        results = self.finish_at_once(*athletes)
        assert self.groups[:2] == [1, 5]
        assert isinstance(results[2], WorkoutError)
        assert [rows_of(user_id) for user_id in athletes] == [[1], [2], [], [4], [5]]
        assert [name.session_id for name in parked_reasons()] == [refused_id]
        assert sealed_ids() == {refused_id}

    def test_an_exercise_that_is_refused_at_commit_parks_alone_as_well(self) -> None:
        unknown, *others = self.train_all(3)
        train(unknown, exercise="plank")
        (refused_id,) = seal(unknown, "plank")
        name = SessionName(unknown, "plank", refused_id)
        with self.held_up():
            runs = [self.start(lambda each=each: finish(each)) for each in others]
            refused = self.start(lambda: save_and_clear_session(name))
            wait_until(lambda: len(together._waiting) == 3)
        assert [run.get(WAIT_S).athlete_id for run in runs] == others
        assert refused.get(WAIT_S) is None
        assert [*parked_reasons()] == [name]

    def test_a_session_that_two_threads_finish_is_saved_once(self) -> None:
        train(self.user_id)
        first, second = self.finish_at_once(self.user_id, self.user_id)
        assert first == second
        assert rows_of(self.user_id) == [3]
        assert sealed_ids() == set()

    def test_a_session_of_an_alias_goes_to_the_kept_athlete(self) -> None:
        kept, alias = (save_session(new_athlete()).athlete_id for _ in range(2))
        merge(kept, alias)
        train(alias, 2)
        other = self.train_all(1)[0]
        rows = self.finish_at_once(alias, other)
        assert [row.athlete_id for row in rows] == [kept, other]

    def test_a_bug_in_one_session_does_not_keep_the_others_from_being_saved(self) -> None:
        athletes = self.train_all(3)
        with mock.patch.object(saving_together, "assess_new_sessions", side_effect=LookupError):
            rows = self.finish_at_once(*athletes)
        assert [row.athlete_id for row in rows] == athletes


class KilledTests(GroupCase):
    """A process that ends between COMMIT and the clearing leaves saved sessions sealed."""

    def setUp(self) -> None:
        super().setUp()
        self.athletes = self.train_all(4)
        self.rows = insert_session_group([*map(self.seal_one, self.athletes)])  # and no more
        assert len(sealed_ids()) == 4

    def seal_one(self, user_id: str) -> Unsaved:
        _, sealed = get_live_store().seal_and_read(user_id, "squat")
        assert isinstance(sealed, SealedSession)
        return Unsaved(sealed, build_finished_row(sealed, user_id), "")

    def check_saved_once(self) -> None:
        assert [rows_of(user_id) for user_id in self.athletes] == [[1], [2], [3], [4]]
        assert sealed_ids() == set()

    def test_finishes_together_return_their_rows_and_save_nothing_again(self) -> None:
        rows = self.finish_at_once(*self.athletes)
        assert {row.pk for row in rows} == {each.row.pk for each in self.rows}
        self.check_saved_once()

    def test_a_sweep_saves_nothing_again(self) -> None:
        assert sweep_sessions(idle_minutes=IDLE_MINUTES) == SweepResult(saved=4)
        self.check_saved_once()

    def test_a_session_that_was_begun_meanwhile_is_saved_as_well(self) -> None:
        train(self.athletes[0], 2, started_ms=STARTED_MS + 60_000)
        rows = self.finish_at_once(*self.athletes)
        assert rows[0].total_reps == 2
        assert rows_of(self.athletes[0]) == [1, 2]
        assert sealed_ids() == set()


@skipUnlessDBFeature("has_select_for_update")
class LockTests(GroupCase):
    @contextmanager
    def locked(self, user_id: str) -> Iterator[None]:
        """Lock an athlete, as a merge does."""
        with transaction.atomic():
            Athlete.objects.select_for_update(no_key=True).get(user_id=user_id)
            yield

    def check_others_are_saved(self, held: str, others: list[str]) -> AsyncResult[Any]:
        """Finish all; return the finish of the one who is held up, which still waits."""
        waiting = self.start(lambda: finish(held))
        wait_for_a_lock()
        rows = self.finish_at_once(*others)
        assert [row.athlete_id for row in rows] == others
        assert not waiting.ready()
        return waiting

    def test_an_athlete_who_is_locked_does_not_hold_up_the_others(self) -> None:
        held, *others = self.train_all(4)
        save_session(held)
        with self.locked(held):
            waiting = self.check_others_are_saved(held, others)
        assert waiting.get(WAIT_S).total_reps == 1

    def test_an_athlete_who_is_being_changed_does_not_hold_up_the_others(self) -> None:
        held, *others = self.train_all(4)
        save_session(held)
        with transaction.atomic():
            Athlete.objects.filter(user_id=held).update(display_name="Aigul")
            waiting = self.check_others_are_saved(held, others)
        assert waiting.get(WAIT_S).total_reps == 1

    def test_an_athlete_who_is_being_added_does_not_hold_up_the_others_for_long(self) -> None:
        held, *others = self.train_all(4)
        with transaction.atomic():
            Athlete.objects.create(user_id=held)
            waiting = self.check_others_are_saved(held, others)
        assert waiting.get(WAIT_S).total_reps == 1

    def test_groups_of_several_processes_with_the_same_athletes_do_not_deadlock(self) -> None:
        for turn in range(10):
            athletes = [f"{turn}-{uuid.uuid4().hex[:8]}" for _ in range(8)]
            orders = iter([athletes, athletes[::-1], athletes[4:] + athletes[:4]])
            lock = threading.Lock()

            def save(orders: Iterator[list[str]] = orders, lock: Any = lock) -> int:
                with lock:
                    group = [*map(make_unsaved, next(orders))]
                for each in group:
                    each.sealed.device_seqs["phone"] = 3
                saved = insert_session_group(group)
                for each in group:
                    if each not in saved:
                        save_sealed_session(each.sealed)
                return len(group)

            assert run_at_once(save, 3) == [8, 8, 8]
        assert WorkoutSession.objects.count() == 240
