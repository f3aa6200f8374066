"""The cost of the coach's pages with a million sessions and with a thousand: see README.md."""

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from bench.services import PROJECT, clean_environment
from senim.embedded.postgres import EmbeddedPostgres
from senim.embedded.processes import die_with_parent
from senim.embedded.valkey import EmbeddedValkey

LIST = "/admin/workouts/workoutsession/"
ATHLETES = "/admin/workouts/athlete/"
TEAMS = "/admin/workouts/team/"
# bench/page_worker.py fills in {}, with something that the user may see
PAGES = [
    ("sessions", LIST),
    ("page 2", f"{LIST}?p=2"),
    ("page 5", f"{LIST}?p=5"),
    ("pending", f"{LIST}?review_status__exact=pending"),
    ("exercise", f"{LIST}?exercise__slug__exact=squat"),
    ("rare exercise", f"{LIST}?exercise__slug__exact=dip"),
    ("team", f"{LIST}?team={{team}}"),
    ("flag", f"{LIST}?flag=metronome"),
    ("rare flag", f"{LIST}?flag=marathon"),
    ("one athlete", f"{LIST}?athlete={{user_id}}"),
    ("last week", f"{LIST}?from={{week_ago}}&to={{today}}"),
    ("a day a year ago", f"{LIST}?from={{year_ago}}&to={{year_ago}}"),
    ("search user_id", f"{LIST}?q={{user_id}}"),
    ("search name", f"{LIST}?q={{name}}"),
    ("search nobody", f"{LIST}?q=nobody-of-this-name"),
    ("session", f"{LIST}{{session}}/change/"),
    ("athletes", ATHLETES),
    ("athletes, name", f"{ATHLETES}?q={{name}}"),
    ("athletes, team", f"{ATHLETES}?team={{team}}"),
    ("athlete", f"{ATHLETES}{{athlete}}/change/"),
    ("trends", f"{ATHLETES}{{athlete}}/trends/?weeks=52"),
    ("teams", TEAMS),
    ("team page", f"{TEAMS}{{team}}/change/"),
    ("team page, sorted", f"{TEAMS}{{team}}/change/?sort=-reps"),
    ("home", "/admin/"),
    ("live", "/admin/live/"),
]
USERS = ("coach", "superuser")
FULL_LIST = "sessions"
FEW, MANY = "few", "many"
MAX_QUERIES = 12
WHOLE_SHARE = 0.25  # of the sessions: a query that reads as many scans the table
Answer = dict[str, Any]


class Worker:
    """A process with Django's test client on one of the databases."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bench.page_worker"],
            cwd=PROJECT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=die_with_parent(),
        )

    def ask(self, **question: Any) -> Answer:
        """Return the worker's answer about a page. Raises RuntimeError if the worker has ended."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the worker ended at {question}")
        answer: Answer = json.loads(line)
        return answer

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


@dataclass
class Line:
    """A page as one user sees it: its queries and its times in each database."""

    page: str
    address: str
    user: str
    seen: dict[str, Answer] = field(default_factory=dict)
    times_ms: dict[str, list[float]] = field(default_factory=lambda: {FEW: [], MANY: []})

    def median_ms(self, name: str) -> float:
        return statistics.median(self.times_ms[name])

    def ratio(self, full_list: "Line") -> float:
        """Return how many times longer it takes with many sessions.

        If it has more rows to show then, it is compared with the full list of few sessions.
        """
        few = self.median_ms(FEW)
        if self.seen[MANY]["rows"] > 1.2 * self.seen[FEW]["rows"]:
            few = max(few, full_list.median_ms(FEW))
        return self.median_ms(MANY) / few

    def problems(self, ratio: float, options: argparse.Namespace) -> list[str]:
        many, most = self.seen[MANY], max(each["queries"] for each in self.seen.values())
        statuses = {each["status"] for each in self.seen.values()}
        found = {
            f"answers {sorted(statuses)}": statuses != {200},
            f"{most} queries": most > MAX_QUERIES,
            f"{ratio:.1f} x as long": ratio > options.max_ratio,
            f"a query reads {many['most_read']:,} rows": many["most_read"]
            > WHOLE_SHARE * options.sessions,
        }
        return [problem for problem, is_so in found.items() if is_so]


