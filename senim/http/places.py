"""The places of HTTP requests: each has a few threads and a bounded queue of its own.

A flood of one kind of request waits behind itself. The threads are few, since all of them share
one interpreter lock with the event loop, which counts the reps.
"""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from typing import NamedTuple, TypeVar

from django.conf import settings
from django.urls import reverse

from senim.http.refusals import refuse_asgi_request_for_now

T = TypeVar("T")
WAIT_S = 5.0


class ServerPlace:
    """Some threads, and the requests that wait for them."""

    def __init__(
        self,
        name: str,
        *,
        threads: int,
        max_waiting: int = 64,
        max_long_answers: int | None = None,
        answers_problems: bool = False,
    ) -> None:
        self.name, self.answers_problems = name, answers_problems
        self.executor = ThreadPoolExecutor(threads, name)
        self.wait_s = WAIT_S
        self.waiting = self.long_answers = 0
        self.max_waiting = max_waiting
        self.max_long_answers = max_long_answers or settings.SENIM_MAX_LONG_ANSWERS
        self._free = asyncio.Semaphore(threads)

    async def run(self, act: Callable[[], T], *, then: Callable[[], None]) -> T:
        """Call `act` in a thread of this place, and `then` afterwards in the event loop.

        Raises RefusedError if too many wait already, or if no thread is free in time; `then` is
        called in any case. If this is cancelled, a call that has begun goes on.
        """
        try:
            await self._wait_for_thread()
        except BaseException:
            then()
            raise
        # not asgiref's sync_to_async, which costs a finish 4 %: no view calls async_to_sync
        run = copy_context().run
        working = asyncio.get_running_loop().run_in_executor(self.executor, run, act)
        working.add_done_callback(lambda _: self._free.release())
        working.add_done_callback(lambda _: then())
        return await asyncio.shield(working)

    async def _wait_for_thread(self) -> None:
        if not self._free.locked():
            await self._free.acquire()
            return
        if self.waiting >= self.max_waiting:
            raise refuse_asgi_request_for_now(
                "queue_full", "Too many requests of this kind wait already."
            )
        self.waiting += 1
        try:
            async with asyncio.timeout(self.wait_s):
                await self._free.acquire()
        except TimeoutError:
            raise refuse_asgi_request_for_now(
                "queue_wait", "The request waited too long."
            ) from None
        finally:
            self.waiting -= 1

    @contextmanager
    def sending_long_answer(self) -> Iterator[None]:
        """Count an answer that a slow reader can keep in memory.

        Raises RefusedError over the bound.
        """
        if self.long_answers >= self.max_long_answers:
            raise refuse_asgi_request_for_now(
                "long_answers", "Too many long answers are being sent already."
            )
        self.long_answers += 1
        try:
            yield
        finally:
            self.long_answers -= 1


class ServerPlaces(NamedTuple):
    """A process's places, with what their numbers were reckoned from."""

    health: ServerPlace
    log_ins: ServerPlace
    finishes: ServerPlace
    api: ServerPlace
    exports: ServerPlace
    pages: ServerPlace


def make_server_places() -> ServerPlaces:
    return ServerPlaces(
        # the two checks have threads of their own, which all callers share
        health=ServerPlace("health", threads=2),
        # hashing is one at a time, and 50 ms each: more would only time out
        log_ins=ServerPlace("log-in", threads=1, max_waiting=32),
        # most of them wait for the one that saves all; a class of 500 may finish at once
        finishes=ServerPlace("finish", threads=8, max_waiting=512, answers_problems=True),
        api=ServerPlace("api", threads=2, answers_problems=True),
        # only their beginning: the steps run in workouts.threads.for_exports, two at a time
        exports=ServerPlace("export", threads=2, max_waiting=8, max_long_answers=8),
        pages=ServerPlace("page", threads=2),
    )


class ServerPlaceSorter:
    """Says which place a request belongs to, by its method and path."""

    def __init__(self, places: ServerPlaces) -> None:
        self._places = places
        self.admin = reverse("admin:index")
        self._metrics = reverse("metrics")
        self._finish = reverse("finish").rstrip("/")
        self._api = reverse("session-list").removesuffix("sessions/")
        self._export = reverse("admin:workouts_export_file")
        # log-ins, and the forms that set a password
        self._hashing = (
            reverse("admin:login"),
            reverse("admin:password_change"),
            reverse("admin:auth_user_changelist"),
            reverse("join-coach-page"),
        )

    def find_place(self, method: str, path: str) -> ServerPlace:
        """Return the request's place. The path is without the script prefix."""
        places = self._places
        if path in ("/", self._metrics):
            return places.health
        if path.startswith(self._api):
            is_finish = method == "POST" and path.rstrip("/") == self._finish
            return places.finishes if is_finish else places.api
        if method == "POST" and path.startswith(self._hashing):
            return places.log_ins
        if path == self._export:
            return places.exports
        return places.pages
