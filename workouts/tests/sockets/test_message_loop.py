"""Reading messages, errors in a row, and close codes: the loop on its own, without a server."""

import asyncio
import json
from collections.abc import Awaitable
from typing import Any

from django.test import SimpleTestCase

from workouts.close_codes import CLOSE_POLICY, CLOSE_RESTART, CLOSE_TOO_BIG
from workouts.exceptions import Code, WorkoutError
from workouts.live.greeting.batching import get_greeting_batcher
from workouts.sockets.frames import MAX_MESSAGE_BYTES
from workouts.sockets.message_loop import (
    MAX_ERRORS_IN_A_ROW,
    MESSAGES_A_TURN,
    CloseSocket,
    SocketLoop,
)
from workouts.sockets.reply_queue import MAX_UNANSWERED, QueuedReply
from workouts.sockets.senim_v1 import DeviceSocket

GONE = {"type": "websocket.disconnect", "code": 1001}
STOPPING = {"type": "websocket.disconnect", "code": CLOSE_RESTART}
BAD = "bad"


class Connection:
    """A server's side of a socket, which delivers these messages and then the disconnect."""

    def __init__(self, *texts: str | bytes, end: dict[str, Any] = GONE) -> None:
        self.messages = [
            {"type": "websocket.receive", "text" if isinstance(text, str) else "bytes": text}
            for text in texts
        ] + [end]
        self.handled: list[str] = []
        self.closed: list[tuple[int, str | None]] = []
        self.sent: list[Any] = []
        self.loop = SocketLoop(self.send, self.close)

    async def receive(self) -> dict[str, Any]:
        return self.messages.pop(0)

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(json.loads(message["text"]))

    async def close(self, code: int, reason: str | None) -> None:
        self.closed.append((code, reason))

    def handle(self, text: str) -> Awaitable[None] | None:
        self.handled.append(text)
        if text == BAD:
            raise WorkoutError(Code.INVALID_MESSAGE, "it is bad", seq=7)
        self.loop.replies.put(text)
        return None

    async def run(self, handle: Any = None) -> None:
        async with asyncio.timeout(20):
            await self.loop.run(self.receive, handle or self.handle)