@contextlib.contextmanager
def running_servers(folder: Path) -> Iterator[tuple[EmbeddedPostgres, dict[str, str]]]:
    """Run PostgreSQL and Valkey; give the first, and the environment for using both."""
    folder.chmod(0o755)  # PostgreSQL may run as another user
    postgres, valkey = (
        EmbeddedPostgres(folder / "postgres"),
        EmbeddedValkey(folder / "valkey", folder / "valkey.sock"),
    )
    environment = {
        **clean_environment(folder / "data"),
        "REDIS_URL": f"unix://{folder / 'valkey.sock'}",
        "DATABASE_POOL_SIZE": "0",
    }
    try:
        postgres.start()
        valkey.start()
        yield postgres, environment
    finally:
        valkey.stop()
        postgres.stop()


def fill(
    postgres: EmbeddedPostgres, name: str, sessions: int, environment: dict[str, str]
) -> dict[str, str]:
    """Make a database with this many sessions, and return the environment for using it."""
    environment = {**environment, "DATABASE_URL": postgres.create_database(name)}
    for command in (
        ["migrate", "-v", "0"],
        ["seed", "--sessions", str(sessions), "--coach", "coach"],
    ):
        subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=PROJECT,
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )
    return environment


def measure(workers: dict[str, Worker], pages: list[str], rounds: int) -> list[Line]:
    """Examine the queries of these pages (default: all), then time the pages in both databases."""
    chosen = [(page, address) for page, address in PAGES if not pages or page in pages]
    lines = [Line(page, address, user) for page, address in chosen for user in USERS]
    for line in tqdm(lines, desc="queries", disable=None):
        line.seen = {
            name: worker.ask(do="examine", address=line.address, user=line.user)
            for name, worker in workers.items()
        }
    for number in tqdm(range(rounds), desc="rounds", disable=None):
        for line in lines:
            for name in (FEW, MANY) if number % 2 == 0 else (MANY, FEW):
                line.times_ms[name].append(
                    workers[name].ask(do="time", address=line.address, user=line.user)["ms"]
                )
    return lines


def show(lines: list[Line], options: argparse.Namespace) -> int:
    """Print the table, and return how many pages have a problem."""
    full_lists = {line.user: line for line in lines if line.page == FULL_LIST}
    many_title = f"ms at {options.sessions:,}"
    print(
        f"{'page':18} {'user':10} queries {'ms at 1,000':>12} {many_title:>15}",
        f" ratio {'rows read':>10}  problem",
    )
    failed = 0
    for line in lines:
        ratio = line.ratio(full_lists[line.user])
        problems = line.problems(ratio, options)
        many, times = line.seen[MANY], f"{line.median_ms(FEW):12.1f} {line.median_ms(MANY):15.1f}"
        print(
            f"{line.page:18} {line.user:10} {many['queries']:7} {times}",
            f"{ratio:6.2f} {many['most_read']:10,}  {'; '.join(problems)}",
        )
        if options.verbose or problems:
            print(f"    {many['address']}\n    {many['slowest_ms']:.1f} ms: {many['slowest']}")
        failed += bool(problems)
    return failed


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--sessions",
        type=int,
        default=1_000_000,
        help="in the larger database; under 100,000 a capped count looks like a full one"
        " (default: %(default)s)",
    )
    parser.add_argument(
        "--rounds",
        type=int,
        default=7,
        help="times that each page is opened in both databases (default: %(default)s)",
    )
    parser.add_argument(
        "--max-ratio",
        type=float,
        default=3.0,
        help="most that a page's time may grow from 1,000 sessions (default: %(default)s)",
    )
    parser.add_argument(
        "--page", action="append", default=[], help="only this page, by its name in the table"
    )
    parser.add_argument("--verbose", action="store_true", help="print each page's slowest query")
    return parser.parse_args()


def main() -> int:
    options = read_options()
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        running_servers(Path(folder)) as (postgres, environment),
    ):
        sizes = {FEW: 1000, MANY: options.sessions}
        workers = {
            name: Worker(fill(postgres, name, size, environment)) for name, size in sizes.items()
        }
        try:
            lines = measure(workers, options.page, options.rounds)
        finally:
            for worker in workers.values():
                worker.stop()
    failed = show(lines, options)
    print(f"{failed} of {len(lines)} pages have a problem")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
