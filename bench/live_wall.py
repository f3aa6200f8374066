"""What an open live wall adds to the cost of a rep: see README.md."""

import argparse
import asyncio
import contextlib
import json
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import uvloop
import websockets
from tqdm import tqdm

from bench.coaches import make_coach
from bench.load.clients import Tally, closed_loop
from bench.load.window import Window
from bench.services import Service, running_senim

WARM_UP_S = 2.0


class Cost(NamedTuple):
    """CPU time per rep in the application and in Redis (us), and the wall's updates per second."""

    app_us: float
    redis_us: float
    updates_per_s: float


@contextlib.asynccontextmanager
async def open_wall(
    service: Service, session_key: str, heard: list[dict[str, Any]]
) -> AsyncIterator[None]:
    """Keep a wall open, and collect its messages."""
    async with websockets.connect(
        f"ws://{service.address}/ws/live", additional_headers={"Cookie": f"sessionid={session_key}"}
    ) as socket:
        task = asyncio.create_task(listen(socket, heard))
        yield
        task.cancel()


async def listen(socket: Any, heard: list[dict[str, Any]]) -> None:
    async for message in socket:
        heard.append(json.loads(message))


async def measure(
    service: Service, tally: Tally, seconds: float, heard: list[dict[str, Any]]
) -> Cost:
    await asyncio.sleep(WARM_UP_S)
    tally.clear()
    heard.clear()
    with Window(service) as window:
        await asyncio.sleep(seconds)
    reps = len(tally.latencies_s)
    if tally.lost or tally.as_expected < 0.99 * reps:
        raise RuntimeError(
            f"{tally.lost} connections lost, {reps - tally.as_expected} of {reps} reps not counted"
        )
    figures = window.figures(reps)
    updates = sum(each["event"] == "update" for each in heard)
    return Cost(figures["cpu_us"], figures["redis_us"], updates / seconds)


async def play(
    service: Service, session_key: str, options: argparse.Namespace
) -> list[tuple[Cost, Cost]]:
    """Return the costs of each round, without a wall and with one."""
    urls = [
        f"ws://{service.address}/ws/workout?user_id=bench-{number}"
        for number in range(options.athletes)
    ]
    rounds, heard = [], list[dict[str, Any]]()
    async with closed_loop(urls, service.expected, interval_s=options.interval) as tally:
        for number in tqdm(range(options.rounds), disable=None):
            costs = {}
            for is_open in (False, True) if number % 2 == 0 else (True, False):
                async with (
                    open_wall(service, session_key, heard) if is_open else contextlib.nullcontext()
                ):
                    costs[is_open] = await measure(service, tally, options.seconds, heard)
            if not costs[True].updates_per_s:
                raise RuntimeError("the wall got no updates")
            rounds.append((costs[False], costs[True]))
    return rounds


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--athletes", type=int, default=1000, help="training at once (default: %(default)s)"
    )
    parser.add_argument(
        "--watched",
        type=int,
        default=100,
        help="how many of them are on the wall (default: %(default)s)",
    )
    parser.add_argument(
        "--interval",
        type=float,
        default=2.0,
        help="s between an athlete's reps; 0: as soon as answered (default: %(default)s)",
    )
    parser.add_argument(
        "--rounds", type=int, default=9, help="each with and without a wall (default: %(default)s)"
    )
    parser.add_argument(
        "--seconds", type=float, default=5.0, help="length of a measurement (default: %(default)s)"
    )
    parser.add_argument(
        "--max-ratio",
        type=float,
        default=1.1,
        help="most that a wall may add to the CPU of a rep (default: %(default)s)",
    )
    return parser.parse_args()


def main() -> int:
    options = read_options()
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        running_senim("senim", Path(folder) / "senim") as service,
    ):
        session_key = make_coach(Path(folder) / "senim", options.watched)
        rounds = uvloop.run(play(service, session_key, options))
    for name, pick in (("app CPU us", "app_us"), ("Redis CPU us", "redis_us")):
        without, opened = (
            [getattr(cost, pick) for cost in costs] for costs in zip(*rounds, strict=True)
        )
        medians = statistics.median(without), statistics.median(opened)
        print(f"{name:14} without {medians[0]:7.1f}   with a wall {medians[1]:7.1f}")
    ratio = statistics.median(
        (opened.app_us + opened.redis_us) / (without.app_us + without.redis_us)
        for without, opened in rounds
    )
    updates_per_s = statistics.median(opened.updates_per_s for _, opened in rounds)
    print(
        f"a wall on {options.watched} of {options.athletes}: {updates_per_s:.1f} updates a second"
    )
    of = f"median of {options.rounds} rounds; limit {options.max_ratio}"
    print(f"CPU per rep, app and Redis: {ratio:.3f} x ({of})")
    return 1 if ratio > options.max_ratio else 0


if __name__ == "__main__":
    sys.exit(main())
