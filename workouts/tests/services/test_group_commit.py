"""What threads save at the same time is saved together, and each of them gets its own result."""

import threading
from collections.abc import Sequence
from multiprocessing.pool import AsyncResult, ThreadPool

from django.test import SimpleTestCase

from workouts.services.group_commit import GroupCommit
from workouts.tests.support.at_once import run_at_once
from workouts.tests.support.processes import wait_until

WAIT_S = 20


class Saves:
    """Notes each group that is saved, and holds up those that begin while it is told to."""

    def __init__(self, most: int = 32) -> None:
        self.groups: list[list[int]] = []
        self.threads: list[int] = []
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.errors: list[Exception] = []
        self.commit = GroupCommit(self.save_group, most=most)

    def save_group(self, items: Sequence[int]) -> list[int]:
        self.groups.append([*items])
        self.threads.append(threading.get_ident())
        assert self.may_go_on.wait(WAIT_S)
        if self.errors:
            raise self.errors.pop()
        return [item * 10 for item in items]


class GroupCommitTests(SimpleTestCase):
    def setUp(self) -> None:
        self.pool = self.enterContext(ThreadPool(40))

    def hold_up(self, saves: Saves, number: int) -> list[AsyncResult[int | None]]:
        """Have one thread save item 0, and bring this many more items while it does."""
        saves.may_go_on.clear()
        results = []
        for item in range(number + 1):
            results.append(self.pool.apply_async(saves.commit.save, [item]))
            wait_until(lambda item=item: len(saves.groups) + len(saves.commit._waiting) > item)
        return results

    def test_a_lone_thread_saves_at_once_by_itself(self) -> None:
        saves = Saves()
        assert [saves.commit.save(item) for item in (1, 2)] == [10, 20]
        assert saves.groups == [[1], [2]]
        assert {*saves.threads} == {threading.get_ident()}

    def test_what_comes_meanwhile_is_saved_together_in_the_order_in_which_it_came(self) -> None:
        saves = Saves()
        results = self.hold_up(saves, 5)
        saves.may_go_on.set()
        assert [result.get(WAIT_S) for result in results] == [0, 10, 20, 30, 40, 50]
        assert saves.groups == [[0], [1, 2, 3, 4, 5]]

    def test_no_group_is_larger_than_the_most(self) -> None:
        saves = Saves(most=4)
        results = self.hold_up(saves, 10)
        saves.may_go_on.set()
        assert [result.get(WAIT_S) for result in results] == [item * 10 for item in range(11)]
        assert saves.groups == [[0], [1, 2, 3, 4], [5, 6, 7, 8], [9, 10]]

    def test_an_error_reaches_each_thread_that_waits_as_its_own(self) -> None:
        saves, error = Saves(), ConnectionError("gone")
        caught: list[BaseException] = []

        def bring(item: int) -> None:
            try:
                saves.commit.save(item)
            except ConnectionError as raised:
                caught.append(raised)

        saves.may_go_on.clear()
        runs = [self.pool.apply_async(bring, [0])]
        wait_until(lambda: saves.groups)
        runs += [self.pool.apply_async(bring, [item]) for item in (1, 2, 3)]
        wait_until(lambda: len(saves.commit._waiting) == 3)
        saves.errors = [error]
        saves.may_go_on.set()
        for run in runs:
            run.get(WAIT_S)
        assert saves.groups == [[0]]
        assert len({id(each) for each in caught}) == 4
        assert all(each is not error and each.__cause__ is error for each in caught)
        assert saves.commit.save(9) == 90  # nobody leads for ever

    def test_a_hundred_threads_at_once_each_get_their_own_result(self) -> None:
        saves, numbers = Saves(), iter(range(100))
        lock = threading.Lock()

        def bring() -> bool:
            with lock:
                item = next(numbers)
            return all(saves.commit.save(item + turn) == (item + turn) * 10 for turn in range(20))

        assert run_at_once(bring, 100) == [True] * 100
        assert sum(map(len, saves.groups)) == 2000
        assert max(map(len, saves.groups)) <= 32
