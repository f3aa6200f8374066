"""The folder in which the processes of one `start` keep their metrics.

This has to run before anything imports prometheus_client, which looks for the folder only once, and
maps its files into memory. A page of such a file that is not on the disk yet is put there by the
first write to it. If the disk is full by then, the kernel kills the process (SIGBUS), so every page
is written beforehand.
"""

import fcntl
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
FOLDER_PREFIX = "senim-metrics-"
LOCK_NAME = "lock"
# as prometheus_client names them, each followed by the process ID
FILE_KINDS = ("counter", "histogram", "gauge_livesum", "gauge_max", "gauge_mostrecent")
# Twice what prometheus_client begins with, and several times what all series take: a file that had
# to grow would get pages that are not on the disk.
FILE_BYTES = 131_072


@contextmanager
def server_metrics_folder() -> Iterator[None]:
    """Have this process and its workers share their metrics for as long as the block runs.

    If there is no room for the files, each process keeps its figures to itself.
    """
    opened = None
    try:
        opened = open_metrics_folder()
    except OSError as error:
        warn_of_metrics_folder(error)
    if opened is None:
        yield
        return
    folder, lock = opened
    with lock:
        os.environ[FOLDER_VARIABLE] = str(folder)
        try:
            remove_abandoned_metrics_folders(folder.parent)
            reserve_metrics_files()
            yield
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def open_metrics_folder() -> tuple[Path, BinaryIO]:
    """Make a folder; return it with its lock, which keeps other services from removing it."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX))
        try:
            lock = (folder / LOCK_NAME).open("wb")
        except OSError:
            folder.rmdir()
            raise
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (folder / LOCK_NAME).exists():
            return folder, lock
        # before it was locked, another start took it for an abandoned one
        lock.close()


def remove_abandoned_metrics_folders(parent: Path) -> None:
    """Remove the folders of services that were killed: those with a lock that nobody holds."""
    for folder in parent.glob(f"{FOLDER_PREFIX}*"):
        with suppress(OSError):
            status = folder.lstat()
            if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
                continue
            with (folder / LOCK_NAME).open("r+b") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)


def reserve_metrics_files() -> None:
    """Put every page of this process's files on the disk, or do without the folder.

    On file systems that copy on write (Btrfs, ZFS), a later write may need room all the same.
    """
    folder = os.environ.get(FOLDER_VARIABLE)
    if folder is None:
        return
    paths = [Path(folder, f"{kind}_{os.getpid()}.db") for kind in FILE_KINDS]
    try:
        for path in paths:
            with path.open("ab") as file:
                # one that is there belonged to a worker that ended, and its figures still count
                if not file.tell():
                    file.write(bytes(FILE_BYTES))
    except OSError as error:
        warn_of_metrics_folder(error)
        del os.environ[FOLDER_VARIABLE]
        for path in paths:
            path.unlink(missing_ok=True)


def warn_of_metrics_folder(error: OSError) -> None:
    # logging is not set up yet
    reason = " ".join(str(error).split())
    print(  # noqa: T201
        f"senim: the files of the metrics cannot be written ({reason}): "
        "processes keep their figures to themselves, and GET /metrics shows those of one",
        file=sys.stderr,
        flush=True,
    )
