"""What honest athletes feel beside each kind of attack: see README.md."""

import argparse
import asyncio
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.floods.honest import Feelings, feel, quantile
from bench.floods.kinds import KINDS, LISTS
from bench.floods.memory import MemoryWatch, read_rss_mb
from bench.floods.stage import Stage, running_stage
from bench.services import PROJECT
from senim.embedded.processes import die_with_parent

WARM_UP_S = 1.5
# an attack begins so long before it is measured, and goes on a little longer
LEAD_S, TAIL_S = 2.5, 1.0
ATTACKER_STOP_S = 10.0
RECOVERY_S = 15.0
# a quiet machine answers in a few ms: three times that is still nothing that anybody feels
LEAST_QUIET_MS = 20.0
MAX_RATIO, MAX_FAILED_SHARE = 3.0, 0.001
MAX_GROWTH_MB = 64.0
# 2,000 sockets leave 45 MB in the allocator, which the next ones use again
MAX_LEFT_MB = 48.0
HEAD = """\
| kind | quiet p99 ms | p99 ms | max ms | ratio | reps failed | others failed | memory MB | |
| --- | ---: | ---: | ---: | ---: | --- | --- | --- | --- |"""


@dataclass
class Outcome:
    """One round: before and beside an attack."""

    kind: str
    quiet: Feelings
    during: Feelings
    before_mb: float
    most_mb: float
    after_mb: float
    is_healthy: bool
    is_stopped: bool
    attackers: str

    def ratio(self) -> float:
        quiet_ms = max(LEAST_QUIET_MS, quantile(self.quiet.reps_ms, 0.99))
        return quantile(self.during.reps_ms, 0.99) / quiet_ms

    def problems(self) -> list[str]:
        """Return what is not as it should be."""
        checks = {
            "slow": self.ratio() > MAX_RATIO,
            "failed": self.during.failed_share() > MAX_FAILED_SHARE,
            "unanswered": self.during.unanswered() > 0,
            "memory": self.most_mb - self.before_mb > MAX_GROWTH_MB,
            "memory kept": self.after_mb - self.before_mb > MAX_LEFT_MB,
            "stopped early": self.is_stopped,
            "not healthy after": not self.is_healthy,
        }
        return [name for name, is_wrong in checks.items() if is_wrong]


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.floods", description=__doc__)
    parser.add_argument(
        "--kinds", nargs="+", choices=KINDS, default=list(KINDS), metavar="KIND", help="all of them"
    )
    parser.add_argument("--seconds", type=float, default=8.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=1, help="of each kind; shows the median one")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--nginx", action="store_true", help="put nginx in front")
    parser.add_argument(
        "--max-memory-mb", type=float, default=2000, help="stop an attack if the service uses more"
    )
    parser.add_argument("--verbose", action="store_true", help="show what attackers got done")
    return parser.parse_args()


def measure(kind: str, options: argparse.Namespace) -> Outcome:
    """Start a service, measure it when quiet and beside the attack, and stop it."""
    with (
        tempfile.TemporaryDirectory(prefix="senim-floods-") as folder,
        running_stage(
            Path(folder),
            workers=options.workers,
            with_nginx=options.nginx,
            with_long_sessions=kind in LISTS,
        ) as stage,
    ):
        asyncio.run(feel(stage.url, WARM_UP_S))
        quiet = asyncio.run(feel(stage.url, options.seconds))
        return attack(kind, stage, quiet, options)


def attack(kind: str, stage: Stage, quiet: Feelings, options: argparse.Namespace) -> Outcome:
    before_mb = read_rss_mb(stage.pid)
    attackers = start_attackers(kind, stage.url, LEAD_S + options.seconds + TAIL_S)
    watch = MemoryWatch(stage.pid, options.max_memory_mb, attackers.kill)
    watch.start()
    try:
        time.sleep(LEAD_S)
        during = asyncio.run(feel(stage.url, options.seconds))
        said = stop_attackers(attackers)
    finally:
        attackers.kill()
        watch.stop()
    return Outcome(
        kind,
        quiet,
        during,
        before_mb,
        watch.most_mb,
        wait_for_memory(stage.pid, before_mb + MAX_LEFT_MB),
        stage.is_healthy(),
        watch.is_over_limit,
        said,
    )


def start_attackers(kind: str, url: str, seconds: float) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "bench.floods.attacker", url, kind, str(seconds)],
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_parent(),
    )


def stop_attackers(attackers: subprocess.Popen[str]) -> str:
    """Wait for the end of the attack, and return what its clients got done."""
    try:
        return attackers.communicate(timeout=ATTACKER_STOP_S)[0].strip()
    except subprocess.TimeoutExpired:
        attackers.kill()
        return attackers.communicate()[0].strip()


def wait_for_memory(pid: int, wanted_mb: float) -> float:
    """Return the memory (MB) once it is down to what is wanted, or after a while."""
    deadline = time.monotonic() + RECOVERY_S
    while (now_mb := read_rss_mb(pid)) > wanted_mb and time.monotonic() < deadline:
        time.sleep(0.5)
    return now_mb


def choose_median(outcomes: list[Outcome]) -> Outcome:
    """Return the round with the median ratio; of two, the worse."""
    middle = statistics.median_high(outcome.ratio() for outcome in outcomes)
    return next(outcome for outcome in outcomes if outcome.ratio() == middle)


def format_row(outcome: Outcome) -> str:
    quiet, during = outcome.quiet, outcome.during
    failed = f"{during.failed.total()} of {len(during.reps_ms) + during.unanswered()}"
    reasons = ", ".join(f"{number} {name}" for name, number in during.failed.most_common(3))
    others = ", ".join(f"{number} {name}" for name, number in during.others_failed.most_common(3))
    cells = (
        outcome.kind,
        f"{quantile(quiet.reps_ms, 0.99):.0f}",
        f"{quantile(during.reps_ms, 0.99):.0f}",
        f"{quantile(during.reps_ms, 1):.0f}",
        f"{outcome.ratio():.1f}",
        f"{failed} ({reasons})" if reasons else failed,
        others or "0",
        f"{outcome.before_mb:.0f} → {outcome.most_mb:.0f} → {outcome.after_mb:.0f}",
        ", ".join(outcome.problems()) or "ok",
    )
    return f"| {' | '.join(cells)} |"


def main() -> int:
    options = read_options()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    print(HEAD, flush=True)
    bad = []
    for kind in options.kinds:
        outcome = choose_median([measure(kind, options) for _ in range(options.rounds)])
        print(format_row(outcome), flush=True)
        if options.verbose:
            print(outcome.attackers, file=sys.stderr, flush=True)
        if outcome.problems():
            bad.append(kind)
    print(f"\n{len(bad)} of {len(options.kinds)} got through: {' '.join(bad) or 'none'}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
