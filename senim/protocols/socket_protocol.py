"""uvicorn's WebSocket protocol, which reads no more from a socket than is fair.

What comes within a socket's budget is read at once, as long as its answers can be written and its
messages are handled. The rest waits for its turn (reading_turns.py), and so does the client: the
transport is paused meanwhile.
"""

import asyncio
from socket import SO_RCVBUF, SOL_SOCKET

from uvicorn._types import ASGIReceiveEvent

from senim.garbage import full_collections
from senim.protocols.reading_turns import get_reading_turns
from senim.protocols.socket_messages import MAX_QUEUED, MessageWebSocketProtocol
from workouts.sockets.frames import MAX_MESSAGE_BYTES

MAX_CONTROL_BYTES = 125  # of a ping, RFC 6455, section 5.5
# The parser takes a ping between two fragments for a part of the message, so it has to allow for
# one. The message's own size is checked here.
MAX_FRAME_BYTES = MAX_MESSAGE_BYTES + MAX_CONTROL_BYTES
# what is read at once, and in a turn: about 10 reps, or 170 empty frames, which take 1 ms
SLICE_BYTES = 1024
# Linux doubles it. An offline hour of 2,000 reps comes in 8 windows, well under a second by phone.
RECEIVE_BUFFER_BYTES = 16_384


class FairWebSocketProtocol(MessageWebSocketProtocol):
    """Reads a socket as fast as is fair to the others."""

    _takes_turns = False
    _is_served = True
    _loss: Exception | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._turns = get_reading_turns(self.loop)
        # a flood of sockets must not fill the memory: data waits in the client's system instead
        transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER_BYTES)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._cutting is not None:
            self._cutting.cancel()
        if not self._unread or self.close_sent or not self._is_served:
            self._end_connection(exc)
            return
        # The reps that were received still count: the consumer hears of the end after them. Until
        # then send() tells it that nobody reads its answers.
        self.stop_keepalive()
        self.is_gone = self.disconnected = True
        self._loss = exc
        self.writable.set()
        self._wait_for_turn()

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        super().on_task_complete(task)
        self._is_served = False
        full_collections.note_closed_connection()
        self._cut_soon()
        if self.is_gone:
            self._drop_unread()
            self._end_backlog()

    def start_keepalive(self) -> None:
        super().start_keepalive()
        # the handshake is over, and its headers would live as long as the socket
        self.request = self.response = None  # type: ignore[assignment]

    # --- reading, as fast as is fair

    def data_received(self, data: bytes) -> None:
        if self.lingers:
            self._pause_lingering()
            return
        if self.close_sent and len(self._unread) + len(data) > SLICE_BYTES:
            # all that counts any more is the client's close frame, and this is a flood
            self._linger()
            return
        if not self.handshake_initiated:
            self._parse(data)
        elif (
            self._unread
            or self.read_paused
            or len(data) > SLICE_BYTES
            or not (self._turns.is_idle or self._budget.allows())
        ):
            self._unread += data
            if len(self._unread) > SLICE_BYTES:
                self._pause_reading()
            self._wait_for_turn()
        else:
            self._parse(data)

    def read_slice(self) -> bool:
        """Read a little of what is waiting; return whether there is more that can be read."""
        if self._can_read():
            ends = self._unread_from + SLICE_BYTES
            piece, self._unread_from = self._unread[self._unread_from : ends], ends
            if ends >= len(self._unread):
                self._drop_unread()
            self._parse(piece)
        self._takes_turns = bool(self._unread) and self._can_read()
        if not self._unread:
            self._end_backlog()
        return self._takes_turns

    def cut(self) -> None:
        """Drop the connection, with what is not read yet."""
        self._takes_turns = False
        self._drop_unread()
        self.transport.abort()

    def _can_read(self) -> bool:
        if self.close_sent or self.is_gone:
            return self.queue.qsize() < MAX_QUEUED or self.close_sent
        return self.queue.qsize() < MAX_QUEUED and self.writable.is_set()

    def _wait_for_turn(self) -> None:
        if not self._takes_turns and self._unread and self._can_read():
            self._takes_turns = True
            self._turns.join(self)

    def _end_backlog(self) -> None:
        """Read from the transport again, or pass on that the client is gone."""
        if self.is_gone:
            self.is_gone = False
            self._end_connection(self._loss)
        else:
            self._go_on()

    def _pause_reading(self) -> None:
        if not self.read_paused and not self.disconnected:
            self.read_paused = True
            self.transport.pause_reading()

    def _go_on(self) -> None:
        """Read on, if nothing stands in the way any more."""
        if self._unread:
            self._wait_for_turn()
        elif self.read_paused and not self.disconnected and self._can_read():
            self.read_paused = False
            self.transport.resume_reading()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._pause_reading()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._go_on()

    async def receive(self) -> ASGIReceiveEvent:
        message = await self.queue.get()
        if (self.read_paused or self._unread) and self.queue.empty():
            self._go_on()
        return message

    def keepalive_timeout(self) -> None:
        if self.read_paused and self.writable.is_set():
            # its pong may be among what is not read yet
            self.pong_timer = self.loop.call_later(self.ping_timeout or 0, self.keepalive_timeout)
            return
        super().keepalive_timeout()
        self._cut_soon()
