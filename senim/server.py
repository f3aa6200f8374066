"""The uvicorn server that runs the application."""

import os
import socket
import threading
import time
from collections.abc import Callable

import uvicorn
from prometheus_client.multiprocess import mark_process_dead
from uvicorn.supervisors import Multiprocess

from senim.metrics_folder import FOLDER_VARIABLE
from senim.protocols.http_protocol import BoundedHttpProtocol
from senim.protocols.socket_protocol import MAX_FRAME_BYTES, FairWebSocketProtocol

GRACEFUL_SHUTDOWN_S = 7
WORKERS_DEADLINE_S = 8.5
EXIT_DEADLINE_S = 9.5


def build_server_config(*, workers: int) -> uvicorn.Config:
    """Return uvicorn's configuration, without compression, which takes memory for each socket."""
    return uvicorn.Config(
        "senim.worker:application",
        workers=workers,
        http=BoundedHttpProtocol,
        ws=FairWebSocketProtocol,
        ws_max_size=MAX_FRAME_BYTES,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # senim.worker does that
        timeout_graceful_shutdown=GRACEFUL_SHUTDOWN_S,
    )


def run_server(listener: socket.socket, *, workers: int, announce: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT."""
    config = build_server_config(workers=workers)
    if workers > 1:
        announce()
        WorkerSupervisor(config, sockets=[listener]).run()
    else:
        AnnouncingServer(config, announce).run([listener])


class AnnouncingServer(uvicorn.Server):
    """Announces that it answers."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self.announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        end_server_by_force(EXIT_DEADLINE_S)
        await super().shutdown(sockets)


class WorkerSupervisor(Multiprocess):
    """Closes the listening sockets as soon as it stops, and kills workers that do not stop."""

    known_pids: frozenset[int | None] = frozenset()

    def terminate_all(self) -> None:
        end_server_by_force(EXIT_DEADLINE_S)
        for listener in self.sockets:
            listener.close()
        super().terminate_all()

    def keep_subprocess_alive(self) -> None:
        """Replace workers that ended, and count their sockets as open no more."""
        super().keep_subprocess_alive()
        pids = frozenset(worker.pid for worker in self.processes)
        if FOLDER_VARIABLE in os.environ:
            for ended in self.known_pids - pids:
                mark_process_dead(ended)
        self.known_pids = pids

    def join_all(self) -> None:
        deadline = time.monotonic() + WORKERS_DEADLINE_S
        for worker in self.processes:
            worker.process.join(max(0.0, deadline - time.monotonic()))
            if worker.exitcode is None:
                worker.kill()
        super().join_all()


def end_server_by_force(after_s: float) -> None:
    """Exit after this many seconds, even if a thread hangs on a database.

    Both asyncio and the interpreter would wait for that thread.
    """
    timer = threading.Timer(after_s, os._exit, (0,))
    timer.daemon = True
    timer.start()
