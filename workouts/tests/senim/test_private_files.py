"""What Senim writes is for its own user alone, and what others may read is warned of."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from django.test import SimpleTestCase

from senim.private_files import find_open_files, keep_files_private
from workouts.tests.support.cast import new_athlete
from workouts.tests.support.processes import run_python, send_rep
from workouts.tests.support.service import Service, fresh_folder

WRITTEN = {
    *("secret_key", "signing_key", "senim.sqlite3", "senim.sqlite3-wal", "senim.sqlite3-shm"),
    *("senim.sqlite3.lock", "valkey", "valkey/valkey.log", "valkey.lock", "valkey.sock"),
}


@contextmanager
def umask(mask: int) -> Iterator[None]:
    """Have this process and those it starts use another umask."""
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def read_modes(folder: Path) -> dict[str, int]:
    """Return the mode of the folder, and of all that is in it."""
    return {
        str(path.relative_to(folder)): stat.S_IMODE(path.lstat().st_mode)
        for path in (folder, *folder.rglob("*"))
    }


@pytest.mark.slow
class PrivateFilesTests(SimpleTestCase):
    def start(self, data: Path, *, is_migrated: bool = True) -> Service:
        environment = {"SENIM_DATA": str(data), "SECRET_KEY": "", "SENIM_SIGNING_KEY": ""}
        service = Service(is_migrated=is_migrated, **environment)
        # a blank key is refused, an unset one is made
        del service.environment["SECRET_KEY"]
        self.addCleanup(service.stop)
        return service.start()

    def test_all_that_a_start_writes_is_closed_to_others_under_an_open_umask(self) -> None:
        data = fresh_folder() / "data"
        with umask(0):
            service = self.start(data, is_migrated=False)
        assert send_rep(service, new_athlete())["status"] == "counted"
        with umask(0), closing(sqlite3.connect(data / "senim.sqlite3")) as database:
            # its -wal and -shm are there for as long as anybody reads it
            database.execute("SELECT * FROM workout_sessions")
            modes = read_modes(data)
        assert modes.keys() >= WRITTEN
        assert any(name.endswith(".aof") for name in modes)
        for name, mode in modes.items():
            is_folder = (data / name).is_dir()
            assert mode == (0o700 if is_folder else 0o600), f"{name}: {mode:04o}"
        assert "data_open_to_others" not in service.output()

    def test_files_that_others_may_read_are_named_with_the_remedy(self) -> None:
        data = fresh_folder()
        data.chmod(0o755)
        (data / "notes").touch()
        (data / "notes").chmod(0o640)
        service = self.start(data)
        (line,) = [line for line in service.lines if "data_open_to_others" in line]
        assert f"{data} (0755), {data}/notes (0640)" in line
        assert f"chmod -R go= {data}" in line

    def test_other_commands_make_a_private_database_too(self) -> None:
        data = fresh_folder()
        with umask(0):
            done = run_python("manage.py", "migrate", "-v0", SENIM_DATA=str(data))
        assert done.returncode == 0, done.stderr
        assert read_modes(data)["senim.sqlite3"] == 0o600

    def test_commands_that_write_sources_keep_the_umask(self) -> None:
        with umask(0o022):
            keep_files_private("makemigrations")
            assert os.umask(0o022) == 0o022
            keep_files_private("start")
            assert os.umask(0o022) == 0o077

    def test_links_and_vanished_files_are_no_findings(self) -> None:
        folder = fresh_folder()
        (folder / "link").symlink_to("/etc/passwd")
        assert list(find_open_files(folder)) == []
