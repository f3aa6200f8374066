"""How a socket ends: at a stop, after an error, and when its client is gone or does not read."""

import asyncio

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from senim.protocols.receive_queue import ReceiveQueue
from workouts.close_codes import CLOSE_ABNORMAL, CLOSE_POLICY, CLOSE_RESTART
from workouts.metrics import count_refusal_metric
from workouts.sockets.server_stop import GRACE_S, get_server_stop

LINGER_S = 20.0
LINGER_READ_EVERY_S = 0.03  # one read at a time: a flood must not be dropped at its own speed
STOP_CUT_S = GRACE_S + 1.0  # a client that does not read its last answers must not hold up the stop
CUT_AFTER_S = 30.0  # longer than a socket lingers, or uvicorn waits for a client's close frame


class EndingWebSocketProtocol(WebSocketsSansIOProtocol):
    """Finishes the answers in flight at a stop, and lets the client see why it is closed.

    When it is told to stop, uvicorn closes a socket at once, and the answers in flight are lost.
    After a protocol error this class lingers, so that the client sees the close code.
    """

    lingers = False
    is_gone = False
    _unread = b""  # what waits for its turn, from _unread_from on
    _unread_from = 0
    _cutting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.queue: ReceiveQueue = ReceiveQueue()  # type: ignore[assignment]

    def shutdown(self) -> None:
        get_server_stop().begin()
        self.loop.call_later(STOP_CUT_S, self.transport.abort)
        if self.close_sent or self.is_gone or not self.handshake_complete:
            super().shutdown()
            return
        self.stop_keepalive()
        # the consumer answers what it received before this, closes with 1012, and returns
        self.queue.put_nowait({"type": "websocket.disconnect", "code": CLOSE_RESTART})

    def _cut_soon(self) -> None:
        """Drop the connection if its client reads nothing: closing would wait for it for ever."""
        if not self.disconnected:
            self._cutting = self.loop.call_later(CUT_AFTER_S, self.transport.abort)

    def break_off(self, code: int, reason: str) -> None:
        """Close the socket because of what the client sent."""
        if not self.lingers and not self.close_sent:
            count_refusal_metric(
                "empty_frames" if code == CLOSE_POLICY else "message_size", reason=reason
            )
            self.conn.fail(code, reason)
            self.handle_parser_exception()

    def handle_parser_exception(self) -> None:
        """Send the close frame, then read and drop the rest for a while.

        A socket closed with unread data is reset, and the client never sees the close code.
        """
        close = self.conn.close_sent
        self.close_sent = True
        self.queue.put_nowait(
            {"type": "websocket.disconnect", "code": close.code if close else CLOSE_ABNORMAL}
        )
        if not self.disconnected:
            self.transport.write(b"".join(self.conn.data_to_send()))
        self._linger()

    def _linger(self) -> None:
        """Say that nothing follows, and drop what still comes until the client closes too.

        The client may have much to read before it comes to the close frame. After a while the
        connection is closed all the same.
        """
        self.lingers = True
        self._drop_unread()
        if self.disconnected or self.transport.is_closing():
            return
        self.transport.write_eof()
        self._read_lingering()
        if self.close_timer is not None:
            self.close_timer.cancel()
        self.close_timer = self.loop.call_later(LINGER_S, self.transport.close)

    def _pause_lingering(self) -> None:
        self.read_paused = True
        self.transport.pause_reading()
        self.loop.call_later(LINGER_READ_EVERY_S, self._read_lingering)

    def _read_lingering(self) -> None:
        if self.read_paused and not self.disconnected:
            self.read_paused = False
            self.transport.resume_reading()

    def _end_connection(self, exc: Exception | None) -> None:
        # After a handshake uvicorn would say 1005, which is a close frame without a code. If there
        # was any close frame, the consumer has it already.
        self.handshake_complete = False
        super().connection_lost(exc)

    def _drop_unread(self) -> None:
        self._unread, self._unread_from = b"", 0
