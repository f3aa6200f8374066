"""daphne for `runserver`, with the contract's close codes and reasons."""

from typing import Any

from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol


class DevelopmentServerProtocol(WebSocketProtocol):
    """Closes with any code and reason; daphne allows only 1000 and 3000 to 4999, and no reason."""

    def handle_reply(self, message: dict[str, Any]) -> None:
        if message.get("type") == "websocket.close" and self.state == self.STATE_OPEN:
            self.sendCloseFrame(
                message.get("code") or 1000, (message.get("reason") or "").encode(), isReply=False
            )
        else:
            super().handle_reply(message)


def use_development_server_protocol() -> None:
    """Replace daphne's protocol in this process; it has no setting for that."""
    WebSocketFactory.protocol = DevelopmentServerProtocol
