"""The settings: a wrong value or name ends the start with one line."""

import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import patch

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.test import SimpleTestCase

from senim.environment import (
    NAMES,
    OTHER_NAMES,
    env,
    find_unknown_settings,
    load_environment,
)
from workouts.tests.support.environments import LONG_KEY, read_settings, refuse
from workouts.tests.support.processes import only_line, run_manage
from workouts.tests.support.service import free_port, fresh_folder

PASSWORD = "hunter2"
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
    "SENIM_MAX_BODY_BYTES": ["8191", "64k"],
    "SENIM_MAX_ADMIN_BODY_BYTES": ["65535", "5M"],
    "SENIM_MAX_LONG_ANSWERS": ["0", "many"],
    "SENIM_MAX_CONNECTIONS_PER_USER": ["0", "eight"],
    "SENIM_REQUEST_SECONDS": ["0", "10s"],
    "SENIM_MAX_HEADERS": ["19", "many"],
    "SENIM_MAX_HEADER_BYTES": ["4095", "16k"],
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
    "SENIM_SIGNING_KEY": ["key", "-----BEGIN PRIVATE KEY-----"],
    "SENIM_JWT_SECRET": ["too-short"],
    "SENIM_JWT_PUBLIC_KEY": ["key", "-----BEGIN PUBLIC KEY-----"],
    "SENIM_JWT_JWKS_URL": ["http://id.example.org/jwks", "id.example.org", "https://"],
    "SENIM_JWT_ISSUER": ["an issuer"],
    "SENIM_JWT_AUDIENCE": ["an audience"],
    "SENIM_PUBLIC_URL": ["senim.example.org", "https://senim.example.org/", "ftp://a"],
    "SENIM_REQUIRE_2FA": ["yes"],
    "SENIM_RETENTION_DAYS": ["-1", "a year"],
    "TIME_ZONE": ["Mars/Base", "Europe", "../etc/passwd", "/etc/localtime"],
    "LOG_LEVEL": ["LOUD", "info"],
    "LOG_FORMAT": ["xml"],
}


def refuse_start(**environment: str) -> str:
    """Return the only line of a start that fails."""
    done = run_manage(
        "start", "--port", str(free_port()), **{"SENIM_DATA": str(fresh_folder()), **environment}
    )
    assert done.returncode == 1
    return only_line(done.stderr)


class ProviderSettingsTests(SimpleTestCase):
    def test_only_one_provider_may_be_set(self) -> None:
        line = refuse(SENIM_JWT_SECRET=LONG_KEY, SENIM_JWT_JWKS_URL="https://id.example.org/jwks")
        assert line == (
            "SENIM_JWT_SECRET and SENIM_JWT_JWKS_URL are both set; it takes one of them."
        )

    def test_a_provider_that_others_share_needs_issuer_and_audience(self) -> None:
        url = "https://id.example.org/jwks"
        for given in ({}, {"SENIM_JWT_ISSUER": "https://id.example.org"}):
            line = refuse(SENIM_JWT_JWKS_URL=url, **given)
            assert line.startswith(
                "SENIM_JWT_JWKS_URL is set without SENIM_JWT_ISSUER and SENIM_JWT_AUDIENCE;"
            )
        both = {"SENIM_JWT_ISSUER": "https://id.example.org", "SENIM_JWT_AUDIENCE": "senim"}
        read = read_settings(SENIM_DATA=str(fresh_folder()), SENIM_JWT_JWKS_URL=url, **both)
        assert read["SENIM_JWT_JWKS_URL"] == url


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
            assert find_unknown_settings() == ["SENIM_COLOR"]


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


class ExampleTests(SimpleTestCase):
    EXAMPLE = settings.BASE_DIR / ".env.example"

    def test_it_names_every_variable_and_no_other(self) -> None:
        names = re.findall(r"^# ([A-Z0-9_]+)=", self.EXAMPLE.read_text(), re.MULTILINE)
        assert len(names) == len(set(names))
        assert set(names) == set(NAMES)

    def test_it_changes_nothing_until_it_is_edited(self) -> None:
        lines = self.EXAMPLE.read_text().splitlines()
        assert [line for line in lines if line and not line.startswith("#")] == []

    def test_its_defaults_are_the_defaults(self) -> None:
        given = dict(re.findall(r"^# ([A-Z0-9_]+)=(.+)$", self.EXAMPLE.read_text(), re.MULTILINE))
        assert len(given) >= 10
        folder = str(fresh_folder())
        assert read_settings(SENIM_DATA=folder, **given) == read_settings(SENIM_DATA=folder)
