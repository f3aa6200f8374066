"""A socket's messages, read one by one, and the codes that it is closed with.

The loop is not Channels' own, which starts two tasks per message and costs four times everything
else. A server of ours hands over most messages without waking it (direct_messages.py).
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import Any

from workouts.close_codes import CLOSE_ABNORMAL, CLOSE_POLICY, CLOSE_RESTART, CLOSE_TOO_BIG
from workouts.exceptions import Code, WorkoutError
from workouts.metrics import count_refusal_metric
from workouts.sockets.direct_messages import REQUEST, DirectMessages, Listener
from workouts.sockets.frames import MAX_MESSAGE_BYTES, ErrorFrame
from workouts.sockets.reply_queue import ReplyQueue, Send
from workouts.sockets.server_stop import get_server_stop
from workouts.sockets.socket_record import explain_socket_end

MAX_ERRORS_IN_A_ROW = 20
# A server may have thousands of small messages ready, and nothing else runs while they are read.
# Ours has at most 16, so that it hardly ever comes to this.
MESSAGES_A_TURN = 32
MAX_UTF8_BYTES = 4  # of a character
DRAIN_S = 5.0
RESTART_DRAIN_S = 1.0
# with the time that it takes to hear of a revocation, under the 5 s that are promised
END_DRAIN_S = 2.0
REFUSALS = {CLOSE_POLICY: "socket_policy", CLOSE_TOO_BIG: "message_size"}

Receive = Callable[[], Awaitable[dict[str, Any]]]
Close = Callable[[int, str | None], Awaitable[None]]
Handle = Callable[[str], Awaitable[None] | None]


class CloseSocket(Exception):  # noqa: N818 - it ends the loop, and is not always an error
    """The socket has to be closed, once everything before is answered."""

    def __init__(self, code: int, reason: str | None = None) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class SocketLoop:
    """Reads the messages of one accepted socket; the answers go out through `replies`."""

    def __init__(self, send: Send, close: Close, direct: DirectMessages | None = None) -> None:
        self.replies = ReplyQueue(send, direct.write if direct else None)
        self._direct = direct
        self._errors_in_a_row = 0
        self.closing: CloseSocket | None = None  # why the socket closed, once it has
        self._close = close
        self._handle: Any = None  # a Handle, while messages are read
        self._end: CloseSocket | None = None  # why the server closes it, whatever the client sends
        self._ending: asyncio.Task[None] | None = None

    async def run(self, receive: Receive, handle: Handle) -> None:
        """Handle the messages until the client is gone or the socket has to be closed.

        What `handle` returns is awaited before the next message is read. A WorkoutError that it
        raises is answered; CloseSocket closes the socket.
        """
        self._handle = self._handle or handle
        try:
            await self._handle_messages(receive)
        except CloseSocket as closing:
            self.closing = (self._end or closing).with_traceback(None)
            if closing.code in REFUSALS:
                count_refusal_metric(REFUSALS[closing.code], reason=closing.reason)
            with suppress(TimeoutError):
                async with get_server_stop().bounding():
                    await self.replies.drain(DRAIN_S)
            if self._ending is None:
                await self._close_if_open(closing)
            else:
                await self._ending
        finally:
            self._handle = None  # a cycle would keep closed sockets in memory for a while

    def restart(self) -> None:
        """Have the client connect and say hello again."""
        self._end_soon(CloseSocket(CLOSE_RESTART), RESTART_DRAIN_S)

    def end(self, code: int, reason: str) -> None:
        """Close the socket after the answers in flight, and handle no further message."""
        self._handle = self._refuse_message
        self._end_soon(CloseSocket(code, reason), END_DRAIN_S)

    def _end_soon(self, end: CloseSocket, drain_s: float) -> None:
        if self._ending is None:
            self._end = end
            self._ending = asyncio.get_running_loop().create_task(self._close_at_end(end, drain_s))

    def _refuse_message(self, text: str) -> None:
        raise self._end or CloseSocket(CLOSE_RESTART)

    async def _handle_messages(self, receive: Receive) -> None:
        if self._direct is not None:
            # in this task's context, so that what is logged has the socket's request ID
            take: Listener = partial(copy_context().run, self._take_message)  # type: ignore[call-arg]
            self._direct.listen(take)
        for number in itertools.count(1):
            message = await receive()
            if message["type"] == "websocket.disconnect":
                self._note_disconnect(message.get("code", CLOSE_ABNORMAL))
                return
            if message["type"] == REQUEST:
                request = message["request"]
            else:
                request = self._take_message(message.get("text"))
            if request is not None:
                await request
                if self.replies.is_full():
                    await self.replies.wait_for_space()
            elif number % MESSAGES_A_TURN == 0:
                await asyncio.sleep(0)

    def _take_message(self, text: str | None) -> Awaitable[None] | None:
        """Handle a message; return what has to be awaited before the next, which may close it."""
        try:
            request: Awaitable[None] | None = self._handle(check_socket_text(text))
        except WorkoutError as error:
            self.replies.put(ErrorFrame(error.code, error.message, error.seq))
            self._errors_in_a_row += 1
            if self._errors_in_a_row >= MAX_ERRORS_IN_A_ROW:
                return end_loop(
                    CloseSocket(CLOSE_POLICY, f"{self._errors_in_a_row} errors in a row")
                )
        except CloseSocket as closing:
            return end_loop(closing)
        else:
            self._errors_in_a_row = 0
            if request is not None:
                return request
        return self.replies.wait_for_space() if self.replies.is_full() else None

    def _note_disconnect(self, code: int) -> None:
        if self._end is not None and self._end.code == code:  # the server says what it was told
            self.closing = self._end
        elif code == CLOSE_RESTART:  # this server is stopping: the client waits for its answers
            raise CloseSocket(CLOSE_RESTART)
        else:
            self.closing = CloseSocket(code, explain_socket_end(code))

    async def _close_at_end(self, end: CloseSocket, drain_s: float) -> None:
        await self.replies.drain(drain_s)
        await self._close_if_open(end)

    async def _close_if_open(self, closing: CloseSocket) -> None:
        # the client may be gone, or the server may have closed it for a rule of RFC 6455
        with suppress(Exception):
            await self._close(closing.code, closing.reason)


async def end_loop(closing: CloseSocket) -> None:
    raise closing


def check_socket_text(text: str | None) -> str:
    """Return the text of a message, None for a binary one.

    Raises WorkoutError(invalid_message) if it is binary, CloseSocket if it is too big.
    """
    if text is None:
        raise WorkoutError(Code.INVALID_MESSAGE, "a binary message; send text")
    if (
        len(text) * MAX_UTF8_BYTES > MAX_MESSAGE_BYTES  # most are not: no need to encode them
        and len(text.encode()) > MAX_MESSAGE_BYTES
    ):
        raise CloseSocket(CLOSE_TOO_BIG, f"a message over {MAX_MESSAGE_BYTES} bytes")
    return text
