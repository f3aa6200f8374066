"""A full gym's evening behind one address, which must not meet any limit: see README.md."""

import argparse
import asyncio
import http.client
import json
import logging
import random
import re
import resource
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import quote

from bench.chaos.proxy import Proxy
from bench.chaos.recordings import read_paces
from bench.floods.stage import running_stage
from workouts.client import WorkoutClient, WorkoutClientError
from workouts.client.frames import Frame

ADDRESS = {"X-Forwarded-For": "203.0.113.7"}
# parts of the evening: all have come, all lose their connection, all have begun their last set
ALL_HERE, CUT_AT, LAST_SET = 0.4, 0.5, 0.9
SPREAD = 0.7  # of the time between two sets: else many would finish theirs together
# hellos measure the clock's offset anew, with an error of as long as they took
INTERVAL_MARGIN_MS = 50
PLAIN_FINISH_EVERY = 4  # of so many athletes, one finishes over HTTP
FINISH_DEADLINE_S = 60.0
REQUESTS_AT_ONCE, REQUEST_TRIES = 32, 3
# an ack may be lost with the connection: what was counted is then answered as one of the others
COUNTED = ("counted", "duplicate", "settled")
# a handshake's status or a close code: what a limit answers with
REFUSAL = re.compile(r"HTTP (\d{3})|received (\d{4})")


@dataclass
class Evening:
    """The gym: its athletes' plans, and what happened to them."""

    port: int
    paces: dict[str, list[list[int]]]
    options: argparse.Namespace
    began: float = field(default_factory=time.monotonic)
    made: Counter[str] = field(default_factory=Counter)  # reps by athlete
    verdicts: Counter[str] = field(default_factory=Counter)
    requests: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    reconnects: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        # the evening is played in less time, but its reps are as far apart as people's
        self.length_ms = self.options.minutes * 60_000
        self.first_ms = time.time_ns() // 1_000_000 - self.length_ms

    async def wait_until(self, at_ms: float) -> None:
        """Wait for a moment of the evening (ms since its beginning)."""
        due = self.began + at_ms / 1000 / self.options.speed
        await asyncio.sleep(max(0.0, due - time.monotonic()))

    def note_reconnect(self, reason: str) -> None:
        if found := REFUSAL.search(reason):
            self.refused[f"socket: {found[1] or found[2]}: {reason}"] += 1
        else:
            self.reconnects[reason] += 1

    def note_answer(self, name: str, status: int) -> None:
        self.requests[f"{name} {status}"] += 1
        if status != http.HTTPStatus.OK:
            self.refused[f"{name}: {status}"] += 1


class ReconnectLog(logging.Handler):
    """Hears why the clients reconnect, which they do without being asked."""

    def __init__(self, evening: Evening) -> None:
        super().__init__()
        self.evening = evening

    def emit(self, record: logging.LogRecord) -> None:
        if record.args and len(record.args) == 2:
            self.evening.note_reconnect(str(tuple(record.args)[1]))


async def train(evening: Evening, number: int) -> None:
    """Come, do sets until the end, and finish each exercise."""
    chance, user_id = random.Random(f"evening {number}"), f"gym-{number}"
    came_ms = chance.uniform(0, ALL_HERE) * evening.length_ms
    sets = evening.options.sets_each
    step_ms = (LAST_SET * evening.length_ms - came_ms) / sets
    await evening.wait_until(came_ms)
    try:
        async with WorkoutClient(
            f"http://127.0.0.1:{evening.port}",
            user_id=user_id,
            headers=ADDRESS,
            on_frame=partial(note_frame, evening),
        ) as client:
            for which in range(sets):
                exercise = chance.choice(sorted(evening.paces))
                gaps = chance.choice(evening.paces[exercise])
                begins_ms = came_ms + (which + chance.uniform(0, SPREAD)) * step_ms
                await do_set(evening, client, exercise, gaps, begins_ms)
                await asyncio.wait_for(
                    finish(evening, client, exercise, over_http=not number % PLAIN_FINISH_EVERY),
                    FINISH_DEADLINE_S,
                )
    except (WorkoutClientError, TimeoutError) as error:
        evening.refused[f"client: {error!r}"] += 1
    await ask(evening, "GET", f"/workout/sessions/?user_id={quote(user_id)}")


def note_frame(evening: Evening, frame: Frame) -> None:
    if frame.event == "error":
        evening.refused[f"answer: {frame.code}: {frame.detail}"] += 1


async def do_set(
    evening: Evening, client: WorkoutClient, exercise: str, gaps: list[int], at_ms: float
) -> None:
    reps = []
    for gap_ms in gaps:
        at_ms += gap_ms
        await evening.wait_until(at_ms)
        reps.append(client.rep(exercise, at_ms=evening.first_ms + int(at_ms)))
    await client.settled(FINISH_DEADLINE_S)
    evening.made[client.user_id] += len(reps)
    evening.verdicts.update(str(rep.status) for rep in reps)


