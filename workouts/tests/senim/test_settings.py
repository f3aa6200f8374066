"""The settings: a wrong value ends the start with one line, and what is made by itself is kept safe."""

import ast
import os
import re
import runpy
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import patch

from channels_redis.utils import create_pool
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.test import SimpleTestCase

from senim.addresses import read_database, read_layer_host
from senim.environment import keep_secret_key
from workouts.tests.support.processes import only_line, run_manage, run_python
from workouts.tests.support.service import (
    clean_environment,
    free_port,
    fresh_database,
    fresh_folder,
)

SETTINGS = str(settings.BASE_DIR / "senim" / "settings.py")
PASSWORD = "hunter2"
LONG_KEY = "kH3-2mZq_b8Xw0RtLr5PvNc9sYd7GjAe"
WRONG_VALUES = {
    "SENIM_DATA": [
        "/proc/senim",
        __file__,
        f"{__file__}/x",
        "~nobody-of-that-name/x",
        "/tmp/" + "x" * 100,  # noqa: S108
        "a\tb" * 90,
    ],
    "SENIM_AUTH": ["opn", "OPEN"],
    "SENIM_WORKERS": ["0", "65", "two", "1.5"],
    "SENIM_IDLE_MINUTES": ["0", "1441", "-1"],
    "SENIM_SWEEP_SECONDS": ["0", "15s"],
    "SENIM_MAX_CONNECTIONS": ["9", "many"],
    "SENIM_MAX_MESSAGES_PER_SECOND": ["0", "fast"],
    "SENIM_REDIS_PREFIX": ["a:b", "{a}", "a b"],
    "REDIS_URL": [
        f"http://:{PASSWORD}@127.0.0.1",
        "localhost:6379",
        f"redis://u:{PASSWORD}@127.0.0.1:port",
        f"redis://:{PASSWORD}/x@127.0.0.1:6379",
        "redis://127.0.0.1:99999",
        "redis://127.0.0.1/first",
        "redis://127.0.0.1?no_such_option=1",
        "redis://127.0.0.1?socket_timeout=soon",
        "redis://[::1",
        "unix://",
        "unix://relative.sock",
        "redis+sentinel://",
        f"redis+sentinel://:{PASSWORD}@/mymaster",
        "redis+sentinel://a,,b/mymaster",
        f"redis+sentinel://u:{PASSWORD}@a:port/mymaster",
        "redis+cluster://",
        "redis+cluster://a:70000",
    ],
    "CHANNELS_REDIS_URL": [
        f"http://:{PASSWORD}@127.0.0.1",
        "redis+cluster://127.0.0.1:7000",
        "redis+sentinel://",
    ],
    "DEBUG": ["maybe", "2"],
    "SECRET_KEY": [
        "",
        "short",
        "a" * 64,
        "django-insecure-" + LONG_KEY,
        "change-me-" + LONG_KEY,
        "secret" + LONG_KEY,
    ],
    "ALLOWED_HOSTS": ["https://senim.example.org", "senim.example.org:443", "a b", "*.example.org"],
    "ALLOWED_ORIGINS": [
        "coach.example.org",
        "https://coach.example.org/path",
        "https://coach.example.org:port",
        "https://[",
        "*",
    ],
    "TRUSTED_PROXIES": ["999.1.1.1", "10.0.0.1/8", "proxy.local", "*"],
    "HTTPS_ONLY": ["always"],
    "DATABASE_POOL_SIZE": ["-1", "501", "big"],
    "DATABASE_URL": [
        f"mysql://u:{PASSWORD}@127.0.0.1/db",
        f"u:{PASSWORD}@127.0.0.1/db",
        f"postgresql://u:{PASSWORD}@127.0.0.1:port/db",
        f"postgresql://u:{PASSWORD}/x@127.0.0.1/db",
        f"postgresql+asyncpg://u:{PASSWORD}@127.0.0.1:99999/db",
        f"postgresql://u:{PASSWORD}@[::1/db",
        f"postgresql://u:{PASSWORD}@127.0.0.1",
        f"postgresql://u:{PASSWORD}@127.0.0.1/db?no_such_option=1",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite:////proc/senim/db.sqlite3",
        "sqlite:////proc",
    ],
    "TIME_ZONE": ["Mars/Base", "Europe", "../etc/passwd", "/etc/localtime"],
    "LOG_LEVEL": ["LOUD", "info"],
    "LOG_FORMAT": ["xml"],
}


def read_variables() -> set[str]:
    """Return the environment variables that the settings read: the first argument of each call of a read_ function."""
    tree = ast.parse(Path(SETTINGS).read_text())
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    return {
        ast.literal_eval(call.args[0])
        for call in calls
        if ast.unparse(call.func).startswith("read_")
    }


def says_what_it_takes(line: str, name: str) -> bool:
    return (
        line.startswith(f"{name} ")
        and bool(re.search(r"\b(it|Valkey) takes\b", line))
        and PASSWORD not in line
        and "\n" not in line
    )


def refuse(name: str, value: str) -> str | None:
    """Read the settings with a wrong value in this process, and return what they say to it."""
    environment = {**clean_environment(SENIM_DATA=str(fresh_folder())), name: value}
    with patch.dict(os.environ, environment, clear=True):
        try:
            runpy.run_path(SETTINGS)
        except ImproperlyConfigured as error:
            return str(error)
    return None


def refuse_start(name: str, value: str) -> subprocess.CompletedProcess[str]:
    """Start the service with a wrong value."""
    return run_manage(
        "start", "--port", str(free_port()), **{"SENIM_DATA": str(fresh_folder()), name: value}
    )


