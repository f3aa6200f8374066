"""uvicorn's WebSocket protocol, with three changes that the contract asks for."""

from uvicorn._types import ASGIReceiveEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from workouts.close_codes import CLOSE_ABNORMAL, CLOSE_RESTART

MAX_QUEUED = 16
LINGER_S = 3.0


class DrainingWebSocketProtocol(WebSocketsSansIOProtocol):
    """Finishes the answers in flight, survives invalid UTF-8, and lingers after a protocol error.

    When it is told to stop, uvicorn closes a socket at once, and the answers in flight are lost. It
    also closes the socket of a client that sends invalid UTF-8, which here is ordinary bad input:
    the consumer gets such a message as bytes.
    """

    lingers = False

    def shutdown(self) -> None:
        if self.close_sent or not self.handshake_complete:
            super().shutdown()
            return
        self.stop_keepalive()
        # the consumer answers what it received before this, closes with 1012, and returns
        self.queue.put_nowait({"type": "websocket.disconnect", "code": CLOSE_RESTART})

    def send_receive_event_to_app(self) -> None:
        data = self.frames[0] if len(self.frames) == 1 else b"".join(self.frames)
        self.frames = []
        if self.close_sent:
            return
        self.queue.put_nowait(as_event(data, text=self.curr_msg_data_type == "text"))
        # uvicorn pauses reading for every message, which costs more than a short queue
        if not self.read_paused and self.queue.qsize() >= MAX_QUEUED:
            self.read_paused = True
            self.transport.pause_reading()

    def data_received(self, data: bytes) -> None:
        if self.lingers:
            return
        super().data_received(data)

    def handle_parser_exception(self) -> None:
        """Send the close frame, then read and drop the rest for a while.

        A socket closed with unread data is reset, and the client never sees the close code.
        """
        close = self.conn.close_sent
        self.lingers = self.close_sent = True
        self.queue.put_nowait(
            {"type": "websocket.disconnect", "code": close.code if close else CLOSE_ABNORMAL}
        )
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.transport.write_eof()
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(LINGER_S, self.transport.close)


def as_event(data: bytes, *, text: bool) -> ASGIReceiveEvent:
    if text:
        try:
            return {"type": "websocket.receive", "text": data.decode()}
        except UnicodeDecodeError:
            pass
    return {"type": "websocket.receive", "bytes": data}
