"""Messages that go past ASGI are the same, and are answered and closed the same, as through it."""

import asyncio
import json
import socket
from collections.abc import Awaitable
from contextlib import suppress
from itertools import pairwise
from typing import Any

import uvicorn
from django.test import SimpleTestCase
from hypothesis import given, settings
from hypothesis import strategies as st
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.client import ClientProtocol
from websockets.frames import Opcode
from websockets.uri import parse_uri

from senim.protocols.socket_protocol import MAX_FRAME_BYTES, FairWebSocketProtocol
from workouts.close_codes import CLOSE_POLICY
from workouts.exceptions import Code, WorkoutError
from workouts.simulation.raw_socket import build_simulated_frame
from workouts.sockets.direct_messages import find_direct_messages
from workouts.sockets.message_loop import MAX_ERRORS_IN_A_ROW, CloseSocket, SocketLoop

BAD, LATER, CLOSE, SLOW, BUG, END = "bad", "later", "close", "slow", "bug", "the end"
texts = st.sampled_from(["", "rep", "over 125 bytes " * 10, BAD, LATER, SLOW] * 3 + [CLOSE])
messages = st.builds(
    lambda opcode, text, is_final: build_simulated_frame(opcode, text, is_final=is_final),
    st.sampled_from([Opcode.TEXT] * 12 + [Opcode.CONT, Opcode.BINARY]),
    texts.map(str.encode) | st.just(b"\xff not UTF-8"),
    st.sampled_from([True] * 9 + [False]),
)
oddities = st.sampled_from(
    [
        build_simulated_frame(Opcode.PING, b"ping"),
        build_simulated_frame(Opcode.CLOSE, b"\x03\xe8"),
        build_simulated_frame(Opcode.TEXT, b"x", mask=None),
        build_simulated_frame(Opcode.TEXT, b"x", reserved_bits=4),
        b"\x81\xff",
    ]
)
ANSWER_TO_END = (Opcode.TEXT, f'"{END}"'.encode())
streams = st.lists(st.one_of(*[messages] * 9, oddities), max_size=15).map(b"".join)


class EchoSocket:
    """An application on the service's own loop: answers at once, later, with an error, or closes.

    `takes_direct` says whether it asks for the server's short way.
    """

    def __init__(self, *, takes_direct: bool) -> None:
        self.takes_direct = takes_direct
        self.handled: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})

        async def close(code: int, reason: str | None) -> None:
            await send({"type": "websocket.close", "code": code, "reason": reason or ""})

        direct = find_direct_messages(scope) if self.takes_direct else None
        assert direct is not None or not self.takes_direct
        self.loop = SocketLoop(send, close, direct)
        await self.loop.run(receive, self.handle)
        await self.loop.replies.wait_for_all(5)

    def handle(self, text: str) -> Awaitable[None] | None:
        self.handled.append(text)
        replies = self.loop.replies
        if text == BAD:
            raise WorkoutError(Code.INVALID_MESSAGE, "it is bad")
        if text == BUG:
            raise ZeroDivisionError
        if text == CLOSE:
            raise CloseSocket(CLOSE_POLICY, "as asked")
        reply = replies.reserve()
        if text == LATER:  # as a rep, whose answer comes from Redis
            asyncio.get_running_loop().call_soon(replies.fill, reply, text)
            return None
        if text == SLOW:  # as a request, which holds up the messages after it
            return self.answer_slowly(reply)
        replies.fill(reply, text)
        return None

    async def answer_slowly(self, reply: Any) -> None:
        await self.loop.replies.wait_for_earlier()
        await asyncio.sleep(0.001)
        self.loop.replies.fill(reply, SLOW)


async def play(pieces: list[bytes], application: EchoSocket) -> list[Any]:
    """Send the pieces over a real connection; return all that came back, frame by frame."""
    config = uvicorn.Config(
        application,
        ws=FairWebSocketProtocol,
        ws_max_size=MAX_FRAME_BYTES,
        ws_per_message_deflate=False,
        log_config=None,
        lifespan="off",
    )
    config.load()
    loop = asyncio.get_running_loop()
    theirs, ours = socket.socketpair()
    theirs.setblocking(False)
    state = ServerState()
    client, answers = ClientProtocol(parse_uri("ws://localhost/")), []
    client.send_request(client.connect())

    async def send(data: bytes) -> None:
        with suppress(ConnectionError):  # the server has closed; what it said can still be read
            await loop.sock_sendall(theirs, data)

    async def read() -> bytes:
        try:
            return await loop.sock_recv(theirs, 65_536)
        except ConnectionResetError:  # it closed with something unread: said once, before the rest
            return await loop.sock_recv(theirs, 65_536)

    with theirs:
        transport, _ = await loop.connect_accepted_socket(
            lambda: FairWebSocketProtocol(config, state, {}), ours
        )
        await send(b"".join(client.data_to_send()))
        client.receive_data(await read())
        assert len(client.events_received()) == 1
        for piece in [*pieces, build_simulated_frame(Opcode.TEXT, END.encode())]:
            await send(piece)
            await asyncio.sleep(0)
        while ANSWER_TO_END not in answers and (data := await read()):
            client.receive_data(data)
            answers += [(event.opcode, bytes(event.data)) for event in client.events_received()]
            await send(b"".join(client.data_to_send()))  # the answer to a close frame
    await asyncio.wait_for(asyncio.gather(*state.tasks), 20)
    transport.abort()
    await asyncio.sleep(0)
    return answers


