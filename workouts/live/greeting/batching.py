"""What sockets that come back ask Redis: questions of one turn of the event loop share a call.

A question may be asked twice, so it is asked again if another server took over.
"""

import asyncio
import time
import weakref
from collections.abc import Callable, Iterable, Sequence
from contextvars import Context
from typing import Any, NamedTuple

import redis
from django.conf import settings

from workouts.live import scripts
from workouts.live.clients import REDIS_AWAY
from workouts.live.counting.calls import CallTarget, ClusterCalls, SingleServerCalls
from workouts.live.counting.packing import PackedCall, pack_bulk_string
from workouts.live.keys import RedisKeySpace, hash_tag_of_user
from workouts.live.sessions import LiveSession

# longer than for reps: while thousands come back, the event loop is seldom at leisure to read
ANSWER_DEADLINE_S = 3.0
MIN_CALL_S = 0.15  # of what is asked at the last moment
MAX_BATCH = 250  # bounds how long one call keeps Redis from counting reps: about 4 ms
ARGS_PER_QUESTION = 3


class DeviceMemory(NamedTuple):
    """What Redis remembers of a device: its last seq, or 0.

    Unless `is_whole`, the database may have a higher one. `history` names what the server has
    written since it started or was promoted.
    """

    last_seq: int
    is_whole: bool
    history: str


class Question(NamedTuple):
    """Its packed key and arguments, the future with the answer, and when it was asked (s)."""

    key: bytes
    args: bytes
    answer: asyncio.Future[Any]
    asked_at: float


class GreetingBatcher:
    """Asks Redis about sessions and devices for one event loop.

    Each question raises redis.RedisError or TimeoutError if Redis is unavailable.
    """

    def __init__(self, url: str, keys: RedisKeySpace) -> None:
        self._target = CallTarget(url, scripts.GREET)
        self._keys = keys
        self._lanes: dict[int, GreetingLane] = {}

    async def read_sessions(self, user_id: str, exercises: Iterable[str]) -> list[LiveSession]:
        """Return the athlete's live sessions among these exercises, in their order."""
        states = await self._ask(user_id, "", " ".join(exercises))
        return [
            LiveSession(exercise.decode(), session_id.decode(), count)
            for exercise, session_id, count in zip(
                states[::3], states[1::3], states[2::3], strict=True
            )
        ]

    async def meet_device(
        self, user_id: str, device: str, saved_seq: int | None = None, history: str = ""
    ) -> DeviceMemory:
        """Return what Redis remembers of a device that says hello.

        With `saved_seq`, which the database has, the memory is raised to it. It is whole from then
        on if the server still has the `history` that it had before the database was asked.
        """
        saved = "" if saved_seq is None else f"{saved_seq} {history}"
        last_seq, is_whole, now_history = await self._ask(user_id, device, saved)
        return DeviceMemory(last_seq, bool(is_whole), now_history.decode())

    async def close(self) -> None:
        """Wait for the calls in flight, then disconnect."""
        for lane in self._lanes.values():
            await lane.close()
        await self._target.close()

    async def _ask(self, user_id: str, device: str, more: str) -> Any:
        tag = hash_tag_of_user(user_id)
        number = self._target.number_lane(tag)
        lane = self._lanes.get(number)
        if lane is None:
            lane = self._lanes[number] = GreetingLane(self._target.open_lane(number))
        key = pack_bulk_string(self._keys.start_of_tag(tag))
        args = [pack_bulk_string(value.encode()) for value in (user_id, device, more)]
        answer = await lane.ask(key, b"".join(args))
        if isinstance(answer, bytes):
            raise redis.ResponseError(answer.decode(errors="replace"))
        return answer


class GreetingLane:
    """Sends questions to Redis one call after another; those that come meanwhile make the next."""

    def __init__(self, calls: SingleServerCalls | ClusterCalls) -> None:
        self._calls = calls
        self._waiting: list[Question] = []
        self._task: asyncio.Task[None] | None = None

    def ask(self, key: bytes, args: bytes) -> asyncio.Future[Any]:
        loop = asyncio.get_running_loop()
        question = Question(key, args, loop.create_future(), time.monotonic())
        self._waiting.append(question)
        if self._task is None:
            # a batch must not log under the request ID of one of its sockets
            self._task = loop.create_task(self._send_batches(), context=Context())
        return question.answer

    async def close(self) -> None:
        if self._task is not None:
            await asyncio.shield(self._task)
        await self._calls.close()

    async def _send_batches(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
                try:
                    answers = await self._call(batch)
                    settle_questions(batch, answers, asyncio.Future.set_result)
                except Exception as error:
                    # those that queued up behind a failed call would wait for a second deadline
                    batch, self._waiting = batch + self._waiting, []
                    settle_questions(batch, [error] * len(batch), asyncio.Future.set_exception)
        finally:
            self._task = None

    async def _call(self, batch: list[Question]) -> Sequence[Any]:
        call = pack_greeting_call(batch)
        left_s = batch[0].asked_at + ANSWER_DEADLINE_S - time.monotonic()
        try:
            async with asyncio.timeout(max(left_s, MIN_CALL_S)):
                try:
                    answers: Sequence[Any] = await self._calls.call(call)
                except (*REDIS_AWAY, OSError):
                    await self._calls.drop()
                    answers = await self._calls.call(call)
        except BaseException:
            await self._calls.drop()
            raise
        if len(answers) != len(batch):
            raise ValueError(f"greet.lua answered {len(answers)} of {len(batch)} questions")
        return answers


def pack_greeting_call(questions: Sequence[Question]) -> PackedCall:
    """Pack questions into one call of greet.lua."""
    number = len(questions)
    keys = [question.key for question in questions]
    args = [question.args for question in questions]
    arguments = b"".join((pack_bulk_string(b"%d" % number), *keys, *args))
    return PackedCall(arguments, 1 + number * (1 + ARGS_PER_QUESTION))


def settle_questions(
    questions: Sequence[Question],
    results: Sequence[Any],
    settle: Callable[[asyncio.Future[Any], Any], object],
) -> None:
    """Give each question its result, unless nobody waits for it any more."""
    for question, result in zip(questions, results, strict=True):
        if not question.answer.done():
            settle(question.answer, result)


_batchers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, GreetingBatcher] = (
    weakref.WeakKeyDictionary()
)


def get_greeting_batcher() -> GreetingBatcher:
    """Return the batcher of the running event loop."""
    loop = asyncio.get_running_loop()
    batcher = _batchers.get(loop)
    if batcher is None:
        keys = RedisKeySpace(settings.SENIM_REDIS_PREFIX)
        batcher = _batchers[loop] = GreetingBatcher(settings.REDIS_URL, keys)
    return batcher
