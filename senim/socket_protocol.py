"""The server's side of a WebSocket: uvicorn's, but for three things that the contract asks for."""

from uvicorn._types import ASGIReceiveEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from workouts.close_codes import CLOSE_RESTART

CLOSE_ABNORMAL = 1006
MAX_WAITING = 16
LINGER_S = 3.0


class DrainingWebSocketProtocol(WebSocketsSansIOProtocol):
    """Lets the consumer answer what it has read before a restart, hands it text that is not UTF-8 as bytes, and lingers.

    uvicorn closes a socket at once when it is told to stop, and the answers in flight with it; and it closes the
    socket of a client that sends one message of invalid UTF-8, which here is ordinary bad input.
    """

    lingers = False

    def shutdown(self) -> None:
        if self.close_sent or not self.handshake_complete:
            super().shutdown()
            return
        self.stop_keepalive()
        # the consumer answers what came before this, closes with 1012, and returns
        self.queue.put_nowait({"type": "websocket.disconnect", "code": CLOSE_RESTART})

    def send_receive_event_to_app(self) -> None:
        data = self.frames[0] if len(self.frames) == 1 else b"".join(self.frames)
        self.frames = []
        if self.close_sent:
            return
        self.queue.put_nowait(as_event(data, text=self.curr_msg_data_type == "text"))
        # uvicorn pauses and resumes the reading for each message, which costs more than a few that wait
        if not self.read_paused and self.queue.qsize() >= MAX_WAITING:
            self.read_paused = True
            self.transport.pause_reading()

    def data_received(self, data: bytes) -> None:
        if self.lingers:
            return
        super().data_received(data)

    def handle_parser_exception(self) -> None:
        """Say why the socket closes, and drop the rest of what comes: a socket closed with unread data is reset, and its reason lost."""
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