async def finish(
    evening: Evening, client: WorkoutClient, exercise: str, *, over_http: bool
) -> None:
    if over_http:
        body = {"user_id": client.user_id, "exercise_type": exercise}
        await ask(evening, "POST", "/workout/finish", json.dumps(body))
    else:
        await client.finish(exercise)
        evening.requests["finish frame"] += 1


async def ask(evening: Evening, method: str, path: str, body: str | None = None) -> None:
    """Send a request, again where there was no answer: it may have been cut as well."""
    for _ in range(REQUEST_TRIES):
        if status := await asyncio.to_thread(request, evening.port, method, path, body):
            break
    evening.note_answer(f"{method} {path.partition('?')[0]}", status)


def request(port: int, method: str, path: str, body: str | None) -> int:
    """Send a request as the gym, and return the status, or 0 without an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=FINISH_DEADLINE_S)
    try:
        headers = {"Content-Type": "application/json", **ADDRESS}
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        response.read()
        return response.status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


async def spend(
    port: int, paces: dict[str, list[list[int]]], options: argparse.Namespace
) -> Evening:
    """Let everybody train, and cut all connections at once in the middle."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(REQUESTS_AT_ONCE))
    proxy = Proxy([port], seed=1)
    evening = Evening(await proxy.start(), paces, options)
    with listening(ReconnectLog(evening)):
        async with asyncio.TaskGroup() as group:
            for number in range(options.athletes):
                group.create_task(train(evening, number))
            await evening.wait_until(CUT_AT * evening.length_ms)
            await proxy.cut(1.0, 0.0)
    proxy.close()
    while proxy.links:  # noqa: ASYNC110 - a proxy that is being closed has no event for it
        await asyncio.sleep(0.01)
    evening.reconnects["cut in the middle"] = proxy.sockets_hit
    return evening


@contextmanager
def listening(handler: logging.Handler) -> Iterator[None]:
    log = logging.getLogger("workouts.client")
    log.setLevel(logging.INFO)
    log.propagate = False
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)


def read_rows(data: Path, query: str) -> list[tuple[str, int]]:
    with closing(sqlite3.connect(data / "senim.sqlite3")) as database:
        return database.execute(query).fetchall()


def find_problems(evening: Evening, saved: dict[str, int]) -> list[str]:
    """Return what a gym must never see: refusals, and reps that did not count or were not saved."""
    not_counted = {
        verdict: number for verdict, number in evening.verdicts.items() if verdict not in COUNTED
    }
    return [
        *(f"refused, {number} times: {what}" for what, number in evening.refused.most_common()),
        *(f"reps that were {verdict}: {number}" for verdict, number in not_counted.items()),
        *(
            f"{athlete}: {made} reps made, {saved.get(athlete, 0)} saved"
            for athlete, made in evening.made.items()
            if saved.get(athlete, 0) != made
        ),
    ]


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.gym_evening", description=__doc__)
    parser.add_argument("--athletes", type=int, default=1000)
    parser.add_argument("--sets-each", type=int, default=3, help="sets of each athlete")
    parser.add_argument("--minutes", type=int, default=90, help="how long the evening is")
    parser.add_argument("--speed", type=float, default=10.0, help="times as fast as people")
    parser.add_argument(
        "--sets", type=Path, help="a file of recorded sets; made-up ones without it"
    )
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--nginx", action="store_true", help="put nginx in front")
    return parser.parse_args()


def main() -> int:
    options = read_options()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory(prefix="senim-gym-") as name:
        folder, data = Path(name), Path(name) / "data"
        with running_stage(folder, workers=options.workers, with_nginx=options.nginx) as stage:
            smallest = read_rows(
                data, "SELECT slug, min_interval_ms FROM workouts_exercise WHERE active"
            )
            paces = read_paces(options.sets, dict(smallest), INTERVAL_MARGIN_MS)
            evening = asyncio.run(spend(stage.port, paces, options))
            saved = read_rows(
                data, "SELECT user_id, sum(total_reps) FROM workout_sessions GROUP BY user_id"
            )
    problems = find_problems(evening, dict(saved))
    print(f"athletes {len(evening.made)}, reps made {evening.made.total()}")
    for title, counts in (
        ("reps", evening.verdicts),
        ("requests", evening.requests),
        ("reconnects", evening.reconnects),
    ):
        print(f"{title}: {', '.join(f'{number} {what}' for what, number in counts.most_common())}")
    print("\n".join(problems[:20]) or "no limit was met, and everything was counted and saved")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
