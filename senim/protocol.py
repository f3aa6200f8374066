"""The server's side of a WebSocket: uvicorn's, but for two things that the contract asks for."""

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

CLOSE_RESTART = 1012


class DrainingWebSocketProtocol(WebSocketsSansIOProtocol):
    """Lets the consumer answer what it has read before a restart, and hands it text that is not UTF-8 as bytes.

    uvicorn closes a socket at once when it is told to stop, and the answers in flight with it; and it closes the
    socket of a client that sends one message of invalid UTF-8, which here is ordinary bad input.
    """

    def shutdown(self) -> None:
        if self.close_sent or not self.handshake_complete:
            super().shutdown()
            return
        self.stop_keepalive()
        # the consumer answers what came before this, closes with 1012, and returns
        self.queue.put_nowait({"type": "websocket.disconnect", "code": CLOSE_RESTART})

    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text":
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.curr_msg_data_type = "bytes"
        super().send_receive_event_to_app()