def texts_of(frames: list[Any]) -> list[bytes]:
    return [data for opcode, data in frames if opcode is Opcode.TEXT]


def others_of(frames: list[Any]) -> list[Any]:
    return [frame for frame in frames if frame[0] is not Opcode.TEXT]


class DirectMessagesTests(SimpleTestCase):
    def compare(self, pieces: list[bytes]) -> list[Any]:
        """Play the pieces both ways, and return the frames that came back.

        They are the same, but that a pong may overtake texts, and that what is on its way when the
        client closes or breaks a rule may be lost by either way.
        """
        through_asgi, directly = EchoSocket(takes_direct=False), EchoSocket(takes_direct=True)
        expected = asyncio.run(play(pieces, through_asgi))
        found = asyncio.run(play(pieces, directly))
        assert directly.handled == through_asgi.handled
        assert others_of(found) == others_of(expected)
        if ANSWER_TO_END in expected + found:
            assert texts_of(found) == texts_of(expected)
        pairs = zip(texts_of(found), texts_of(expected), strict=False)
        assert all(one == other for one, other in pairs)
        return found

    @settings(max_examples=150, deadline=None)
    @given(streams, st.lists(st.integers(0, 2000), max_size=6))
    def test_any_stream_cut_anywhere_gives_the_same_answers(
        self, stream: bytes, cuts: list[int]
    ) -> None:
        edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
        self.compare([stream[start:end] for start, end in pairwise(edges)])

    def test_answers_come_in_the_order_of_the_messages(self) -> None:
        order = [LATER, "one", SLOW, "two", BAD, LATER, "three"]
        pieces = [build_simulated_frame(Opcode.TEXT, text.encode()) for text in order]
        frames = self.compare(pieces)
        answers = [json.loads(text) for text in texts_of(frames)]
        assert answers.pop(4)["detail"] == "it is bad"
        assert answers == [*(text for text in order if text != BAD), END]

    def test_a_bug_in_a_handler_ends_the_application(self) -> None:
        pieces = [build_simulated_frame(Opcode.TEXT, text) for text in (b"one", b"bug", b"two")]
        frames = self.compare(pieces)
        assert [json.loads(text) for text in texts_of(frames)] == ["one"]

    def test_errors_in_a_row_close_the_socket(self) -> None:
        bad = build_simulated_frame(Opcode.TEXT, BAD.encode())
        frames = self.compare([bad] * (MAX_ERRORS_IN_A_ROW + 5))
        assert len(frames) == MAX_ERRORS_IN_A_ROW + 1
        opcode, data = frames[-1]
        assert opcode is Opcode.CLOSE
        assert int.from_bytes(data[:2], "big") == CLOSE_POLICY

    def test_the_server_has_what_the_short_way_leans_on(self) -> None:
        """An update of uvicorn that renames one of these has to be looked at (socket_messages)."""
        config = uvicorn.Config(EchoSocket(takes_direct=True), log_config=None, lifespan="off")
        config.load()

        async def build() -> WebSocketsSansIOProtocol:
            return WebSocketsSansIOProtocol(config, ServerState(), {})

        protocol: Any = asyncio.run(build())
        state = {
            name: getattr(protocol, name)
            for name in ("handshake_complete", "close_sent", "disconnected", "frames")
        }
        assert state == {
            "handshake_complete": False,
            "close_sent": False,
            "disconnected": False,
            "frames": [],
        }
        assert protocol.writable.is_set()
        assert protocol.conn.parser_exc is None
        assert protocol.curr_msg_data_type in ("text", "bytes")
        for name in ("handle_connect", "handle_close", "handle_ping", "on_task_complete", "send"):
            assert callable(getattr(protocol, name)), name
