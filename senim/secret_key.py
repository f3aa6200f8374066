"""The SECRET_KEY, and how secrets are made on the first start and kept in files."""

import os
import re
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from environs import ValidationError

MIN_LENGTH = 32
MIN_CHARACTERS = 5
KNOWN = re.compile(r"django-insecure|change.?me|your.?secret|^secret|^test", re.IGNORECASE)


def check_secret_key(key: str) -> None:
    """Raise ValidationError if the key is easy to guess."""
    if len(key) < MIN_LENGTH or len(set(key)) < MIN_CHARACTERS or KNOWN.search(key):
        raise ValidationError(
            f"is empty, short or well known; it takes {MIN_LENGTH} or more random characters. "
            "If it is unset, Senim makes one and keeps it in SENIM_DATA."
        )


def keep_secret_key(path: Path) -> str:
    """Return the key kept in the file, made there on the first start.

    Raises ImproperlyConfigured if the file cannot be written or holds no usable key.
    """
    return keep_secret_file(path, "SECRET_KEY", make_secret_key, check_secret_key)


def make_secret_key() -> str:
    return secrets.token_urlsafe(50)


def keep_secret_file(
    path: Path, name: str, make: Callable[[], str], check: Callable[[str], None]
) -> str:
    """Return the secret kept in the file, made there on the first start; `name` is its setting's.

    Processes that start together all get the secret of the first to create the file. Raises
    ImproperlyConfigured if the file cannot be written or holds no usable secret.
    """
    try:
        if not path.exists():
            write_secret_file(path, make())
        secret = path.read_text().strip()
        check(secret)
    except OSError as error:
        raise ImproperlyConfigured(
            f"{name} is unset, and none can be kept in {path} ({error.strerror}); set it."
        ) from None
    except ValidationError:
        raise ImproperlyConfigured(
            f"{name} is unset, and {path} holds no usable key; set it or delete the file."
        ) from None
    return secret


def write_secret_file(path: Path, secret: str) -> None:
    # linked into place whole: a reader sees no file or a complete one, even after a power cut
    descriptor, draft = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(descriptor, "w") as file:
        file.write(secret)
        file.flush()
        os.fsync(descriptor)
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        os.unlink(draft)