class MessageLoopTests(SimpleTestCase):
    async def test_it_handles_every_message_until_the_client_is_gone(self) -> None:
        connection = Connection("1", "2", "3")
        await connection.run()
        assert connection.handled == ["1", "2", "3"]
        assert connection.closed == []

    async def test_it_answers_an_error_with_its_code_and_seq_and_reads_on(self) -> None:
        connection = Connection(BAD, "2")
        await connection.run()
        error, second = connection.sent
        assert error == {
            "event": "error",
            "code": "invalid_message",
            "detail": "it is bad",
            "seq": 7,
        }
        assert second == "2"

    async def test_it_closes_after_twenty_errors_in_a_row(self) -> None:
        connection = Connection(*[BAD] * MAX_ERRORS_IN_A_ROW, "more")
        await connection.run()
        assert len(connection.sent) == MAX_ERRORS_IN_A_ROW
        assert connection.closed == [(CLOSE_POLICY, "20 errors in a row")]
        assert "more" not in connection.handled

    async def test_a_good_message_ends_the_row(self) -> None:
        errors = [BAD] * (MAX_ERRORS_IN_A_ROW - 1)
        connection = Connection(*errors, "good", *errors)
        await connection.run()
        assert connection.closed == []

    async def test_a_binary_message_is_an_error_like_any_other(self) -> None:
        connection = Connection(*[b"\x00"] * MAX_ERRORS_IN_A_ROW)
        await connection.run()
        assert connection.handled == []
        assert connection.sent[0]["detail"] == "a binary message; send text"
        assert connection.closed == [(CLOSE_POLICY, "20 errors in a row")]

    async def test_it_measures_messages_in_bytes(self) -> None:
        sizes = {
            "x" * MAX_MESSAGE_BYTES: True,
            "x" * (MAX_MESSAGE_BYTES + 1): False,
            "я" * (MAX_MESSAGE_BYTES // 2): True,
            "я" * (MAX_MESSAGE_BYTES // 2) + "x": False,
            "💪" * (MAX_MESSAGE_BYTES // 4): True,
            "💪" * (MAX_MESSAGE_BYTES // 4) + "x": False,
        }
        for text, is_handled in sizes.items():
            connection = Connection(text)
            await connection.run()
            assert bool(connection.handled) == is_handled, (len(text), text[0])
            codes = [code for code, _ in connection.closed]
            assert codes == ([] if is_handled else [CLOSE_TOO_BIG])

    async def test_a_handler_may_close_the_socket(self) -> None:
        def handle(text: str) -> None:
            raise CloseSocket(CLOSE_POLICY, "enough")

        connection = Connection("1")
        await connection.run(handle)
        assert connection.closed == [(CLOSE_POLICY, "enough")]

    async def test_it_closes_only_after_what_is_in_flight_is_answered(self) -> None:
        connection = Connection(end=STOPPING)
        reply = connection.loop.replies.reserve()
        running = asyncio.create_task(connection.run())
        await asyncio.sleep(0.05)
        assert connection.closed == []
        connection.loop.replies.fill(reply, "answered")
        await running
        assert connection.sent == ["answered"]
        assert connection.closed == [(CLOSE_RESTART, None)]

    async def test_what_a_message_starts_ends_before_the_next_is_read(self) -> None:
        connection, release = Connection("1", "2"), asyncio.Event()

        def handle(text: str) -> Awaitable[Any]:
            connection.handled.append(text)
            return release.wait()

        running = asyncio.create_task(connection.run(handle))
        await asyncio.sleep(0.05)
        assert connection.handled == ["1"]
        release.set()
        await running
        assert connection.handled == ["1", "2"]

    async def test_it_reads_no_more_while_too_many_are_unanswered(self) -> None:
        connection = Connection(*[str(number) for number in range(2 * MAX_UNANSWERED)])
        replies: list[QueuedReply] = []

        def handle(text: str) -> None:
            replies.append(connection.loop.replies.reserve())

        running = asyncio.create_task(connection.run(handle))
        await asyncio.sleep(0.05)
        assert len(replies) == MAX_UNANSWERED
        for reply in replies[: MAX_UNANSWERED // 2]:
            connection.loop.replies.fill(reply, "ok")
        await asyncio.sleep(0.05)
        assert len(replies) == MAX_UNANSWERED + MAX_UNANSWERED // 2
        for reply in replies[MAX_UNANSWERED // 2 :]:
            connection.loop.replies.fill(reply, "ok")
        await asyncio.sleep(0.05)
        for reply in replies[-MAX_UNANSWERED // 2 :]:
            connection.loop.replies.fill(reply, "ok")
        await running

    async def test_no_socket_is_read_to_its_end_while_others_wait(self) -> None:
        many = [str(number) for number in range(10 * MESSAGES_A_TURN)]
        flood, other = Connection(*many), Connection("a rep")
        read_before: list[int] = []

        def handle(text: str) -> None:
            read_before.append(len(flood.handled))

        await asyncio.gather(flood.run(), other.run(handle))
        assert read_before == [MESSAGES_A_TURN]
        assert flood.handled == many


class RestartTests(SimpleTestCase):
    async def test_it_closes_once_however_often_it_is_told_to(self) -> None:
        connection = Connection()
        for _ in range(3):
            connection.loop.restart()
        await connection.loop._ending
        assert connection.closed == [(CLOSE_RESTART, None)]

    async def test_the_disconnect_that_follows_closes_nothing(self) -> None:
        connection = Connection(end=STOPPING)
        connection.loop.restart()
        await connection.run()
        await connection.loop._ending
        assert connection.closed == [(CLOSE_RESTART, None)]

    async def test_it_closes_before_it_returns_even_if_the_next_message_is_too_big(self) -> None:
        connection = Connection("1", "x" * (MAX_MESSAGE_BYTES + 1))

        def handle(text: str) -> None:
            connection.loop.restart()

        await connection.run(handle)
        assert connection.closed == [(CLOSE_RESTART, None)]

    async def test_it_closes_only_after_a_request_that_waits_for_reps_is_answered(self) -> None:
        connection = Connection()
        answered: list[int] = []

        async def close(code: int, reason: str | None) -> None:
            answered.append(len(connection.sent))

        loop = SocketLoop(connection.send, close)
        rep = loop.replies.reserve()
        request = DeviceSocket("ann", loop)._handle_message('{"event": "status"}')
        assert request is not None
        answering = asyncio.ensure_future(request)
        await asyncio.sleep(0)
        loop.restart()
        loop.replies.fill(rep, "rep")
        await answering
        await loop._ending
        assert answered == [2]
        await get_greeting_batcher().close()

    async def test_a_client_that_is_gone_is_no_error(self) -> None:
        connection = Connection()

        async def close(code: int, reason: str | None) -> None:
            raise RuntimeError("gone")

        loop = SocketLoop(connection.send, close)
        loop.restart()
        await loop._ending


class EndTests(SimpleTestCase):
    async def test_it_answers_what_was_read_handles_no_more_and_closes(
        self,
    ) -> None:
        connection = Connection("1", "2", "3")
        answered: list[int] = []
        loop = connection.loop
        rep = loop.replies.reserve()

        def handle(text: str) -> None:
            connection.handle(text)
            loop.end(4401, "token_expired")
            asyncio.get_running_loop().call_soon(loop.replies.fill, rep, "rep")

        async def close(code: int, reason: str | None) -> None:
            answered.append(len(connection.sent))
            await connection.close(code, reason)

        loop._close = close
        await connection.run(handle)
        assert connection.handled == ["1"]
        assert connection.sent == ["rep", "1"]
        assert answered == [2]
        assert connection.closed == [(4401, "token_expired")]
        assert loop.closing is not None
        assert (loop.closing.code, loop.closing.reason) == (4401, "token_expired")

    async def test_the_disconnect_that_follows_is_not_the_clients_doing(self) -> None:
        connection = Connection(end={"type": "websocket.disconnect", "code": 4403})
        connection.loop.end(4403, "device_revoked")
        await connection.run()
        assert connection.loop.closing is not None
        assert connection.loop.closing.reason == "device_revoked"
