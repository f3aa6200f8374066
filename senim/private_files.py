"""What Senim writes is for its own user alone, whatever umask it was started with."""

import os
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path

import structlog

PRIVATE_UMASK = 0o077
OPEN_TO_OTHERS = stat.S_IRWXG | stat.S_IRWXO
MAX_NAMED = 5  # an older version's files are all open; one `chmod -R` mends them together
# they write into the project's sources, which are for everybody
SOURCE_COMMANDS = frozenset(
    {
        *("compilemessages", "makemessages", "makemigrations", "optimizemigration"),
        *("squashmigrations", "startapp", "startproject"),
    }
)
log = structlog.get_logger(__name__)


def keep_files_private(command: str) -> None:
    """Set this process's umask, unless the command of manage.py writes sources."""
    if command not in SOURCE_COMMANDS:
        os.umask(PRIVATE_UMASK)


def open_private_file(path: str, flags: int) -> int:
    """Open a file as the built-in open() asks its `opener` to; a new one has mode 0600."""
    return os.open(path, flags, 0o600)


def find_open_files(folder: Path) -> Iterator[tuple[Path, int]]:
    """Yield what others may read or write, with its mode: the folder, and all that is in it."""
    for path in (folder, *sorted(folder.rglob("*"))):
        try:
            status = path.lstat()
        except OSError:  # Valkey replaces its files
            continue
        mode = stat.S_IMODE(status.st_mode)
        if mode & OPEN_TO_OTHERS and not stat.S_ISLNK(status.st_mode):
            yield path, mode


def warn_of_open_files(folder: Path) -> None:
    """Log one line if others may read the folder or files in it."""
    found = [f"{path} ({mode:04o})" for path, mode in find_open_files(folder)]
    if found:
        more = [f"and {len(found) - MAX_NAMED} more"] if len(found) > MAX_NAMED else []
        log.warning(
            "data_open_to_others",
            files=", ".join([*found[:MAX_NAMED], *more]),
            remedy=f"chmod -R go= {shlex.quote(str(folder))}",
        )
