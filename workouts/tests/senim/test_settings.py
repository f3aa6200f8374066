"""The settings: a wrong value ends the start with one line, and Senim keeps its own key safe."""

import os
import re
import runpy
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from channels_redis.utils import create_pool
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.test import SimpleTestCase
from environs import EnvValidationError

from senim.addresses import parse_database, parse_layer_host
from senim.environment import (
    NAMES,
    OTHER_NAMES,
    describe_error,
    env,
    find_unknown_names,
    load_environment,
)
from senim.secret_key import keep_secret_key
from workouts.tests.support.processes import only_line, run_manage
from workouts.tests.support.service import clean_environment, free_port, fresh_folder

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
    "SENIM_METRICS_ALLOW": ["prometheus.local", "10.0.0.1/8", "*"],
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
        f"sqlite:////tmp/{'x' * 300}",
        "nonsense",
    ],
    "TIME_ZONE": ["Mars/Base", "Europe", "../etc/passwd", "/etc/localtime"],
    "LOG_LEVEL": ["LOUD", "info"],
    "LOG_FORMAT": ["xml"],
}


def read_settings(**environment: str) -> dict[str, Any]:
    """Read the settings in this process, with nothing set but the given variables."""
    with patch.dict(os.environ, environment, clear=True):
        return {name: value for name, value in runpy.run_path(SETTINGS).items() if name.isupper()}


def refuse(**environment: str) -> str:
    """Return the line with which the settings refuse the environment."""
    try:
        read_settings(**{"SENIM_DATA": str(fresh_folder()), **environment})
    except EnvValidationError as error:
        return describe_error(error)
    except ImproperlyConfigured as error:
        return str(error)
    return "not refused"


def refuse_start(**environment: str) -> str:
    """Return the only line of a start that fails."""
    done = run_manage(
        "start", "--port", str(free_port()), **{"SENIM_DATA": str(fresh_folder()), **environment}
    )
    assert done.returncode == 1
    return only_line(done.stderr)


class WrongValueTests(SimpleTestCase):
    def test_each_variable_has_a_wrong_value_here(self) -> None:
        assert set(WRONG_VALUES) == set(NAMES)

    def test_the_error_is_one_line_that_says_what_the_variable_takes(self) -> None:
        for name, values in WRONG_VALUES.items():
            for value in values:
                line = refuse(**{name: value})
                assert line.startswith(f"{name} "), (name, value, line)
                assert re.search(r"\b(it|Valkey) takes\b", line), line
                assert PASSWORD not in line
                assert "\n" not in line

    def test_the_start_ends_with_that_line(self) -> None:
        wrong = [
            {"SENIM_WORKERS": "two"},
            {"SENIM_DATA": "/tmp/" + "x" * 100},  # noqa: S108
            {"SENIM_WORKER": "2"},
        ]
        with ThreadPoolExecutor(len(wrong)) as pool:
            lines = [*pool.map(lambda environment: refuse_start(**environment), wrong)]
        assert lines[0] == "senim: SENIM_WORKERS is 'two'; it takes a whole number from 1 to 64."
        assert "Valkey takes a shorter path" in lines[1]
        assert lines[2] == "senim: SENIM_WORKER is not a setting; did you mean SENIM_WORKERS?"

    def test_the_channel_layer_needs_a_redis_beside_a_cluster(self) -> None:
        line = refuse(REDIS_URL="redis+cluster://127.0.0.1:7000")
        assert line.startswith("CHANNELS_REDIS_URL is a cluster, or unset")


class NameTests(SimpleTestCase):
    def test_every_name_is_read_and_no_other(self) -> None:
        assert set(env.dump()) == set(NAMES)

    def test_a_misspelt_name_is_refused_with_the_right_one(self) -> None:
        for misspelt, right in {
            "SENIM_IDLE_MINUTE": "SENIM_IDLE_MINUTES",
            "SENIM_WORKER": "SENIM_WORKERS",
            "SENIM_MAX_CONECTIONS": "SENIM_MAX_CONNECTIONS",
            "SENIM_SWEEP_SECOND": "SENIM_SWEEP_SECONDS",
            "SENIM_DATE": "SENIM_DATA",
        }.items():
            line = refuse(**{misspelt: "1", right: "1"})
            assert line == f"{misspelt} is not a setting; did you mean {right}?"

    def test_a_misspelt_name_in_the_env_file_is_refused(self) -> None:
        file = fresh_folder() / ".env"
        file.write_text("SENIM_IDLE_MINUTE=5\n")
        with (
            patch.dict(os.environ, {}, clear=True),
            pytest.raises(ImproperlyConfigured, match="did you mean SENIM_IDLE_MINUTES"),
        ):
            load_environment(file)

    def test_what_kubernetes_sets_for_services_is_not_refused(self) -> None:
        ends = ("HOST", "PORT", "PORT_5432_TCP", "PORT_5432_TCP_ADDR", "SERVICE_HOST")
        services = ("SENIM", "SENIM_DB", "SENIM_PG", "SENIM_REDIS", "SENIM_WEB")
        environment = {f"{service}_{end}": "x" for service in services for end in ends}
        with patch.dict(os.environ, environment, clear=True):
            load_environment(Path("/none"))

    def test_another_unknown_name_is_found_but_not_refused(self) -> None:
        environment = {"SENIM_COLOR": "red", "TERM": "dumb", **dict.fromkeys(OTHER_NAMES, "x")}
        with patch.dict(os.environ, environment, clear=True):
            load_environment(Path("/none"))
            assert find_unknown_names() == ["SENIM_COLOR"]


