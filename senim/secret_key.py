"""The SECRET_KEY: the operator's own, or one that is made on the first start and kept in a file."""

import os
import re
import secrets
import tempfile
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

    Processes that start together all get the key of the first to create the file. Raises
    ImproperlyConfigured if the file cannot be written or holds no usable key.
    """
    try:
        if not path.exists():
            make_secret_key(path)
        key = path.read_text().strip()
        check_secret_key(key)
    except OSError as error:
        raise ImproperlyConfigured(
            f"SECRET_KEY is unset, and none can be kept in {path} ({error.strerror}); set it."
        ) from None
    except ValidationError:
        raise ImproperlyConfigured(
            f"SECRET_KEY is unset, and {path} holds no usable key; set it or delete the file."
        ) from None
    return key


def make_secret_key(path: Path) -> None:
    # linked into place whole: a reader sees no file or a complete one, even after a power cut
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
