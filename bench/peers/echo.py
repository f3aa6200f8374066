"""The least a server can do: a bare ASGI application that echoes each message.

uvicorn has the service's settings.
"""

import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "senim.settings")

import uvicorn

from bench.peers.listening import listen
from senim.server import build_server_config


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
    # uvicorn's own protocols: what the service adds to them counts as a cost of the service
    config.app, config.ws, config.http = echo, "websockets-sansio", "auto"
    uvicorn.Server(config).run([listen("The echo")])


if __name__ == "__main__":
    main()
