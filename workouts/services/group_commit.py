"""Group commit: what threads want to save at the same time is saved together."""

import copy
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Entry(Generic[T, R]):
    """What one thread wants to save, and how that went."""

    def __init__(self, item: T) -> None:
        self.item = item
        self.result: R | None = None
        self.error: Exception | None = None
        self.is_done = False
        self.woken = threading.Event()  # it is done, or this thread leads the next group


class GroupCommit(Generic[T, R]):
    """Saves items in groups, one group at a time. Thread-safe.

    A thread that finds nobody saving saves at once. Those that come meanwhile wait; then the first
    of them saves all that are there, up to `most`, and so on. `save` returns the result of each
    item, in their order, and has to end: all wait for it. It raises what nobody can save after.
    """

    def __init__(self, save: Callable[[Sequence[T]], Sequence[R]], *, most: int) -> None:
        self._save = save
        self._most = most
        self._lock = threading.Lock()
        self._waiting: deque[Entry[T, R]] = deque()
        self._is_saving = False

    def save(self, item: T) -> R | None:
        """Save an item with those of other threads, and return its result.

        If `save` raises an error, each thread of the group raises it, and so do those that wait by
        then: they have waited long enough to find out the same.
        """
        entry: Entry[T, R] = Entry(item)
        with self._lock:
            self._waiting.append(entry)
            leads, self._is_saving = not self._is_saving, True
        if not leads:
            entry.woken.wait()
        if not entry.is_done:
            self._lead()
        if entry.error is None:
            return entry.result
        # a copy: threads that raised the same one would write into each other's traceback
        raise copy.copy(entry.error) from entry.error

    def _lead(self) -> None:
        """Save the group that is there, and leave the next one to the first that waits."""
        with self._lock:
            group = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
        try:
            results = self._save([entry.item for entry in group])
            for entry, result in zip(group, results, strict=True):
                entry.result = result
        except Exception as error:
            with self._lock:
                group += self._waiting
                self._waiting.clear()
            for entry in group:
                entry.error = error
        finally:
            for entry in group:
                entry.is_done = True
            with self._lock:
                self._is_saving = bool(self._waiting)
                leader = self._waiting[0] if self._waiting else None
            if leader is not None:
                leader.woken.set()
            for entry in group:
                entry.woken.set()
