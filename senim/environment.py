"""The environment, read by environs with the parsers and validators that the settings need."""

import difflib
import ipaddress
import os
import re
import tempfile
import zoneinfo
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dotenv
from django.core.exceptions import ImproperlyConfigured
from environs import Env, EnvValidationError, ValidationError, validate

from senim.addresses import parse_database_setting, parse_layer_host_setting

PREFIX = "SENIM_"
NAMES = (
    "ALLOWED_HOSTS",
    "ALLOWED_ORIGINS",
    "CHANNELS_REDIS_URL",
    "DATABASE_POOL_SIZE",
    "DATABASE_URL",
    "DEBUG",
    "HTTPS_ONLY",
    "LOG_FORMAT",
    "LOG_LEVEL",
    "REDIS_URL",
    "SECRET_KEY",
    "SENIM_AUTH",
    "SENIM_DATA",
    "SENIM_IDLE_MINUTES",
    "SENIM_JWT_AUDIENCE",
    "SENIM_JWT_ISSUER",
    "SENIM_JWT_JWKS_URL",
    "SENIM_JWT_PUBLIC_KEY",
    "SENIM_JWT_SECRET",
    "SENIM_MAX_ADMIN_BODY_BYTES",
    "SENIM_MAX_BODY_BYTES",
    "SENIM_MAX_CONNECTIONS",
    "SENIM_MAX_CONNECTIONS_PER_USER",
    "SENIM_MAX_HEADERS",
    "SENIM_MAX_HEADER_BYTES",
    "SENIM_MAX_LONG_ANSWERS",
    "SENIM_MAX_MESSAGES_PER_SECOND",
    "SENIM_METRICS_ALLOW",
    "SENIM_PUBLIC_URL",
    "SENIM_REDIS_PREFIX",
    "SENIM_REQUEST_SECONDS",
    "SENIM_REQUIRE_2FA",
    "SENIM_RETENTION_DAYS",
    "SENIM_SIGNING_KEY",
    "SENIM_SWEEP_SECONDS",
    "SENIM_WORKERS",
    "TIME_ZONE",
    "TRUSTED_PROXIES",
)
# read by docker-compose.yml and by the tests, which may share a shell or an .env with the service
OTHER_NAMES = ("SENIM_PORT", "SENIM_REQUIRE", "SENIM_TEST_FOLDER")
CLOSE_MATCH = 0.85  # SENIM_IDLE_MINUTE is a slip (0.97); SENIM_IDLE_SECONDS is another word (0.78)
HOST = r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?|\[[0-9A-Fa-f:.]+\])"
HOST_NAME = re.compile(rf"\*|\.?{HOST}")
ORIGIN = re.compile(rf"https?://{HOST}(?::\d{{1,5}})?")

env = Env()
env.add_parser("database", parse_database_setting)
env.add_parser("layer_host", parse_layer_host_setting)


def load_environment(env_file: Path) -> None:
    """Add the file's variables to the environment, which takes precedence, and clean up ours.

    A blank variable counts as unset, since that is how docker-compose.yml passes on an unset one.
    A blank SECRET_KEY stays, to be refused: it is a mistake. Raises ImproperlyConfigured if the
    file cannot be read, or if a variable looks like a misspelt setting.
    """
    try:
        dotenv.load_dotenv(env_file, interpolate=False)
    except (UnicodeDecodeError, OSError) as error:
        raise ImproperlyConfigured(
            f"{env_file} cannot be read ({error}); it takes lines like NAME=value, in UTF-8."
        ) from None
    for name in set(NAMES) - {"SECRET_KEY"}:
        if value := os.environ.pop(name, "").strip():
            os.environ[name] = value
    for name in find_unknown_settings():
        # not OTHER_NAMES: Kubernetes sets SENIM_DB_PORT for a service called senim-db
        for close in difflib.get_close_matches(name, NAMES, 1, CLOSE_MATCH):
            raise ImproperlyConfigured(f"{name} is not a setting; did you mean {close}?")


def find_unknown_settings() -> list[str]:
    """Return the variables that begin with SENIM_ and that nothing reads."""
    known = (*NAMES, *OTHER_NAMES)
    return sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)


def describe_setting_error(error: EnvValidationError) -> str:
    """Return one line that names the variable and says what it takes."""
    (name,) = re.findall(r'^Environment variable "(\w+)"', str(error))
    return f"{name} {' '.join(map(str, error.error_messages))}"


def whole_number_setting(low: int, high: int) -> dict[str, Any]:
    """Return env.int()'s options for a whole number from low to high, both included."""
    message = f"is {{input!r}}; it takes a whole number from {low} to {high}."
    return {
        "validate": validate.Range(low, high, error=message),
        "error_messages": {"invalid": message},
    }


def choice_setting(*choices: str) -> validate.OneOf:
    return validate.OneOf(choices, error="is {input!r}; it takes one of: {choices}.")


ON_OR_OFF: dict[str, Any] = {"error_messages": {"invalid": "is {input!r}; it takes on or off."}}


def check_time_zone_setting(name: str) -> None:
    if name not in zoneinfo.available_timezones():
        raise ValidationError(f"is {name!r}; it takes a name like UTC or Asia/Almaty.")


@env.parser_for("items")
def parse_list_setting(text: str, *, accept: Callable[[str], object], takes: str) -> list[str]:
    """Return the items of a comma-separated list, each of which `accept` has to accept."""
    items = [item.strip() for item in text.split(",") if item.strip()]
    for item in items:
        if not accept(item):
            raise ValidationError(f"has {item!r}; it takes {takes}, separated by commas.")
    return items


def is_network_setting(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


@env.parser_for("folder")
def parse_folder_setting(text: str | Path, *, writable: bool) -> Path:
    """Return the folder. If it has to be writable, it is created, closed to other users."""
    try:
        folder = Path(text).expanduser().resolve()
        if writable:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
    except (OSError, RuntimeError, ValueError) as error:
        raise ValidationError(
            f"is {str(text)!r} ({error}); it takes a folder that can be written to."
        ) from None
    return folder
