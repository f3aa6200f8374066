"""uvicorn in a thread of this process, and bare connections to it."""

import asyncio
import socket
import threading
from types import TracebackType
from typing import Any

import uvicorn

from senim.protocols.http_protocol import BoundedHttpProtocol
from workouts.tests.support.processes import wait_until
from workouts.tests.support.run import free_port

DEADLINE_S = 30.0
READ_BYTES = 65_536


class HttpServer:
    """Serves an application while in its context."""

    def __init__(self, application: Any) -> None:
        self.port = free_port()
        config = uvicorn.Config(
            application,
            http=BoundedHttpProtocol,
            port=self.port,
            lifespan="off",
            log_config=None,
            timeout_graceful_shutdown=1,
            loop="asyncio",
        )
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=lambda: asyncio.run(self.server.serve()), daemon=True)

    def __enter__(self) -> "HttpServer":
        self.thread.start()
        wait_until(lambda: self.server.started)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.server.should_exit = True
        self.thread.join(DEADLINE_S)
        assert not self.thread.is_alive()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE_S)

    def send(self, head: str, body: bytes = b"") -> socket.socket:
        """Send a request over a new connection."""
        client = self.connect()
        client.sendall(write_head(head) + body)
        return client

    def ask(self, head: str, body: bytes = b"") -> bytes:
        """Send a request that closes its connection, and return all of the answer."""
        with self.send(f"{head}\nConnection: close", body) as client:
            return read_to_end(client)


def write_head(head: str) -> bytes:
    """Return a request's head from its lines, with a Host."""
    line, *headers = head.split("\n")
    return "\r\n".join([f"{line} HTTP/1.1", "Host: localhost", *headers, "", ""]).encode()


def read_to_end(client: socket.socket) -> bytes:
    parts = []
    while part := client.recv(READ_BYTES):
        parts.append(part)
    return b"".join(parts)
