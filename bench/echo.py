"""The least a server can do: a bare ASGI application that echoes each message.

uvicorn has the service's settings.
"""

import os
import socket
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "senim.settings")

from senim.server import AnnouncingServer, build_server_config


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Send every text message back."""
    if scope["type"] != "websocket":
        raise ValueError(f"a connection of type {scope['type']}; the echo takes WebSockets only")
    await receive()
    await send({"type": "websocket.accept"})
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            return
        await send({"type": "websocket.send", "text": message["text"]})


def main() -> None:
    config = build_server_config(workers=1)
    # uvicorn's own protocol: what the service adds to it counts as a cost of the service
    config.app, config.ws = echo, "websockets-sansio"
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        port = listener.getsockname()[1]
        AnnouncingServer(
            config, lambda: print(f"The echo answers on http://127.0.0.1:{port}/", flush=True)
        ).run([listener])


if __name__ == "__main__":
    main()