class EnvFileTests(SimpleTestCase):
    def load(self, content: bytes, **environment: str) -> dict[str, str]:
        file = fresh_folder() / ".env"
        file.write_bytes(content)
        with patch.dict(os.environ, environment, clear=True):
            load_environment(file)
            return dict(os.environ)

    def test_the_environment_takes_precedence(self) -> None:
        loaded = self.load(b"SENIM_WORKERS=2\nPGUSER=ann\nTIME_ZONE=UTC\n", SENIM_WORKERS="3")
        assert loaded == {"SENIM_WORKERS": "3", "PGUSER": "ann", "TIME_ZONE": "UTC"}

    def test_a_blank_variable_counts_as_unset(self) -> None:
        assert self.load(b"TIME_ZONE=\nLOG_LEVEL=DEBUG\n", SENIM_WORKERS=" ", LOG_LEVEL="") == {}

    def test_a_blank_variable_of_other_programs_stays(self) -> None:
        assert self.load(b"PGOPTIONS=\n") == {"PGOPTIONS": ""}

    def test_values_are_taken_as_they_stand(self) -> None:
        loaded = self.load(b"DATABASE_URL='postgresql://u:a$b${HOME}#c@h/db'\n")
        assert loaded["DATABASE_URL"] == "postgresql://u:a$b${HOME}#c@h/db"

    def test_a_file_in_another_encoding_is_refused(self) -> None:
        with pytest.raises(ImproperlyConfigured, match=r"\.env cannot be read .*in UTF-8"):
            self.load("TIME_ZONE=Алматы".encode("cp1251"))


class AddressTests(SimpleTestCase):
    def test_it_takes_the_older_stacks_address_of_postgresql(self) -> None:
        database = parse_database(
            "postgresql+asyncpg://ann:p%40ss@db.example:5433/senim?sslmode=require", pool_size=3
        )
        expected = {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "senim",
            "HOST": "db.example",
            "PORT": "5433",
            "USER": "ann",
            "PASSWORD": "p@ss",
        }
        assert database.items() >= expected.items()
        assert database["OPTIONS"]["sslmode"] == "require"
        assert database["OPTIONS"]["pool"]["max_size"] == 3

    def test_it_takes_any_password(self) -> None:
        for password in ("p@ss", "50%off", "a#b", "a?b", "p:q", "p+q", "a[b", "a]b", "a\tb"):
            database = parse_database(f"postgresql://u:{password}@h/db", pool_size=0)
            assert (database["PASSWORD"], database["HOST"]) == (password, "h")

    def test_it_takes_several_hosts_and_sockets(self) -> None:
        for url, host, port in (
            ("postgresql://u@one:5433,two:5434/db", "one,two", "5433,5434"),
            ("postgres://u@[::1]:5433/db", "::1", "5433"),
            ("postgresql://u@/db?host=/run/postgresql", "/run/postgresql", ""),
        ):
            database = parse_database(url, pool_size=0)
            assert (database["HOST"], database["PORT"], database["NAME"]) == (host, port, "db")

    def test_it_takes_a_service_in_place_of_a_name(self) -> None:
        database = parse_database("postgresql:///?service=senim", pool_size=0)
        assert (database["NAME"], database["OPTIONS"]["service"]) == ("", "senim")

    def test_it_gives_the_channel_layer_its_sentinels(self) -> None:
        pool = create_pool(parse_layer_host("redis+sentinel://:pass@one:26380,two/main"))
        sentinels = [
            sentinel.connection_pool.connection_kwargs
            for sentinel in pool.sentinel_manager.sentinels
        ]
        assert [(sentinel["host"], sentinel["port"]) for sentinel in sentinels] == [
            ("one", 26380),
            ("two", 26379),
        ]
        assert (pool.service_name, pool.connection_kwargs["password"]) == ("main", "pass")

    def test_it_leaves_the_data_folder_alone_if_everything_is_given(self) -> None:
        folder = fresh_folder() / "none"
        addresses = {"DATABASE_URL": "postgresql:///db", "REDIS_URL": settings.REDIS_URL}
        read_settings(SENIM_DATA=str(folder), SECRET_KEY=LONG_KEY, **addresses)
        assert not folder.exists()
        read_settings(SENIM_DATA=str(folder), **addresses)
        assert [path.name for path in folder.iterdir()] == ["secret_key"]


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


class ExampleTests(SimpleTestCase):
    EXAMPLE = settings.BASE_DIR / ".env.example"

    def test_it_names_every_variable_and_no_other(self) -> None:
        names = re.findall(r"^# ([A-Z_]+)=", self.EXAMPLE.read_text(), re.MULTILINE)
        assert len(names) == len(set(names))
        assert set(names) == set(NAMES)

    def test_it_changes_nothing_until_it_is_edited(self) -> None:
        lines = self.EXAMPLE.read_text().splitlines()
        assert [line for line in lines if line and not line.startswith("#")] == []

    def test_its_defaults_are_the_defaults(self) -> None:
        given = dict(re.findall(r"^# ([A-Z_]+)=(.+)$", self.EXAMPLE.read_text(), re.MULTILINE))
        assert len(given) >= 10
        folder = str(fresh_folder())
        assert read_settings(SENIM_DATA=folder, **given) == read_settings(SENIM_DATA=folder)
