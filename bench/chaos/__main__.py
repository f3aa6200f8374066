"""Kill every process over and over while athletes train, and look for lost or doubled reps."""

import argparse
import asyncio
import json
import logging
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.chaos.athletes import Athlete, Load, finish_for_others
from bench.chaos.bodies import Body, find_body_sets
from bench.chaos.devices import Device
from bench.chaos.faults import Killer, carry_out_cuts, plan_cuts, plan_kills
from bench.chaos.finishes import Finisher
from bench.chaos.invariants import Verdict, judge, read_keys_left, read_sessions
from bench.chaos.proxy import Proxy
from bench.chaos.recordings import read_paces
from bench.chaos.stage import Stage

SHOWN_PROBLEMS = 20
POSTS_AT_ONCE = 32
BODY_EVERY = 2  # of so many athletes, one is a body with a phone and a watch
LEAVE_DEADLINE_S = 300.0
# each hello computes the clock's offset anew, with an error of as long as it took
INTERVAL_MARGIN_MS = 50


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.chaos", description=__doc__)
    parser.add_argument("--athletes", type=int, default=40)
    parser.add_argument("--kills", type=int, default=300, help="how many processes to kill with -9")
    parser.add_argument(
        "--seed", type=int, default=1, help="the same seed repeats the schedule of faults"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=3600,
        help="stop killing after this time, however many kills are left",
    )
    parser.add_argument("--speed", type=float, default=4.0, help="times as fast as people")
    parser.add_argument(
        "--sets", type=Path, help="a file of recorded sets; made-up ones without it"
    )
    parser.add_argument(
        "--keep", action="store_true", help="keep the run's folder, even without problems"
    )
    return parser.parse_args()


class Training(threading.Thread):
    """The athletes and the proxy, in a thread with its own event loop.

    Processes end with the thread that started them, so the main thread starts and kills them.
    """

    def __init__(self, options: argparse.Namespace, stage: Stage) -> None:
        super().__init__(name="training", daemon=True)
        self.options = options
        self.proxy = Proxy([app.port for app in stage.apps], options.seed)
        exercises = stage.exercises()
        smallest_ms = {exercise.slug: exercise.min_interval_ms for exercise in exercises}
        self.paces = read_paces(options.sets, smallest_ms, INTERVAL_MARGIN_MS)
        self.body_sets = find_body_sets(self.paces, exercises)
        self.athletes: list[Athlete] = []
        self.events: Counter[str] = Counter()
        self.answers: Counter[int] = Counter()
        self.begun = threading.Event()
        self.failed = threading.Event()
        self.error: BaseException | None = None
        self._over = threading.Event()

    def run(self) -> None:
        try:
            asyncio.run(self._train())
        except BaseException as error:  # the main thread raises it
            logging.getLogger(__name__).exception("the training failed")
            self.error = error
            self.failed.set()
        finally:
            self.begun.set()

    def end(self) -> None:
        """Heal the network, and wait until all athletes have finished."""
        self._over.set()
        self.join()
        if self.error is not None:
            raise self.error

    @property
    def devices(self) -> list[Device]:
        return [device for athlete in self.athletes for device in athlete.devices]

    async def _train(self) -> None:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(POSTS_AT_ONCE))
        port = await self.proxy.start()
        finisher = Finisher(port)
        load = Load(
            f"http://127.0.0.1:{port}",
            finisher,
            self.paces,
            self.body_sets,
            self.options.speed,
            self.options.seed,
            self.events,
        )
        self.answers = finisher.answers
        self.athletes = [
            (Athlete if number % BODY_EVERY else Body)(load, number)
            for number in range(self.options.athletes)
        ]
        for athlete in self.athletes:  # one by one, so that hellos are fast
            await athlete.begin()
        self.begun.set()
        await self._train_amid_faults(load)
        try:
            async with asyncio.timeout(LEAVE_DEADLINE_S):
                await asyncio.gather(*(athlete.leave() for athlete in self.athletes))
        except TimeoutError:
            self.events["leaving given up"] += 1  # the invariants say what is missing
        self.proxy.close()

    async def _train_amid_faults(self, load: Load) -> None:
        faults = [
            asyncio.create_task(carry_out_cuts(self.proxy, plan_cuts(self.options.seed))),
            asyncio.create_task(finish_for_others(load, self.athletes)),
        ]
        async with asyncio.TaskGroup() as group:
            for athlete in self.athletes:
                group.create_task(athlete.train())
            await asyncio.to_thread(self._over.wait)
            for fault in faults:
                fault.cancel()
            await asyncio.gather(*faults, return_exceptions=True)
            load.stop.set()


