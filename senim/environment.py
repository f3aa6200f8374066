"""Typed readers of the environment: a wrong value names its variable and says what it takes."""

import ipaddress
import os
import re
import secrets
import tempfile
import zoneinfo
from collections.abc import Collection
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

MIN_SECRET_KEY_LENGTH = 32
MIN_SECRET_KEY_CHARACTERS = 5
KNOWN_SECRET_KEYS = re.compile(
    r"django-insecure|change.?me|your.?secret|^secret|^test", re.IGNORECASE
)
HOST = r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?|\[[0-9A-Fa-f:.]+\])"


def is_given(*names: str) -> bool:
    """Return whether none of the variables is unset or blank."""
    return all(os.environ.get(name, "").strip() for name in names)


def load_env_file(path: Path) -> None:
    """Take from the file, where there is one, what the environment does not say."""
    try:
        environ.Env.read_env(path)
    except (UnicodeDecodeError, OSError) as error:
        raise ImproperlyConfigured(
            f"{path} cannot be read ({error}); it takes lines like NAME=value, in UTF-8."
        ) from None


def read_text(name: str, default: str) -> str:
    """Return the variable, or the default where it is unset or blank."""
    return os.environ.get(name, "").strip() or default


def read_number(name: str, default: int, *, low: int, high: int) -> int:
    """Return a whole number between low and high, both included."""
    text = read_text(name, str(default))
    if not re.fullmatch(r"-?\d{1,12}", text) or not low <= int(text) <= high:
        raise ImproperlyConfigured(
            f"{name} is {text!r}; it takes a whole number from {low} to {high}."
        )
    return int(text)


def read_flag(name: str, *, default: bool) -> bool:
    """Return a yes or no."""
    text = read_text(name, "on" if default else "off").lower()
    if text not in ("1", "0", "true", "false", "yes", "no", "on", "off"):
        raise ImproperlyConfigured(f"{name} is {text!r}; it takes on or off.")
    return text in ("1", "true", "yes", "on")


def read_choice(name: str, default: str, choices: Collection[str]) -> str:
    """Return one of the choices."""
    text = read_text(name, default)
    if text not in choices:
        raise ImproperlyConfigured(
            f"{name} is {text!r}; it takes one of: {', '.join(c for c in choices if c)}."
        )
    return text


def read_list(name: str, default: list[str]) -> list[str]:
    """Return the items of a comma-separated list."""
    text = os.environ.get(name, "").strip()
    return [item.strip() for item in text.split(",") if item.strip()] if text else default


def read_host_names(name: str, default: list[str]) -> list[str]:
    """Return names or addresses of hosts, as Django's ALLOWED_HOSTS takes them."""
    return read_items(
        name,
        default,
        rf"\*|\.?{HOST}",
        "hosts like senim.example.org or [::1], without scheme and port",
    )


def read_origins(name: str) -> list[str]:
    """Return web origins, each a scheme and a host, with a port where it is not the scheme's own."""
    return read_items(
        name, [], rf"https?://{HOST}(?::\d{{1,5}})?", "origins like https://coach.example.org"
    )


def read_items(name: str, default: list[str], pattern: str, takes: str) -> list[str]:
    """Return the items of a comma-separated list, each of which matches the pattern."""
    items = read_list(name, default)
    for item in items:
        if not re.fullmatch(pattern, item):
            raise ImproperlyConfigured(
                f"{name} has {item!r}; it takes {takes}, separated by commas."
            )
    return items


def read_networks(name: str) -> list[str]:
    """Return IP addresses and networks."""
    networks = read_list(name, [])
    for network in networks:
        try:
            ipaddress.ip_network(network)
        except ValueError:
            raise ImproperlyConfigured(
                f"{name} has {network!r}; it takes addresses or networks like 10.0.0.0/8, separated by commas."
            ) from None
    return networks


def read_time_zone(name: str, default: str) -> str:
    """Return the name of a time zone."""
    zone = read_text(name, default)
    try:
        zoneinfo.ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise ImproperlyConfigured(
            f"{name} is {zone!r}; it takes a name like UTC or Asia/Almaty."
        ) from None
    return zone


def read_folder(name: str, default: Path, *, needed: bool) -> Path:
    """Return a folder. A needed one is made where there is none, closed to other users, and has to be writable."""
    text = read_text(name, str(default))
    try:
        folder = Path(text).expanduser().resolve()
        if needed:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
    except (OSError, RuntimeError, ValueError) as error:
        raise ImproperlyConfigured(
            f"{name} is {text!r} ({error}); it takes a folder that can be written to."
        ) from None
    return folder


def read_secret_key(name: str, path: Path) -> str:
    """Return the given key, else the one kept in the file, which is made on the first start."""
    key = os.environ.get(name)
    if key is None:
        try:
            key = keep_secret_key(path)
        except OSError as error:
            raise ImproperlyConfigured(
                f"{name} is unset and none can be kept in {path} ({error.strerror}); give one."
            ) from None
    if is_guessable(key):
        raise ImproperlyConfigured(
            f"{name} is empty, short or known; it takes {MIN_SECRET_KEY_LENGTH} or more random characters. Unset, one is kept in {path}."
        )
    return key


def is_guessable(key: str) -> bool:
    return (
        len(key) < MIN_SECRET_KEY_LENGTH
        or len(set(key)) < MIN_SECRET_KEY_CHARACTERS
        or bool(KNOWN_SECRET_KEYS.search(key))
    )


def keep_secret_key(path: Path) -> str:
    """Return the key in the file; of two processes that make it at once, both get the first one's."""
    if not path.exists():
        descriptor, draft = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(50))
            file.flush()
            os.fsync(descriptor)
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            pass
        finally:
            os.unlink(draft)
    return path.read_text().strip()
