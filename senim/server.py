"""How uvicorn runs the application."""

import socket
from collections.abc import Callable

import uvicorn
from django.conf import settings
from uvicorn.supervisors import Multiprocess

from senim.protocol import DrainingWebSocketProtocol
from workouts.protocol import MAX_MESSAGE_BYTES

GRACEFUL_SHUTDOWN_S = 7  # with what comes after it, the process ends within 10 s


def build_config(*, workers: int) -> uvicorn.Config:
    """Return uvicorn's configuration: small messages, no compression (memory), an end to waiting at the stop."""
    return uvicorn.Config(
        "senim.worker:application",
        workers=workers,
        ws=DrainingWebSocketProtocol,
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        forwarded_allow_ips=settings.TRUSTED_PROXIES,
        proxy_headers=bool(settings.TRUSTED_PROXIES),
        limit_concurrency=settings.SENIM_MAX_CONNECTIONS,
        timeout_graceful_shutdown=GRACEFUL_SHUTDOWN_S,
    )


def serve(listener: socket.socket, *, workers: int, announce: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT."""
    config = build_config(workers=workers)
    if workers > 1:
        announce()
        Multiprocess(config, sockets=[listener]).run()
    else:
        AnnouncingServer(config, announce).run([listener])


class AnnouncingServer(uvicorn.Server):
    """Says so when it answers."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self.announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.announce()