def perform(options: argparse.Namespace, folder: Path) -> tuple[Verdict, dict[str, object]]:
    """Run once, and return the verdict and the figures."""
    stage, began = Stage(folder), time.monotonic()
    with stage.running():
        training = Training(options, stage)
        killer = Killer(stage.parts, training.failed)
        training.start()
        try:
            training.begun.wait()
            killer.run(
                plan_kills(options.seed, options.kills),
                began + options.seconds,
                on_kill=show_progress(training),
            )
        finally:
            training.end()
        swept = stage.sweep_once()
        verdict = judge(
            training.athletes, read_sessions(stage.postgres.url), read_keys_left(stage.redis.url)
        )
    return verdict, {
        **figures(training, killer, verdict),
        "last sweep": swept,
        "seconds": round(time.monotonic() - began),
    }


def show_progress(training: Training) -> Callable[[int], None]:
    def show(kills: int) -> None:
        if kills % 10 == 0:
            acknowledged = sum(len(device.counted) for device in training.devices)
            print(f"{kills} kills, {acknowledged} reps acknowledged", file=sys.stderr, flush=True)

    return show


def figures(training: Training, killer: Killer, verdict: Verdict) -> dict[str, object]:
    """Return the figures that describe the run."""
    acks = sum((device.acks for device in training.devices), Counter())
    return {
        "kills": killer.done.total(),
        **{f"  {name}": number for name, number in killer.done.most_common()},
        "network faults": training.proxy.done.total(),
        **{f"  {name}": number for name, number in training.proxy.done.most_common()},
        "sockets hit": training.proxy.sockets_hit,
        "reconnects": sum(max(0, device.connections - 1) for device in training.devices),
        **dict(sorted(training.events.items())),
        **{
            f"POST answered {status or 'by nobody'}": number
            for status, number in sorted(training.answers.items())
        },
        "reps made": verdict.made,
        "reps acknowledged": sum(len(device.counted) for device in training.devices),
        **{f"  answered {name}": number for name, number in acks.most_common()},
        "reps saved": verdict.saved,
        "lost": verdict.lost,
        "doubled": verdict.doubled,
        "times not trusted": verdict.distrusted,
        "sessions": verdict.sessions,
        "session keys left": verdict.keys_left,
    }


def main() -> int:
    options = read_arguments()
    folder = Path(tempfile.mkdtemp(prefix="senim-chaos-"))
    folder.chmod(0o755)  # PostgreSQL may run as another user
    logging.basicConfig(
        filename=folder / "clients.log",
        level=logging.INFO,
        format="%(asctime)s %(name)s %(message)s",
    )
    verdict, rows = perform(options, folder)
    for name, figure in {**rows, "seed": options.seed}.items():
        print(f"{name:<32} {figure:>8}")
    for problem in verdict.problems[:SHOWN_PROBLEMS]:
        print(problem)
    if verdict.problems:
        (folder / "problems.json").write_text(json.dumps(verdict.problems, indent=1))
        print(f"{len(verdict.problems)} problems; all of them and the logs are in {folder}")
    elif not options.keep:
        shutil.rmtree(folder)
    return 1 if verdict.problems else 0


if __name__ == "__main__":
    sys.exit(main())