class WrongValueTests(SimpleTestCase):
    def test_it_knows_a_wrong_value_of_every_variable(self) -> None:
        assert set(WRONG_VALUES) == read_variables()

    def test_it_says_what_the_variable_takes(self) -> None:
        for name, values in WRONG_VALUES.items():
            for value in values:
                line = refuse(name, value)
                assert line, (name, value)
                assert says_what_it_takes(line, name), (value, line)

    def test_it_ends_the_start_with_that_line(self) -> None:
        firsts = {name: values[0] for name, values in WRONG_VALUES.items()}
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            ended = dict(
                zip(firsts, pool.map(refuse_start, firsts.keys(), firsts.values()), strict=True)
            )
        for name, done in ended.items():
            assert done.returncode == 1
            assert says_what_it_takes(only_line(done.stderr).removeprefix("senim: "), name), (
                done.stderr
            )

    def test_it_asks_for_a_redis_of_the_channel_layer_beside_a_cluster(self) -> None:
        done = run_manage(
            "start",
            "--port",
            str(free_port()),
            SENIM_DATA=str(fresh_folder()),
            REDIS_URL="redis+cluster://127.0.0.1:7000",
        )
        assert "CHANNELS_REDIS_URL" in only_line(done.stderr)


class AddressTests(SimpleTestCase):
    def read(self, **environment: str) -> None:
        self.enterContext(patch.dict(os.environ, environment))

    def test_it_takes_the_older_stacks_address_of_postgresql(self) -> None:
        self.read(A_URL="postgresql+asyncpg://ann:p%40ss@db.example:5433/senim?sslmode=require")
        database = read_database("A_URL", Path("unused"), pool_size=3)
        expected = {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": "db.example",
            "PORT": 5433,
            "USER": "ann",
            "PASSWORD": "p@ss",
        }
        assert database.items() >= expected.items()
        assert database["OPTIONS"]["sslmode"] == "require"
        assert database["OPTIONS"]["pool"]["max_size"] == 3

    def test_it_gives_the_channel_layer_its_sentinels(self) -> None:
        self.read(A_URL="redis+sentinel://:pass@one:26380,two/main")
        pool = create_pool(read_layer_host("A_URL", ""))
        sentinels = [
            sentinel.connection_pool.connection_kwargs
            for sentinel in pool.sentinel_manager.sentinels
        ]
        assert [(sentinel["host"], sentinel["port"]) for sentinel in sentinels] == [
            ("one", 26380),
            ("two", 26379),
        ]
        assert (pool.service_name, pool.connection_kwargs["password"]) == ("main", "pass")

    def test_it_leaves_the_data_folder_alone_where_all_is_given(self) -> None:
        folder = fresh_folder() / "none"
        done = run_manage(
            "check",
            SENIM_DATA=str(folder),
            DATABASE_URL=fresh_database(),
            REDIS_URL=settings.REDIS_URL,
        )
        assert done.returncode == 0, done.stderr
        assert not folder.exists()


class SecretKeyTests(SimpleTestCase):
    PRINT = ("-c", "from senim.settings import SECRET_KEY; print(SECRET_KEY)")

    def read_keys(self, folder: Path, processes: int) -> list[str]:
        """Return the keys that as many processes get which start at once."""
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

    def test_it_is_one_for_all_who_make_it_at_once(self) -> None:
        callers = 8
        for _ in range(20):
            path, barrier = fresh_folder() / "secret_key", threading.Barrier(callers)

            def keep(path: Path = path, barrier: threading.Barrier = barrier) -> str:
                barrier.wait(30)
                return keep_secret_key(path)

            with ThreadPoolExecutor(callers) as pool:
                keys = {task.result() for task in [pool.submit(keep) for _ in range(callers)]}
            assert keys == {path.read_text()}

    def test_it_is_another_one_in_another_folder(self) -> None:
        assert self.read_keys(fresh_folder(), 1) != self.read_keys(fresh_folder(), 1)

    def test_it_refuses_a_file_that_lost_its_key(self) -> None:
        folder = fresh_folder()
        (folder / "secret_key").touch()
        done = run_manage("check", SENIM_DATA=str(folder))
        assert done.returncode == 0, "a given key is enough"
        done = run_python("manage.py", "check", unset=("SECRET_KEY",), SENIM_DATA=str(folder))
        assert done.returncode == 1
        assert str(folder / "secret_key") in only_line(done.stderr)


class ExampleTests(SimpleTestCase):
    EXAMPLE = settings.BASE_DIR / ".env.example"

    def test_it_names_every_variable_and_no_other(self) -> None:
        names = re.findall(r"^# ([A-Z_]+)=", self.EXAMPLE.read_text(), re.MULTILINE)
        assert len(names) == len(set(names))
        assert set(names) == read_variables()

    def test_it_changes_nothing_until_it_is_edited(self) -> None:
        lines = self.EXAMPLE.read_text().splitlines()
        assert [line for line in lines if line and not line.startswith("#")] == []

    def test_its_defaults_are_the_defaults(self) -> None:
        """Take its values for real, and compare what the settings make of them with what they make of nothing."""
        given = dict(re.findall(r"^# ([A-Z_]+)=(.+)$", self.EXAMPLE.read_text(), re.MULTILINE))
        assert len(given) >= 10
        assert self.dump_settings(given) == self.dump_settings({})

    def dump_settings(self, given: dict[str, str]) -> str:
        dump = "import senim.settings as s; print({k: v for k, v in vars(s).items() if k.isupper() and k != 'SECRET_KEY'})"
        folder = fresh_folder()
        done = run_python(
            "-c",
            dump,
            unset=tuple(read_variables() - set(given) - {"SENIM_DATA"}),
            **{"SENIM_DATA": str(folder), **given},
        )
        assert done.returncode == 0, done.stderr
        shutil.rmtree(folder)
        return done.stdout.replace(str(folder), "")
