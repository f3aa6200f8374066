"""Plays recorded sets against a running service, each as one athlete at the recorded pace."""

import asyncio
import json
import urllib.error
import urllib.request
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec
import websockets

from workouts.client import Rep, WorkoutClient, WorkoutClientError
from workouts.client.connection import read_client_clock_ms
from workouts.simulation.behaviours import perform_behaviour
from workouts.simulation.player import Player

ANSWER_TIMEOUT_S = 10.0
FINISH_TIMEOUT_S = 120.0  # long enough for the service to restart
MAX_AT_ONCE = 500
NOT_LOGGED_IN = "4401"


class RecordedSet(msgspec.Struct):
    """A line of the file: an exercise, and when each rep ended (ms)."""

    exercise: str
    rep_end_ms: list[int]

    def offsets_ms(self) -> list[int]:
        return [end_ms - self.rep_end_ms[0] for end_ms in self.rep_end_ms]

    def ahead_ms(self, speed: float) -> int:
        """Return how far a fast replay gets ahead of the recording.

        Dated back by this much, none of its reps is in the future.
        """
        return max(0, round(self.offsets_ms()[-1] * (1 - 1 / speed)))


@dataclass(slots=True)
class ReplayedSet:
    """What happened to one set; `problem` is empty if all totals agree."""

    sent: int = 0
    counted: int = 0
    debounced: int = 0
    saved: int = 0
    problem: str = ""
    verdicts: Counter[str] = field(default_factory=Counter)
    flags: list[str] = field(default_factory=list)


@dataclass(slots=True)
class ReplayTotals:
    verdicts: Counter[str] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    counted: int = 0
    debounced: int = 0
    rows: int = 0
    problems: list[str] = field(default_factory=list)

    def add(self, outcome: ReplayedSet) -> None:
        self.sent += outcome.sent
        self.counted += outcome.counted
        self.debounced += outcome.debounced
        self.rows += outcome.saved > 0
        self.verdicts += outcome.verdicts
        self.flags.update(outcome.flags)
        if outcome.problem:
            self.problems.append(outcome.problem)


class ReplayHttpAnswer(NamedTuple):
    status: int
    body: dict[str, Any]
    location: str


def read_sets_to_replay(path: Path, limit: int | None) -> list[RecordedSet]:
    """Return a file's sets, one JSON object per line. Raises ValueError naming the bad line."""
    sets: list[RecordedSet] = []
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        if limit is not None and len(sets) >= limit:
            break
        if not line.strip():
            continue
        try:
            sets.append(msgspec.json.decode(line, type=RecordedSet))
        except msgspec.DecodeError as error:
            raise ValueError(f"{path}, line {number}: {error}") from None
    return [recorded for recorded in sets if recorded.rep_end_ms]


