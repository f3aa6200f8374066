"""daphne as `runserver` runs it: with the close codes and reasons that the contract names."""

from typing import Any

from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol


class CodedWebSocketProtocol(WebSocketProtocol):
    """Closes with any code. daphne lets an application close with 1000 or 3000 to 4999 only, and gives no reason."""

    def handle_reply(self, message: dict[str, Any]) -> None:
        if message.get("type") == "websocket.close" and self.state == self.STATE_OPEN:
            self.sendCloseFrame(
                message.get("code") or 1000, (message.get("reason") or "").encode(), isReply=False
            )
        else:
            super().handle_reply(message)


def use_close_codes() -> None:
    """Have daphne, in this process, make its sockets with the protocol above; it has no setting for that."""
    WebSocketFactory.protocol = CodedWebSocketProtocol
