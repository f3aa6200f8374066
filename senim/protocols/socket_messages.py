"""uvicorn's WebSocket protocol, from frames to whole messages and back, the shortest way.

Messages go to the application through ASGI, or directly if it asks for that
(sockets/direct_messages.py): ASGI's queue and the task that waits at its end cost a third of a rep.
"""

import asyncio
from collections.abc import Awaitable
from typing import Any, cast

from uvicorn._types import ASGIReceiveEvent, ASGISendEvent
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State

from senim.protocols.common_frame import (
    MAX_TEXT_BYTES,
    build_text_frame,
    is_between_messages,
    read_common_frame,
)
from senim.protocols.frame_budget import MAX_IDLE_FRAMES, FrameBudget
from senim.protocols.socket_endings import EndingWebSocketProtocol
from workouts.close_codes import CLOSE_POLICY, CLOSE_TOO_BIG
from workouts.sockets.direct_messages import EXTENSION, REQUEST, Listener
from workouts.sockets.frames import MAX_MESSAGE_BYTES

MAX_QUEUED = 16
NO_HANDSHAKE = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class MessageWebSocketProtocol(EndingWebSocketProtocol):
    """Reads and writes whole messages, and survives invalid UTF-8.

    uvicorn closes the socket of a client that sends that. Here it is ordinary bad input: the
    consumer gets such a message as bytes.
    """

    # as of the last piece that websockets read; once this side closes, `close_sent` is set as well
    _is_between_messages = False
    _message_bytes = 0  # of the fragments of an unfinished message
    _listener: Listener | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._budget = FrameBudget()

    def _pause_reading(self) -> None:
        raise NotImplementedError

    # --- the application's side

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if not self.close_sent:  # by a handshake that was refused
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[EXTENSION] = self

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        super().on_task_complete(task)
        # cycles would keep closed sockets in memory for a while
        self._listener = None
        self.scope["extensions"] = {}

    def listen(self, listener: Listener) -> None:
        self._listener = listener
        headers: Any = self.scope["headers"]
        headers.clear()  # in place, since the application has copies of the scope

    def write(self, text: bytes) -> bool:
        if (
            self.handshake_complete
            and self.writable.is_set()
            and not self.close_sent
            and not self.disconnected
            and self.conn.state is State.OPEN
            and len(text) <= MAX_TEXT_BYTES
        ):
            self.transport.write(build_text_frame(text))
            return True
        return False

    async def send(self, message: ASGISendEvent) -> None:
        if message["type"] == "websocket.send":
            text = message.get("text")
            if text is not None and self.write(text.encode()):
                return
        await super().send(message)

    # --- frames

    def _parse(self, data: bytes) -> None:
        if self._is_between_messages and (text := read_common_frame(data)) is not None:
            self._budget.spend(len(data), 1)
            self.curr_msg_data_type = "text"
            self._hand_over(text)
            return
        conn = self.conn
        conn.receive_data(data)
        events = conn.events_received()
        self._budget.spend(len(data), len(events))
        for event in events:
            if self.lingers:
                break
            if event.__class__ is Frame:  # half the price of isinstance
                self._handle_frame(event)
            else:
                self.handle_connect(cast(Request, event))
        self._is_between_messages = is_between_messages(conn)
        if not self.handshake_initiated:
            # the whole head came in one piece: websockets could not read it
            self.close_sent = True
            self.transport.write(NO_HANDSHAKE)
            self.transport.close()
        elif conn.parser_exc is not None and not self.lingers:
            self.handle_parser_exception()

    def _handle_frame(self, frame: Frame) -> None:
        opcode = frame.opcode
        if opcode is Opcode.TEXT or opcode is Opcode.BINARY:
            self.curr_msg_data_type = "text" if opcode is Opcode.TEXT else "bytes"
            if frame.fin and len(frame.data) <= MAX_MESSAGE_BYTES:  # as almost all of them
                self._hand_over(frame.data)
                return
            self.frames = []
            self._message_bytes = 0
            self._take_data(frame)
        elif opcode is Opcode.CONT:
            self._take_data(frame)
        elif opcode is Opcode.CLOSE:
            self.handle_close(frame)
        elif not self._budget.take_idle_frame():
            self.break_off(CLOSE_POLICY, "too many control frames")
        elif opcode is Opcode.PING:
            self.handle_ping()
        else:
            self.handle_pong(frame)

    def _take_data(self, frame: Frame) -> None:
        data = frame.data
        self._message_bytes += len(data)
        if self._message_bytes > MAX_MESSAGE_BYTES:
            self.break_off(CLOSE_TOO_BIG, f"a message over {MAX_MESSAGE_BYTES} bytes")
        elif frame.fin:
            self.frames.append(data)  # type: ignore[arg-type]  # bytes or a bytearray
            self.send_receive_event_to_app()
        elif not data and not self._budget.take_idle_frame():
            self.break_off(CLOSE_POLICY, "too many empty frames")
        elif data:
            self.frames.append(data)  # type: ignore[arg-type]

    def handle_ping(self) -> None:
        if not self.disconnected:
            super().handle_ping()

    def send_receive_event_to_app(self) -> None:
        frames, self.frames = self.frames, []
        self._hand_over(b"".join(frames))

    def _call_listener(self, listener: Listener, text: str | None) -> Awaitable[None] | None:
        try:
            return listener(text)
        except Exception as error:
            # a bug in a handler ends this socket's application, as it would behind receive()
            return raise_to_application(error)

    def _hand_over(self, data: bytes | bytearray | memoryview) -> None:
        """Give a whole message to the consumer."""
        self._budget.idle_frames_left = MAX_IDLE_FRAMES  # those before it were not for nothing
        if self.close_sent:
            return
        text = decode_message(data) if self.curr_msg_data_type == "text" else None
        event: Any
        if self._listener is not None and self.queue.is_waited_for:
            request = self._call_listener(self._listener, text)
            if request is None:
                return
            event = {"type": REQUEST, "request": request}
        else:
            event = build_asgi_event(text, data)
        self.queue.put_nowait(event)
        if len(self.queue.events) >= MAX_QUEUED:
            self._pause_reading()


async def raise_to_application(error: Exception) -> None:
    raise error


def decode_message(data: Any) -> str | None:
    """Return the text of a message, None if it is not UTF-8."""
    try:
        return str(data, "utf-8")
    except UnicodeDecodeError:
        return None


def build_asgi_event(text: str | None, data: Any) -> ASGIReceiveEvent:
    if text is None:
        return {"type": "websocket.receive", "bytes": data}
    return {"type": "websocket.receive", "text": text}
