"""The CPU cost of a counted rep, next to a bare echo on the same server: see README.md."""

import argparse
import asyncio
import contextlib
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import uvloop
from tqdm import tqdm

from bench.loadgen import closed_loop
from bench.services import (
    Service,
    read_cpu_s,
    running_echo,
    running_senim,
    running_senim_without_file,
)

WARM_UP_S = 0.5
MIN_EXPECTED_SHARE = 0.99


@dataclass(frozen=True)
class Round:
    """The figures for one service in one round."""

    messages_per_s: float
    cpu_us: float
    redis_cpu_us: float
    p50_ms: float
    p99_ms: float
    expected_share: float


async def measure(service: Service, number: int, *, clients: int, seconds: float) -> Round:
    """Load a service for a while. Raises RuntimeError if answers or connections are missing."""
    # new athletes each round, so that sessions stay at the length of a long workout
    urls = [
        f"ws://{service.address}/ws/workout?user_id=bench-{number}-{client}"
        for client in range(clients)
    ]
    async with closed_loop(urls, service.expected) as tally:
        await asyncio.sleep(WARM_UP_S)
        tally.clear()
        began_at, cpu_s, redis_cpu_s = (
            time.perf_counter(),
            read_cpu_s(service.pid),
            read_cpu_s(service.redis_pid),
        )
        await asyncio.sleep(seconds)
        elapsed_s = time.perf_counter() - began_at
        cpu_s, redis_cpu_s = (
            read_cpu_s(service.pid) - cpu_s,
            read_cpu_s(service.redis_pid) - redis_cpu_s,
        )
        latencies_s, as_expected = sorted(tally.latencies_s), tally.as_expected
    messages = len(latencies_s)
    if tally.lost or messages < clients:
        raise RuntimeError(
            f"{service.name}: {tally.lost} connections lost,"
            f" {messages} answers for {clients} clients"
        )
    return Round(
        messages_per_s=messages / elapsed_s,
        cpu_us=cpu_s / messages * 1e6,
        redis_cpu_us=redis_cpu_s / messages * 1e6,
        p50_ms=latencies_s[messages // 2] * 1e3,
        p99_ms=latencies_s[messages * 99 // 100] * 1e3,
        expected_share=as_expected / messages,
    )


def play_rounds(services: list[Service], options: argparse.Namespace) -> dict[str, list[Round]]:
    """Measure each service once a round, every other round in reverse.

    So the machine's drift hits all of them alike.
    """
    rounds: dict[str, list[Round]] = {service.name: [] for service in services}
    with tqdm(total=options.rounds * len(services), disable=None) as progress:
        for number in range(options.rounds):
            for service in services if number % 2 == 0 else reversed(services):
                result = uvloop.run(
                    measure(service, number, clients=options.clients, seconds=options.seconds)
                )
                rounds[service.name].append(result)
                progress.update()
    return rounds


def median(rounds: list[Round], field: str) -> float:
    return statistics.median(getattr(one, field) for one in rounds)


def ratio_to(base: list[Round], rounds: list[Round]) -> float:
    """Return the median of the rounds' ratios of CPU per message, `rounds` over `base`."""
    return statistics.median(
        one.cpu_us / other.cpu_us for one, other in zip(rounds, base, strict=True)
    )


def print_table(rounds: dict[str, list[Round]]) -> None:
    echo = rounds["echo"]
    print(
        f"{'':16}{'messages/s':>11}{'app CPU us':>12}{'x echo':>8}"
        f"{'Redis us':>10}{'p50 ms':>8}{'p99 ms':>8}{'expected':>10}"
    )
    for name, one in rounds.items():
        print(
            f"{name:16}{median(one, 'messages_per_s'):11,.0f}{median(one, 'cpu_us'):12.1f}"
            f"{ratio_to(echo, one):8.2f}{median(one, 'redis_cpu_us'):10.1f}"
            f"{median(one, 'p50_ms'):8.1f}{median(one, 'p99_ms'):8.1f}"
            f"{min(result.expected_share for result in one):10.2%}"
        )
    for name in rounds.keys() - {"echo", "senim", "senim-no-file"}:
        senim, other = rounds["senim"], rounds[name]
        with_redis = statistics.median(
            (one.cpu_us + one.redis_cpu_us) / (base.cpu_us + base.redis_cpu_us)
            for one, base in zip(senim, other, strict=True)
        )
        print(
            f"senim over {name}, in the same rounds: application {ratio_to(other, senim):.3f},"
            f" with Redis {with_redis:.3f}"
        )


def find_failures(rounds: dict[str, list[Round]], max_ratio: float) -> list[str]:
    """Return the errors in the figures: too few reps counted, or a cost over the limit."""
    failures = []
    for name, one in rounds.items():
        share = min(result.expected_share for result in one)
        if share < MIN_EXPECTED_SHARE:
            failures.append(f"{name}: only {share:.2%} of the answers in a round were as expected")
    ratio = ratio_to(rounds["echo"], rounds["senim"])
    if ratio > max_ratio:
        failures.append(
            f"senim: a counted rep costs {ratio:.2f} times an echo; the limit is {max_ratio:.2f}"
        )
    return failures


def named_folder(text: str) -> tuple[str, Path]:
    name, _, folder = text.partition("=")
    if name in ("", "echo", "senim", "senim-no-file") or not (Path(folder) / "manage.py").is_file():
        raise argparse.ArgumentTypeError(
            f"{text!r}: it takes a new name and a folder with a manage.py, NAME=FOLDER"
        )
    return name, Path(folder).resolve()


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--clients",
        type=int,
        default=100,
        help="at once, each in a closed loop (default: %(default)s)",
    )
    parser.add_argument(
        "--rounds", type=int, default=9, help="for each service (default: %(default)s)"
    )
    parser.add_argument(
        "--seconds", type=float, default=3.0, help="of each round (default: %(default)s)"
    )
    parser.add_argument(
        "--max-ratio",
        type=float,
        default=3.0,
        help="senim's CPU a rep over echo's (default: %(default)s)",
    )
    parser.add_argument(
        "--no-file",
        action="store_true",
        help="also the service on a Valkey that writes nothing to disk",
    )
    parser.add_argument(
        "--also",
        type=named_folder,
        action="append",
        default=[],
        metavar="NAME=FOLDER",
        help="also another checkout",
    )
    return parser.parse_args()


def main() -> int:
    options = read_options()
    with contextlib.ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        services = [
            stack.enter_context(running_echo(data / "echo")),
            stack.enter_context(running_senim("senim", data / "senim")),
        ]
        if options.no_file:
            services.append(
                stack.enter_context(running_senim_without_file("senim-no-file", data / "no-file"))
            )
        for name, folder in options.also:
            services.append(stack.enter_context(running_senim(name, data / name, project=folder)))
        rounds = play_rounds(services, options)
    print_table(rounds)
    failures = find_failures(rounds, options.max_ratio)
    print(*failures, sep="\n", end="\n" if failures else "", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
