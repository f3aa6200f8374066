"""The secret key that Senim makes and keeps unless it is given one."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from django.conf import settings
from django.test import SimpleTestCase

from senim.secret_key import keep_secret_key
from workouts.tests.support.environments import LONG_KEY, read_settings, refuse
from workouts.tests.support.service import clean_environment, fresh_folder


class SecretKeyTests(SimpleTestCase):
    PRINT = ("-c", "from senim.settings import SECRET_KEY; print(SECRET_KEY)")

    def read_keys(self, folder: Path, processes: int) -> list[str]:
        """Return the keys that as many processes read, started at once."""
        environment = clean_environment(SENIM_DATA=str(folder))
        del environment["SECRET_KEY"]
        command = [sys.executable, *self.PRINT]
        started = [
            subprocess.Popen(
                command, cwd=settings.BASE_DIR, env=environment, stdout=subprocess.PIPE, text=True
            )
            for _ in range(processes)
        ]
        return [process.communicate()[0].strip() for process in started]

    def test_it_is_made_once_and_kept_from_others(self) -> None:
        folder = fresh_folder() / "data"
        keys = self.read_keys(folder, 2)
        assert len(keys[0]) >= 50
        assert set(keys) == {keys[0]}
        assert self.read_keys(folder, 1) == [keys[0]]
        assert [path.name for path in folder.iterdir()] == ["secret_key"]
        assert (folder / "secret_key").stat().st_mode & 0o777 == 0o600
        assert folder.stat().st_mode & 0o777 == 0o700

    def test_callers_that_make_it_at_once_get_the_same_one(self) -> None:
        callers = 8
        for _ in range(20):
            path, barrier = fresh_folder() / "secret_key", threading.Barrier(callers)

            def keep(path: Path = path, barrier: threading.Barrier = barrier) -> str:
                barrier.wait(30)
                return keep_secret_key(path)

            with ThreadPoolExecutor(callers) as pool:
                keys = {task.result() for task in [pool.submit(keep) for _ in range(callers)]}
            assert keys == {path.read_text()}

    def test_another_folder_has_another_key(self) -> None:
        one, two = (keep_secret_key(fresh_folder() / "secret_key") for _ in range(2))
        assert one != two

    def test_a_file_that_lost_its_key_is_refused_unless_one_is_given(self) -> None:
        folder = fresh_folder()
        (folder / "secret_key").touch()
        assert str(folder / "secret_key") in refuse(SENIM_DATA=str(folder))
        given = read_settings(SENIM_DATA=str(folder), SECRET_KEY=LONG_KEY)
        assert given["SECRET_KEY"] == LONG_KEY
