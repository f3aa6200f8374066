"""The time and the service's memory for an export of very many sessions: see README.md."""

import argparse
import contextlib
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from bench.coaches import make_coach
from bench.services import PROJECT, clean_environment, running
from senim.embedded.postgres import EmbeddedPostgres

FILE = "/admin/workouts/workoutsession/export/file/"
READ_EVERY_S = 0.2
SEED = """
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute('''INSERT INTO workout_sessions (session_id, user_id, exercise_type, total_reps,
        created_at, started_at, finished_at, refused, refusals, timeline_ms,
        rep_devices, late_reps, device_seqs)
        SELECT gen_random_uuid(), 'bench-' || n %% 100, 'squat', {reps},
        saved, saved - interval '1 minute', saved, '{{"debounced": 3}}', '[]',
        (SELECT jsonb_agg(i * 2000) FROM generate_series(0, {reps} - 1) i),
        '[]', '[]', '{{}}'
        FROM generate_series(1, %s) n, LATERAL (SELECT now() - n * interval '7 seconds' AS saved) _
        ''', [{rows}])
    cursor.execute("ANALYZE")
"""


def read_rss_mb(pid: int) -> float:
    """Return a process's resident memory (proc_pid_status(5))."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) / 1024


class Watch(threading.Thread):
    """Records the most memory that a process uses."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.most_mb, self.is_over = pid, 0.0, threading.Event()

    def run(self) -> None:
        while not self.is_over.wait(READ_EVERY_S):
            self.most_mb = max(self.most_mb, read_rss_mb(self.pid))


@contextlib.contextmanager
def running_service(folder: Path, options: argparse.Namespace) -> Iterator[tuple[int, str, str]]:
    """Run the service on a filled PostgreSQL; give its pid, address and a coach's session key."""
    server = EmbeddedPostgres(folder / "postgres")
    server.start()
    url = server.create_database("bench")
    environment = {**clean_environment(folder / "senim"), "DATABASE_URL": url}
    try:
        with running(
            [sys.executable, "manage.py", "start", "--port", "0"], PROJECT, environment
        ) as (process, address):
            session_key = make_coach(folder / "senim", 100, DATABASE_URL=url)
            code = SEED.format(rows=options.rows, reps=options.reps)
            subprocess.run(
                [sys.executable, "manage.py", "shell", "-v", "0", "-c", code],
                cwd=PROJECT,
                env=environment,
                check=True,
            )
            yield process.pid, address, session_key
    finally:
        server.stop()


def download(address: str, session_key: str, query: str) -> int:
    """Download the file, and return its size."""
    request = urllib.request.Request(
        f"http://{address}{FILE}?{query}", headers={"Cookie": f"sessionid={session_key}"}
    )
    size = 0
    with urllib.request.urlopen(request, timeout=120) as response:
        while chunk := response.read(1 << 20):
            size += len(chunk)
    return size


def measure(pid: int, address: str, session_key: str, query: str) -> float:
    """Export, print the figures, and return the growth of the memory in MB."""
    before_mb, began = read_rss_mb(pid), time.perf_counter()
    watch = Watch(pid)
    watch.start()
    size = download(address, session_key, query)
    watch.is_over.set()
    watch.join()
    grown_mb = watch.most_mb - before_mb
    seconds = time.perf_counter() - began
    sent = f"{query:32} {seconds:7.1f} s  {size / 1e6:7.1f} MB sent"
    print(f"{sent}  memory {before_mb:6.1f} MB, at most {grown_mb:+.1f} MB", flush=True)
    return grown_mb


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--rows", type=int, default=1_000_000, help="sessions (default: %(default)s)"
    )
    parser.add_argument("--reps", type=int, default=30, help="in each (default: %(default)s)")
    parser.add_argument("--timeline", action="store_true", help="include the timelines")
    parser.add_argument(
        "--max-growth",
        type=float,
        default=60.0,
        help="most MB that the memory may grow (default: %(default)s)",
    )
    return parser.parse_args()


def main() -> int:
    options = read_options()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        Path(name).chmod(0o755)
        with running_service(Path(name), options) as (pid, address, session_key):
            download(
                address, session_key, "q=nobody"
            )  # so that nothing is loaded for the first time
            queries = [
                f"format={kind}{'&timeline=on' * options.timeline}" for kind in ("csv", "xlsx")
            ]
            most_mb = max(measure(pid, address, session_key, query) for query in queries)
    return 1 if most_mb > options.max_growth else 0


if __name__ == "__main__":
    sys.exit(main())