class Replay:
    """Replays sets against the service at `url`, `speed` times as fast as they were recorded.

    The reference client sends the recorded times and rides out interruptions; a `plain` socket does
    neither. With a `behaviour` (see behaviours.py), each set is played with that, at its own pace.
    """

    def __init__(
        self, url: str, *, speed: float = 1.0, plain: bool = False, behaviour: str = ""
    ) -> None:
        self.url = url.rstrip("/")
        self.behaviour = behaviour
        self.speed = speed
        self.plain = plain
        self.run_id = uuid.uuid4().hex[:8]
        self._slots = asyncio.Semaphore(MAX_AT_ONCE)

    async def play(self, sets: list[RecordedSet], on_done: Callable[[ReplayedSet], None]) -> None:
        """Play up to 500 sets at a time, and call `on_done` after each."""
        async with asyncio.TaskGroup() as group:
            for number, recorded in enumerate(sets):
                group.create_task(
                    self._play_one(f"replay-{self.run_id}-{number}", recorded, on_done)
                )

    async def _perform(self, user_id: str, recorded: RecordedSet, outcome: ReplayedSet) -> None:
        performance = perform_behaviour(self.behaviour, recorded.offsets_ms(), user_id)
        player = Player(self.url, user_id, recorded.exercise)
        verdicts = await player.play(performance.frames)
        outcome.sent, outcome.counted, outcome.debounced = (
            verdicts.total(),
            verdicts["counted"],
            verdicts["debounced"],
        )
        outcome.verdicts += verdicts
        await self._finish_plain(user_id, recorded.exercise, outcome)

    async def _play_one(
        self, user_id: str, recorded: RecordedSet, on_done: Callable[[ReplayedSet], None]
    ) -> None:
        outcome = ReplayedSet()
        async with self._slots:
            try:
                if self.behaviour:
                    await self._perform(user_id, recorded, outcome)
                elif self.plain:
                    await self._train_plain(user_id, recorded, outcome)
                    await self._finish_plain(user_id, recorded.exercise, outcome)
                else:
                    await self._train(user_id, recorded, outcome)
            except (
                OSError,
                ValueError,
                WorkoutClientError,
                websockets.WebSocketException,
            ) as error:
                outcome.problem = f"{user_id}: {explain_replay_error(error)}"
        on_done(outcome)

    async def _train(self, user_id: str, recorded: RecordedSet, outcome: ReplayedSet) -> None:
        reps: list[Rep] = []
        wrong: list[str] = []
        started_ms = read_client_clock_ms() - recorded.ahead_ms(self.speed)

        def check(rep: Rep, count: int) -> None:
            if not is_possible_replay_total(count, reps):
                wrong.append(f"{user_id}: {rep} was answered with the count {count}")

        async with WorkoutClient(self.url, user_id=user_id, on_ack=check) as client:
            async for offset_ms in self._pace(recorded):
                reps.append(client.rep(recorded.exercise, at_ms=started_ms + offset_ms))
            finished = await asyncio.wait_for(client.finish(recorded.exercise), FINISH_TIMEOUT_S)
        outcome.sent = len(reps)
        outcome.counted = sum(rep.counted for rep in reps)
        outcome.debounced = sum(rep.status == "debounced" for rep in reps)
        row = await self._read_row(f"/workout/sessions/{finished.workout_id}/")
        outcome.saved = int(row["total_reps"])
        outcome.flags = [flag["flag"] for flag in row["flags"]]
        outcome.verdicts.update(rep.status for rep in reps if rep.status)
        if not is_possible_replay_total(outcome.saved, reps):
            wrong.append(
                f"{user_id}: {outcome.counted} reps were counted, the row has {outcome.saved}"
            )
        outcome.problem = wrong[0] if wrong else ""

    async def _pace(self, recorded: RecordedSet) -> AsyncIterator[int]:
        """Yield each rep's offset from the first (ms) when it is due."""
        clock = asyncio.get_running_loop().time
        began = clock()
        for offset_ms in recorded.offsets_ms():
            await asyncio.sleep(max(0.0, began + offset_ms / 1000 / self.speed - clock()))
            yield offset_ms

    async def _train_plain(self, user_id: str, recorded: RecordedSet, outcome: ReplayedSet) -> None:
        address = f"ws{self.url.removeprefix('http')}/ws/workout?user_id={user_id}"
        async with websockets.connect(address) as socket:
            async for _ in self._pace(recorded):
                await socket.send(json.dumps({"event": "rep_detected", "type": recorded.exercise}))
                answer = json.loads(await asyncio.wait_for(socket.recv(), ANSWER_TIMEOUT_S))
                outcome.sent += 1
                outcome.counted += answer.get("status") == "counted"
                outcome.debounced += answer.get("status") == "debounced"
                if answer.get("count") != outcome.counted:
                    raise ValueError(
                        f"rep {outcome.sent} of {recorded.exercise}: expected"
                        f" {outcome.counted} counted, got {answer}"
                    )

    async def _finish_plain(self, user_id: str, exercise: str, outcome: ReplayedSet) -> None:
        body = {"user_id": user_id, "exercise_type": exercise}
        finished = await asyncio.to_thread(self._ask, "POST", "/workout/finish", body)
        if finished.status != 200:
            raise ValueError(f"finish answered {finished.status}: {finished.body.get('detail')}")
        row = await self._read_row(finished.location)
        outcome.saved = int(row["total_reps"])
        outcome.flags = [flag["flag"] for flag in row["flags"]]
        if outcome.saved != outcome.counted:
            outcome.problem = (
                f"{user_id}: {outcome.counted} reps were counted, the row has {outcome.saved}"
            )

    async def _read_row(self, location: str) -> dict[str, Any]:
        row = await asyncio.to_thread(self._ask, "GET", location)
        if row.status != 200:
            raise ValueError(f"{location} answered {row.status}: {row.body.get('detail')}")
        return row.body

    def _ask(self, method: str, path: str, body: Any = None) -> ReplayHttpAnswer:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310
            self.url + path, data=data, method=method, headers={"Content-Type": "application/json"}
        )
        try:
            # whoever runs the command names the address
            opened = urllib.request.urlopen(  # noqa: S310  # nosec B310
                request, timeout=ANSWER_TIMEOUT_S
            )
            with opened as response:
                return ReplayHttpAnswer(
                    response.status, json.load(response), response.headers.get("Location", "")
                )
        except urllib.error.HTTPError as error:
            with error:
                return ReplayHttpAnswer(error.code, json.load(error), "")


def explain_replay_error(error: Exception) -> str:
    code = error.code if isinstance(error, WorkoutClientError) else ""
    if isinstance(error, websockets.ConnectionClosed) and error.rcvd is not None:
        code = str(error.rcvd.code)
    if code == NOT_LOGGED_IN:
        return "the service asks for access tokens; replay needs one with SENIM_AUTH=open"
    return str(error) or type(error).__name__


def is_possible_replay_total(total: int, reps: list[Rep]) -> bool:
    """Return whether a total fits its reps; the verdict is unknown if the ack was lost."""
    counted = sum(rep.counted for rep in reps)
    unknown = sum(not rep.counted and rep.status in (None, "settled", "duplicate") for rep in reps)
    return counted <= total <= counted + unknown


async def check_replay_service(url: str) -> None:
    """Raise ConnectionError if no service answers at an address, which a client would wait for."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            _, writer = await asyncio.open_connection(parts.hostname, port)
    except OSError as error:  # TimeoutError is one
        socket_url = f"ws{url.removeprefix('http').rstrip('/')}"
        raise ConnectionError(
            f"No service answers at {socket_url}. Start it with `python manage.py start`, "
            "or name another with --url."
        ) from error
    writer.close()


def check_replay_url(url: str) -> str:
    """Return the address if it is a web service's. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError(f"--url is {url!r}; it takes an address like http://127.0.0.1:8000")
    return url
