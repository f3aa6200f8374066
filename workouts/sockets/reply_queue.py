"""A socket's answers, in the order of the messages they answer.

Most sends finish at once. One that has to wait for a slow reader waits in a task of its own, and
holds up no other socket.
"""

import asyncio
import contextlib
import types
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Protocol

from workouts.sockets.frames import OutgoingFrame, encode_frame

# No more messages are read from the socket with this many unanswered, or with this many behind an
# answer that waits for a slow reader.
MAX_UNANSWERED = 64
MAX_UNSENT = 16

Send = Callable[[dict[str, Any]], Coroutine[Any, Any, None]]
Write = Callable[[bytes], bool]


class Reply(Protocol):
    """An answer's place in the order.

    `frame` is None until the answer is known, and then a frame or a frame's text.
    """

    frame: OutgoingFrame | bytes | None


class QueuedReply:
    """A reply that is nothing else."""

    __slots__ = ("frame",)

    def __init__(self, frame: OutgoingFrame | bytes | None = None) -> None:
        self.frame = frame


class ReplyQueue:
    """Sends one socket's answers; once `is_closed`, the client is gone and they are dropped."""

    def __init__(self, send: Send, write: Write | None = None) -> None:
        self.is_closed = False
        self._send = send
        self._write = write  # a shorter way, which says False when it cannot be taken
        self._replies: list[Reply] = []  # an empty deque takes ten times the memory
        self._unknown = 0
        self._writer: asyncio.Task[None] | None = None
        self._waiters = 0
        self._progress: asyncio.Event | None = None  # once somebody waits

    def reserve(self) -> QueuedReply:
        """Return the place of an answer that is not known yet; it has to be filled."""
        reply = QueuedReply()
        self.add(reply)
        return reply

    def add(self, reply: Reply) -> None:
        """Do as reserve(), with a reply of the caller's own."""
        self._replies.append(reply)
        self._unknown += 1

    def fill(self, reply: Reply, frame: OutgoingFrame | bytes) -> None:
        """Send an answer as soon as all before it are sent. Only the first one given counts."""
        if reply.frame is not None:
            return
        reply.frame = frame
        self._unknown -= 1
        self._flush()

    def put(self, frame: OutgoingFrame) -> None:
        """Send an answer that is known at once, after all before it."""
        self._replies.append(QueuedReply(frame))
        self._flush()

    def is_full(self) -> bool:
        """Return whether too many answers are waiting to read more messages."""
        return len(self._replies) >= (MAX_UNSENT if self._writer else MAX_UNANSWERED)

    async def wait_for_space(self) -> None:
        """Wait until at most half of the places are taken."""
        await self._wait_until(
            lambda: len(self._replies) <= (MAX_UNSENT if self._writer else MAX_UNANSWERED) // 2
        )

    async def wait_for_earlier(self) -> None:
        """Wait until every reserved answer but the last is known, sent or not."""
        await self._wait_until(lambda: self._unknown <= 1)

    async def wait_for_all(self, timeout_s: float) -> None:
        """Wait until every reserved answer is known, sent or not, or the time is up."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._wait_until(lambda: not self._unknown)

    async def drain(self, timeout_s: float) -> None:
        """Wait until everything is sent, or the time is up."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._wait_until(
                    lambda: not (self._replies or self._writer) or self.is_closed
                )

    def close(self) -> None:
        """Stop sending: the client is gone."""
        self.is_closed = True
        self._flush()

    async def _wait_until(self, is_reached: Callable[[], bool]) -> None:
        self._waiters += 1
        progress = self._progress = self._progress or asyncio.Event()
        try:
            while not is_reached():
                progress.clear()
                await progress.wait()
        finally:
            self._waiters -= 1

    def _flush(self) -> None:
        replies = self._replies
        while self._writer is None and replies and (frame := replies[0].frame) is not None:
            replies.pop(0)
            if self.is_closed:
                continue
            text = frame if isinstance(frame, bytes) else encode_frame(frame)
            if self._write is not None and self._write(text):
                continue
            coroutine = self._send({"type": "websocket.send", "text": text.decode()})
            try:
                waits_for = coroutine.send(None)
            except StopIteration:
                pass
            except Exception:
                # each server says in its own way that the client is gone; the disconnect follows
                self.is_closed = True
            else:
                self._writer = asyncio.get_running_loop().create_task(
                    self._wait_for(coroutine, waits_for)
                )
        if self._waiters and self._progress is not None:
            self._progress.set()

    async def _wait_for(self, coroutine: Coroutine[Any, Any, None], waits_for: Any) -> None:
        try:
            await _resume_socket_send(coroutine, waits_for)
        except Exception:
            self.is_closed = True
        finally:
            self._writer = None
        self._flush()


@types.coroutine
def _resume_socket_send(
    coroutine: Coroutine[Any, Any, None], waits_for: Any
) -> Generator[Any, Any, None]:
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
