"""The folder of the metrics: a full disk stops no process, and killed services leave nothing."""

import fcntl
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.test import SimpleTestCase

from senim.embedded.processes import die_with_parent
from senim.metrics_folder import (
    FILE_BYTES,
    FILE_KINDS,
    LOCK_NAME,
    open_metrics_folder,
    remove_abandoned_metrics_folders,
)
from workouts.tests.support.processes import DEADLINE_S
from workouts.tests.support.required import need
from workouts.tests.support.run import clean_environment
from workouts.tests.support.service import Service, fresh_folder

UNSHARE = shutil.which("unshare")
# a disk of its own for one process, which needs no rights outside it
MOUNT_AND_RUN = 'mount -t tmpfs -o size="$1" tmpfs "$2" && shift 2 && exec "$@"'
COUNT_ON_FULL_DISK = """
import contextlib, os, sys
from senim.metrics_folder import FOLDER_VARIABLE, reserve_metrics_files

os.environ[FOLDER_VARIABLE] = sys.argv[1]
reserve_metrics_files()
from prometheus_client import Counter, Gauge, generate_latest

counter = Counter("reps", "Reps", ["exercise"])
gauge = Gauge("open", "Open", multiprocess_mode="livesum")
with open(f"{sys.argv[1]}/rest", "wb", buffering=0) as rest, contextlib.suppress(OSError):
    while True:
        rest.write(bytes(4096))
for number in range(500):
    counter.labels(f"exercise {number}").inc()
gauge.inc()
print(sum(sample.value for metric in counter.collect() for sample in metric.samples
          if sample.name == "reps_total"), FOLDER_VARIABLE in os.environ)
"""


def run_on_disk_of(size: str, script: str) -> subprocess.CompletedProcess[str]:
    """Run a script, with the folder of a small disk as its argument."""
    folder = fresh_folder()
    run = [sys.executable, "-c", script, str(folder)]
    return subprocess.run(
        [str(UNSHARE), "-rm", "sh", "-c", MOUNT_AND_RUN, "sh", size, str(folder), *run],
        cwd=settings.BASE_DIR,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
        preexec_fn=die_with_parent(),
    )


def can_mount() -> bool:
    return UNSHARE is not None and run_on_disk_of("64k", "").returncode == 0


class FullDiskTests(SimpleTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        need("unshare", can_mount(), "util-linux has it, and it has to be allowed to mount")

    def test_a_disk_that_fills_up_stops_no_process_that_counts(self) -> None:
        done = run_on_disk_of("4m", COUNT_ON_FULL_DISK)
        assert (done.returncode, done.stdout) == (0, "500.0 True\n"), done
        assert done.stderr == ""

    def test_a_process_that_starts_on_a_full_disk_says_so_once_and_counts_for_itself(self) -> None:
        done = run_on_disk_of("200k", COUNT_ON_FULL_DISK)
        assert (done.returncode, done.stdout) == (0, "500.0 False\n"), done
        (line,) = done.stderr.splitlines()
        assert line.startswith("senim: the files of the metrics cannot be written")
        assert "No space left on device" in line


class AbandonedFolderTests(SimpleTestCase):
    def setUp(self) -> None:
        self.temporary = fresh_folder()

    def make_folder(self, name: str, *, has_lock: bool = True) -> Path:
        folder = self.temporary / name
        folder.mkdir()
        (folder / "counter_1.db").touch()
        if has_lock:
            (folder / LOCK_NAME).touch()
        return folder

    def test_it_removes_those_whose_lock_is_free_and_no_others(self) -> None:
        abandoned = self.make_folder("senim-metrics-a")
        held = self.make_folder("senim-metrics-b")
        kept = [
            held,
            self.make_folder("senim-metrics-c", has_lock=False),
            self.make_folder("others"),
        ]
        with (held / LOCK_NAME).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            remove_abandoned_metrics_folders(self.temporary)
        assert not abandoned.exists()
        assert all(folder.exists() for folder in kept)

    def test_it_follows_no_link(self) -> None:
        elsewhere = self.make_folder("elsewhere")
        (self.temporary / "senim-metrics-link").symlink_to(elsewhere)
        remove_abandoned_metrics_folders(self.temporary)
        assert (elsewhere / "counter_1.db").exists()

    def test_a_new_folder_is_held(self) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("tempfile.tempdir", str(self.temporary))
            folder, lock = open_metrics_folder()
        with lock:
            remove_abandoned_metrics_folders(self.temporary)
            assert folder.exists()
        remove_abandoned_metrics_folders(self.temporary)
        assert not folder.exists()


@pytest.mark.slow
class ServiceFolderTests(SimpleTestCase):
    def setUp(self) -> None:
        self.temporary = fresh_folder()

    def start(self) -> Service:
        service = Service(
            *("manage.py", "start", "--port", "{port}", "--workers", "2"),
            SENIM_DATA=str(fresh_folder()),
            TMPDIR=str(self.temporary),
        ).start()
        self.addCleanup(service.kill)
        return service

    def test_the_folder_of_a_killed_service_is_gone_once_another_starts(self) -> None:
        self.start().kill()
        (abandoned,) = self.temporary.iterdir()
        self.start()
        (folder,) = self.temporary.iterdir()
        assert folder != abandoned

    def test_every_page_of_every_process_is_on_the_disk_before_it_is_needed(self) -> None:
        service = self.start()
        assert service.ask("GET", "/metrics").status == 200
        (folder,) = self.temporary.iterdir()
        files = [path for path in folder.iterdir() if path.name != LOCK_NAME]
        assert {path.stem.rpartition("_")[0] for path in files} == {*FILE_KINDS}
        assert len(files) == 3 * len(FILE_KINDS)
        for path in files:
            assert path.stat().st_size == FILE_BYTES
            assert path.stat().st_blocks * 512 >= FILE_BYTES, path
            used = int.from_bytes(path.read_bytes()[:4], sys.byteorder)
            assert used < FILE_BYTES / 2
