"""Answers of one socket, in the order of the messages they answer.

Most sends finish at once. One that has to wait, for a client that reads slowly, waits in a task of its own and
holds up nobody else's answers.
"""

import asyncio
import contextlib
import types
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from typing import Any

MAX_UNANSWERED = 256  # more than these are left unread in the socket, until some are answered

Send = Callable[[dict[str, Any]], Coroutine[Any, Any, None]]


class Answer:
    """The place of one answer in the order; `text` is None until it is known."""

    __slots__ = ("text",)

    def __init__(self, text: str | None = None) -> None:
        self.text = text


class ReplyQueue:
    def __init__(self, send: Send) -> None:
        self._send = send
        self._answers: deque[Answer] = deque()
        self._writer: asyncio.Task[None] | None = None
        self._shrunk = asyncio.Event()
        self._wanted_length = 0
        self._gone = False

    def reserve(self) -> Answer:
        """Return the place of an answer that is not known yet."""
        answer = Answer()
        self._answers.append(answer)
        return answer

    def fill(self, answer: Answer, text: str) -> None:
        """Send an answer, as soon as all before it are sent."""
        answer.text = text
        self._flush()

    def put(self, text: str) -> None:
        """Send an answer that is known at once, after all before it."""
        self._answers.append(Answer(text))
        self._flush()

    def is_full(self) -> bool:
        """Return whether so many messages are unanswered that no more should be read."""
        return len(self._answers) >= MAX_UNANSWERED

    async def room(self) -> None:
        """Wait until half of the unanswered messages are answered."""
        await self._shrink_to(MAX_UNANSWERED // 2)

    async def drain(self, timeout_s: float) -> None:
        """Wait until all is answered and sent, or the time is up."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._shrink_to(0)

    async def _shrink_to(self, length: int) -> None:
        self._wanted_length = length
        while len(self._answers) > length and not self._gone:
            self._shrunk.clear()
            await self._shrunk.wait()

    def abandon(self) -> None:
        """Send nothing any more: the client is gone."""
        self._gone = True
        self._answers.clear()
        self._shrunk.set()

    def _flush(self) -> None:
        answers = self._answers
        while answers and self._writer is None and answers[0].text is not None:
            coroutine = self._send({"type": "websocket.send", "text": answers[0].text})
            try:
                waits_for = coroutine.send(None)
            except StopIteration:
                if answers:
                    answers.popleft()
            except Exception:
                # the server says in its own way that the client is gone; the disconnect follows
                self.abandon()
            else:
                self._writer = asyncio.get_running_loop().create_task(
                    self._wait_for(coroutine, waits_for)
                )
        if len(answers) <= self._wanted_length:
            self._shrunk.set()

    async def _wait_for(self, coroutine: Coroutine[Any, Any, None], waits_for: Any) -> None:
        try:
            await _carry_on(coroutine, waits_for)
            if self._answers:
                self._answers.popleft()
        except Exception:
            self.abandon()
        finally:
            self._writer = None
        self._flush()


@types.coroutine
def _carry_on(coroutine: Coroutine[Any, Any, None], waits_for: Any) -> Generator[Any, Any, None]:
    """Await a coroutine that was stepped once by hand and waits for a future."""
    try:
        while True:
            try:
                value = yield waits_for
            except BaseException as error:
                waits_for = coroutine.throw(error)
            else:
                waits_for = coroutine.send(value)
    except StopIteration:
        return
